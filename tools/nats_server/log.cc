#include "tools/nats_server/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <utility>

#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0640;

struct Now {
  std::tm calendar{};
  long nanoseconds = 0;
};

Now ReadClock(bool utc) {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  Now now;
  now.nanoseconds = time.tv_nsec;
  if (utc) {
    gmtime_r(&time.tv_sec, &now.calendar);
  } else {
    localtime_r(&time.tv_sec, &now.calendar);
  }
  return now;
}

std::string Formatted(const Now& now, const char* seconds, const char* fraction, long divisor) {
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), seconds, &now.calendar);
  std::snprintf(text.data() + size, text.size() - size, fraction, now.nanoseconds / divisor);
  return text.data();
}

bool IsTerminal(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode);
}

int OpenFile(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode);
}

std::int64_t SizeOf(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 ? status.st_size : 0;
}

Status CannotOpen(const std::string& path) {
  return Status(StatusCode::kPermissionDenied, "open " + path + ": " + SystemError(errno));
}

// "2026.08.21.14.50.11.123456789", the end of a file that was put aside.
bool IsTimestamp(std::string_view text) {
  constexpr std::string_view kForm = "0000.00.00.00.00.00.";
  if (text.size() <= kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = i >= kForm.size() || kForm[i] == '0';
    if (digit ? text[i] < '0' || text[i] > '9' : text[i] != '.') return false;
  }
  return true;
}

}  // namespace

StatusOr<std::unique_ptr<Log>> Log::Open(LogSettings settings) {
  if (settings.file.empty())
    return std::unique_ptr<Log>(new Log(std::move(settings), STDERR_FILENO, 0));
  const int descriptor = OpenFile(settings.file);
  if (descriptor < 0) return CannotOpen(settings.file);
  return std::unique_ptr<Log>(new Log(std::move(settings), descriptor, SizeOf(descriptor)));
}

Log::Log(LogSettings settings, int descriptor, std::int64_t size)
    : settings_(std::move(settings)),
      descriptor_(descriptor),
      size_(size),
      limit_(settings_.size_limit),
      colours_(settings_.file.empty() && IsTerminal(descriptor)) {}

Log::~Log() {
  if (is_file()) close(descriptor_);
}

void Log::Write(LogLevel level, std::string_view line) {
  switch (level) {
    case LogLevel::kError:
      return WriteLabelled("ERR", "31", line);
    case LogLevel::kWarning:
      return WriteLabelled("WRN", "0;93", line);
    case LogLevel::kInfo:
      return WriteLabelled("INF", "32", line);
    case LogLevel::kDebug:
      if (settings_.debug) WriteLabelled("DBG", "36", line);
      return;
    case LogLevel::kTrace:
      if (settings_.trace) WriteLabelled("TRC", "33", line);
      return;
  }
}

void Log::Fatal(std::string_view line) { WriteLabelled("FTL", "31", line); }

void Log::WriteLabelled(const char* label, const char* colour, std::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Append(label, colour, line);
  if (is_file() && settings_.size_limit > 0 && size_ > limit_) Rotate();
}

void Log::Append(const char* label, const char* colour, std::string_view line) {
  std::string text = "[" + std::to_string(getpid()) + "] ";
  if (settings_.times)
    text += Formatted(ReadClock(settings_.utc), "%Y/%m/%d %H:%M:%S", ".%06ld ", 1000);
  if (colours_) {
    text += std::string("[\x1b[") + colour + "m" + label + "\x1b[0m] ";
  } else {
    text += std::string("[") + label + "] ";
  }
  text += line;
  if (!text.ends_with('\n')) text += '\n';
  // One write a line: lines of several writers do not mix. What a full disk refuses is lost.
  const ssize_t written = write(descriptor_, text.data(), text.size());
  if (written > 0) size_ += written;
}

Status Log::Reopen() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int descriptor = OpenFile(settings_.file);
  if (descriptor < 0) return CannotOpen(settings_.file);
  close(std::exchange(descriptor_, descriptor));
  size_ = SizeOf(descriptor_);
  limit_ = settings_.size_limit;
  return Status();
}

void Log::Rotate() {
  const std::string aside =
      settings_.file + Formatted(ReadClock(false), ".%Y.%m.%d.%H.%M.%S", ".%09ld", 1);
  int descriptor = -1;
  if (rename(settings_.file.c_str(), aside.c_str()) == 0) descriptor = OpenFile(settings_.file);
  if (descriptor < 0) {
    limit_ *= 2;
    Append("ERR", "31",
           "Unable to put the log file aside (" + SystemError(errno) +
               "), the next try is at size " + std::to_string(limit_));
    return;
  }
  close(std::exchange(descriptor_, descriptor));
  size_ = 0;
  limit_ = settings_.size_limit;
  Append("INF", "32", "Rotated log, backup saved as " + Quoted(aside));
  if (settings_.max_files > 0) RemoveOldest();
}

void Log::RemoveOldest() {
  const fs::path file(settings_.file);
  const std::string prefix = file.filename().string() + ".";
  std::error_code error;
  std::vector<fs::path> aside;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && IsTimestamp(name.substr(prefix.size())))
      aside.push_back(entry->path());
  }
  std::sort(aside.begin(), aside.end());
  const auto kept = static_cast<std::size_t>(settings_.max_files - 1);
  for (std::size_t i = 0; i + kept < aside.size(); ++i) {
    if (!fs::remove(aside[i], error)) return;
    Append("INF", "32", "Purged log file " + Quoted(aside[i].filename().string()));
  }
}

}  // namespace wherry::nats_server
