#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/connection.h"
#include "tests/bench/delivery_check.h"
#include "tests/bench/event_loop.h"
#include "tests/bench/measurement.h"

namespace wherry::bench {

// How a requester receives its answers.
enum class Inbox {
  kShared,  // one wildcard subscription for all, a token for each request: today's clients
  kOwn,     // SUB, PUB, then UNSUB for each request: clients of old
};

// Pairs of a requester and a responder, each with one request under way.
// Threads: the caller's. Owned by the caller; runs once.
class RequestRun : private MessageHandler {
 public:
  RequestRun(const Target& target, int pairs, Inbox inbox, std::size_t payload,
             std::uint64_t per_pair);

  // The figures with the latency of every request, or why there are none.
  absl::StatusOr<Measurement> Execute();

 private:
  // Connection 2i is the responder of pair i, 2i + 1 its requester; so they are numbered in the
  // check.
  struct Pair {
    std::uint64_t next = 0;  // request
    double sent_at = 0;
    std::string reply;  // the subject the answer to `next - 1` must have
  };

  absl::Status Connect();
  absl::Status Pump();
  bool Request(int pair);
  bool Answer(int connection, const MessageHead& head, std::string_view payload);
  bool TakeAnswer(int connection, const MessageHead& head, std::string_view payload);
  bool Send(int connection, std::string_view bytes);
  bool OnMessage(int connection, const MessageHead& head, std::string_view payload) override;
  bool OnPong(int connection) override;

  const Target target_;
  const Inbox inbox_;
  const std::size_t payload_;
  const std::uint64_t per_pair_;
  DeliveryCheck check_;
  EventLoop loop_;
  std::vector<Pair> pairs_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<double> latencies_;
  std::string bytes_;  // of the request or the answer being built
  std::string refused_;
};

}  // namespace wherry::bench
