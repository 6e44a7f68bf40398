#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "broker/kafka/configurations.h"
#include "broker/kafka/telemetry_config.h"

namespace wherry::kafka {

// Which metrics clients are asked to push (KIP-714): the configurations of the resources of type
// CLIENT_METRICS, taken together.
// Threads: the home shard only. Owned by Telemetry.
class TelemetrySubscriptions {
 public:
  struct Wanted {
    std::chrono::milliseconds interval{0};
    std::vector<std::string> metrics;  // prefixes in alphabetical order; "*" alone: all
    bool operator==(const Wanted&) const = default;
  };

  // Takes what is set now.
  void Read(const Configurations& configurations);
  bool empty() const { return subscriptions_.empty(); }
  // What is wanted of one client, by all subscriptions that match it: the shortest interval.
  Wanted Of(const TelemetryAttributes& client) const;

 private:
  struct Subscription {
    std::chrono::milliseconds interval{0};
    std::vector<std::string> metrics;
    std::vector<TelemetryMatch> match;

    bool Matches(const TelemetryAttributes& client) const;
  };

  std::vector<Subscription> subscriptions_;
};

}  // namespace wherry::kafka
