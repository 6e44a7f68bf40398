#pragma once

// What goes into and comes out of a consumer group whose assignment the server makes (KIP-848).

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/core/group_types.h"
#include "broker/core/reconciliation.h"
#include "broker/core/topic_directory.h"

namespace wherry::core {

// Epochs that a member sends and that are none.
inline constexpr std::int32_t kJoinEpoch = 0;
inline constexpr std::int32_t kLeaveEpoch = -1;
inline constexpr std::int32_t kLeaveForNowEpoch = -2;  // a static member that will be back

struct ConsumerHeartbeat {
  std::string group_id;
  std::string member_id;  // empty: the server makes one
  std::int32_t epoch = kJoinEpoch;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  // What is absent has not changed since the last time.
  std::optional<std::string> rack_id;
  std::optional<runtime::Duration> rebalance_timeout;
  std::optional<std::set<std::string>> topics;
  std::optional<std::string> pattern;  // of topics' names; empty: none
  std::optional<std::string> assignor;
  std::optional<PartitionsOfTopics> owned;
  ConnectionId connection = 0;
};

struct ConsumerHeartbeatResult {
  GroupError error = GroupError::kNone;
  std::string message;  // of an error, for people
  std::string member_id;
  std::int32_t epoch = 0;
  runtime::Duration interval{0};                 // until the next heartbeat
  std::optional<PartitionsOfTopics> assignment;  // nullopt: as the member knows it
};
using ConsumerHeartbeatDone = absl::AnyInvocable<void(ConsumerHeartbeatResult)>;

// How often a group's members are to be heard. Each group may have its own.
struct ConsumerGroupTimes {
  runtime::Duration session_timeout = std::chrono::seconds(45);
  runtime::Duration heartbeat_interval = std::chrono::seconds(5);
};

struct ConsumerGroupDescription {
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::set<std::string> topics;
    std::string pattern;
    std::int32_t epoch = 0;
    PartitionsOfTopics assigned;
    PartitionsOfTopics target;
    bool classic = false;  // joined by JoinGroup
  };

  GroupState state = GroupState::kEmpty;
  std::int32_t epoch = 0;
  std::int32_t assignment_epoch = 0;
  std::string assignor;
  std::vector<Member> members;
};

// What a group needs to know of the bytes that members of the classic protocol tell one another, to
// have them among its own. Owned by the protocol; constant; any thread.
struct ClassicCodec {
  using Partitions = std::map<std::string, std::vector<std::int32_t>>;
  struct Subscription {
    std::set<std::string> topics;
    Partitions owned;
    std::optional<std::string> rack_id;
  };

  // nullopt: it is something else.
  std::optional<Subscription> (*parse_subscription)(std::string_view metadata);
  std::optional<Partitions> (*parse_assignment)(std::string_view assignment);
  // For a member that wrote `metadata`.
  std::string (*make_assignment)(const Partitions& partitions, std::string_view metadata);
};

}  // namespace wherry::core
