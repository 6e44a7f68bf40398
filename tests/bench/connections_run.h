#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/connection.h"
#include "tests/bench/delivery_check.h"
#include "tests/bench/measurement.h"

namespace wherry::bench {

// Opens many connections one after another, each up to its first PONG, weighs them while they are
// idle, then proves that every one of them receives. Threads: the caller's. Owned by the caller;
// runs once.
class ConnectionsRun : private MessageHandler {
 public:
  ConnectionsRun(const Target& target, int connections);

  // Operations are connections, idle_kib is KiB of 1000 of them; or why there are no figures.
  absl::StatusOr<Measurement> Execute();

 private:
  absl::Status ProveAlive();
  bool OnMessage(int connection, const MessageHead& head, std::string_view payload) override;
  bool OnPong(int connection) override;

  const Target target_;
  const int count_;
  DeliveryCheck check_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::string refused_;
};

}  // namespace wherry::bench
