#include "tools/ports.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace wherry::server {
namespace {

Status SystemError(const std::string& what) {
  return Status(StatusCode::kPermissionDenied, what + ": " + std::strerror(errno));
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A URL holds no character that JSON escapes, but for what a host named so may smuggle in.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string PortsJson(const std::vector<std::string>& urls) {
  std::vector<std::pair<std::string, std::string>> lists;  // scheme, "url","url"
  for (const std::string& url : urls) {
    const std::string scheme = url.substr(0, url.find("://"));
    auto list = std::find_if(lists.begin(), lists.end(),
                             [&](const auto& entry) { return entry.first == scheme; });
    if (list == lists.end()) {
      lists.emplace_back(scheme, Quoted(url));
    } else {
      list->second += "," + Quoted(url);
    }
  }
  std::string json;
  for (const auto& [scheme, list] : lists)
    json += (json.empty() ? "" : ",") + Quoted(scheme) + ":[" + list + "]";
  return "{" + json + "}";
}

StatusOr<PortsFile> PortsFile::Prepare(std::string path) {
  std::string draft = path + "." + std::to_string(getpid());
  const int descriptor = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return SystemError("cannot write the ports file " + path);
  return PortsFile(std::move(path), std::move(draft), descriptor);
}

PortsFile::PortsFile(std::string path, std::string draft, int descriptor)
    : path_(std::move(path)), draft_(std::move(draft)), descriptor_(descriptor) {}

PortsFile::PortsFile(PortsFile&& other) noexcept
    : path_(std::exchange(other.path_, "")),
      draft_(std::exchange(other.draft_, "")),
      descriptor_(std::exchange(other.descriptor_, -1)),
      published_(other.published_) {}

PortsFile::~PortsFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!path_.empty()) unlink(published_ ? path_.c_str() : draft_.c_str());
}

Status PortsFile::Publish(const std::string& json) {
  const bool written = WriteAll(descriptor_, json + "\n");
  const bool closed = close(std::exchange(descriptor_, -1)) == 0;
  if (!written || !closed || rename(draft_.c_str(), path_.c_str()) != 0)
    return SystemError("cannot write the ports file " + path_);
  published_ = true;
  return Status();
}

Status TellReady(int descriptor, const std::string& json) {
  const bool written = WriteAll(descriptor, json + "\n");
  if (close(descriptor) != 0 || !written)
    return SystemError("cannot write to descriptor " + std::to_string(descriptor) +
                       " (--ready-fd)");
  return Status();
}

}  // namespace wherry::server
