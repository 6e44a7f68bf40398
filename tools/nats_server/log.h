#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tools/nats_server/settings.h"
#include "wherry/status.h"

namespace wherry::nats_server {

// Lines as nats-server logs them: "[PID] 2026/08/21 14:50:11.123456 [INF] Server is ready", to
// standard error or a file.
// Threads: any. Owned by the server's main; outlived by nobody who writes to it.
class Log {
 public:
  // kPermissionDenied: the file cannot be opened; the message is "open FILE: why".
  static StatusOr<std::unique_ptr<Log>> Open(LogSettings settings);

  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  // Debug and trace lines are written if the settings ask for them.
  void Write(LogLevel level, std::string_view line);
  void Info(std::string_view line) { Write(LogLevel::kInfo, line); }
  // The last line of a server that cannot go on; its caller ends the process.
  void Fatal(std::string_view line);

  bool is_file() const { return !settings_.file.empty(); }
  // Opens the file anew, for those who moved it away.
  Status Reopen();

 private:
  Log(LogSettings settings, int descriptor, std::int64_t size);
  void WriteLabelled(const char* label, const char* colour, std::string_view line);
  void Append(const char* label, const char* colour, std::string_view line);
  void Rotate();
  void RemoveOldest();

  const LogSettings settings_;
  std::mutex mutex_;
  int descriptor_;
  std::int64_t size_;   // of the file
  std::int64_t limit_;  // of its size; doubled when it could not be put aside
  const bool colours_;  // standard error is a terminal
};

}  // namespace wherry::nats_server
