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
#include "tests/bench/send_stream.h"

namespace wherry::bench {

// Who publishes what, and who listens. A value.
struct Flow {
  // Subscribers that each get every message, or that share them.
  struct Group {
    DeliveryCheck::Share share = DeliveryCheck::Share::kEvery;
    int publisher = DeliveryCheck::kAllPublishers;  // whom they hear
    std::string queue;
    std::vector<std::vector<std::string>> members;  // the subjects each subscribes to
  };

  std::vector<std::vector<std::string>> subjects;  // by publisher; one length for each
  std::vector<Group> groups;
  std::size_t payload = 128;
  std::uint64_t per_publisher = 0;
  bool distinct_sids = false;  // no two subscribers use the same sid
  double pace = 0;  // messages a second with latencies taken; 0: as fast as the window lets
};

// Publishes and receives at the same time, checks every delivery.
// Threads: the caller's. Owned by the caller; runs once.
class DeliveryRun : private MessageHandler {
 public:
  DeliveryRun(const Target& target, const Flow& flow);

  // The figures, or why there are none.
  absl::StatusOr<Measurement> Execute();

 private:
  // A subscriber's connection; connections are numbered subscribers first.
  struct Subscriber {
    std::vector<std::string> subjects;
    std::string queue;
    std::size_t first_sid = 1;
  };
  struct Publisher {
    SendStream stream;
    int connection = 0;
    std::uint64_t window = 0;  // deliveries that may be under way
    std::uint64_t next = 0;    // sequence
    std::string_view unsent;   // the rest of a block
    bool watched = false;
  };

  absl::Status Connect();
  absl::Status Subscribe(int subscriber);
  absl::Status Pump();
  absl::Status Publish(Publisher& publisher);
  std::uint64_t Allowance(const Publisher& publisher) const;
  absl::Status FenceAll();
  bool OnMessage(int connection, const MessageHead& head, std::string_view payload) override;
  bool OnPong(int connection) override;
  bool Addressed(int subscriber, const MessageHead& head) const;
  absl::Status Explain(absl::Status status) const;

  const Target target_;
  const Flow flow_;
  DeliveryCheck check_;
  EventLoop loop_;
  std::vector<Subscriber> subscribers_;
  std::vector<Publisher> publishers_;
  std::vector<std::unique_ptr<Connection>> connections_;
  double start_ = 0;
  std::vector<double> latencies_;
  std::string refused_;  // why OnMessage said no
};

// Whether a subject is one that a subscription to `pattern` receives.
bool SubjectMatches(std::string_view pattern, std::string_view subject);

}  // namespace wherry::bench
