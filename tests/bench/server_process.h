#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "absl/status/statusor.h"
#include "tests/bench/connection.h"

namespace wherry::bench {

// A NATS server as a process of its own. Threads: one at a time. Owned by a run.
class ServerProcess {
 public:
  // Starts `command`, {port} in its words replaced by a free one, its output thrown away, and waits
  // for its first PONG.
  static absl::StatusOr<ServerProcess> Start(const std::vector<std::string>& command);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  ~ServerProcess() { Stop(); }

  // Sends SIGINT and waits for the end.
  void Stop();

  const Address& nats() const { return nats_; }
  pid_t pid() const { return pid_; }

 private:
  ServerProcess(Address nats, pid_t pid) : nats_(std::move(nats)), pid_(pid) {}

  Address nats_;
  pid_t pid_;
};

}  // namespace wherry::bench
