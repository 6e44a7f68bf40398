#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/bench/delivery_run.h"
#include "tests/bench/measurement.h"

namespace wherry::bench {

// One row of the NATS table, but for the payload. A value.
struct Case {
  enum class Kind { kPublish, kDeliver, kRequest, kConnections };

  std::string_view name;   // on the command line
  std::string_view title;  // in the table
  Kind kind = Kind::kDeliver;
  int publishers = 1;   // or pairs of requester and responder, or connections
  int subscribers = 1;  // each gets everything, unless queue or paired
  bool paired = false;  // subscriber i hears publisher i alone
  bool queue = false;   // the subscribers are one queue group
  int subjects = 1;     // of each publisher; with several, sids differ too
  bool many_subscriptions = false;
  bool own_inbox = false;
  double pace = 0;
  std::uint64_t bytes = 0;     // published with large payloads
  std::uint64_t messages = 0;  // published at most
};

std::span<const Case> AllCases();
const Case* FindCase(std::string_view name);

// Runs one row. `scale` multiplies the number of messages.
absl::StatusOr<Measurement> RunCase(const Case& row, const Target& target, std::size_t payload,
                                    double scale);

// Exposed for tests: who publishes and who listens in a kDeliver row.
Flow FlowOf(const Case& row, std::size_t payload, std::uint64_t messages);

}  // namespace wherry::bench
