#pragma once

// What goes into and comes out of a consumer group: requests, answers, settings.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"

namespace wherry::core {

enum class GroupError : std::uint8_t {
  kNone,
  kInvalidGroupId,           // the group's name is empty
  kInvalidSessionTimeout,    // outside the bounds of GroupSettings
  kUnknownMember,            // not, or no longer, a member
  kMemberIdRequired,         // join again with the member id of this answer
  kInconsistentProtocol,     // no protocol that every member supports, or of another type
  kIllegalGeneration,        // of an earlier or later generation than the present one
  kRebalanceInProgress,      // join again
  kFencedInstance,           // a newer member has taken over this instance id
  kGroupFull,                // GroupSettings::max_group_size, or max_groups
  kNonEmptyGroup,            // has members
  kGroupNotFound,            // no such group
  kCoordinatorNotAvailable,  // the group was deleted or the broker stops
  kStorage,                  // the commit failed; nothing was changed
  kSubscribedToTopic,        // its members read the topic whose offsets are to go
  // Of groups of the "consumer" kind (KIP-848).
  kInvalidRequest,       // fields that contradict one another
  kUnsupportedAssignor,  // no assignor of this name
  kInvalidPattern,       // a subscription's pattern is no regular expression
  kFencedMemberEpoch,    // give up all partitions and join again
  kStaleMemberEpoch,     // the member has a newer epoch by now; ask again with that
  kUnreleasedInstance,   // another member still has this instance id
  kUnsupportedVersion,   // too old a request for a member of this kind
};

// By which protocol a group's members come to their shares.
enum class GroupKind : std::uint8_t {
  kClassic,   // the members' leader assigns (JoinGroup, SyncGroup)
  kConsumer,  // the server assigns (KIP-848)
};

enum class GroupState : std::uint8_t {
  kEmpty,                // no members; may have committed offsets
  kPreparingRebalance,   // waits for all members to join
  kCompletingRebalance,  // waits for the leader's assignment
  kStable,               // everyone has, or may fetch, an assignment
  kDead,                 // not, or no longer, there
  // Of groups of the "consumer" kind.
  kAssigning,    // the target assignment is to be worked out anew
  kReconciling,  // members let go of, or wait for, what the target assignment moves
};

// Every limit and delay of consumer groups.
struct GroupSettings {
  runtime::Duration min_session_timeout = std::chrono::milliseconds(10);
  runtime::Duration max_session_timeout = std::chrono::minutes(30);
  // How long an empty group waits for more members after its first one. 0: tests should not wait.
  runtime::Duration initial_rebalance_delay{0};
  // A new member does not know its id yet and cannot send heartbeats: so long it may wait for its
  // first generation.
  runtime::Duration new_member_timeout = std::chrono::minutes(5);
  // A rebalance timeout below the first or above the second is taken as that one.
  runtime::Duration min_rebalance_timeout = std::chrono::milliseconds(10);
  runtime::Duration max_rebalance_timeout = std::chrono::hours(24);
  // Members and joiners that have been given an id, per group.
  std::size_t max_group_size = 10'000;
  // Groups that somebody has joined and nobody has deleted.
  std::size_t max_groups = 100'000;
  // How long an offset is kept that nobody commits again, or whose group has no members, and how
  // often that is looked at. Kafka's offsets.retention.minutes and ...check.interval.ms.
  runtime::Duration offsets_retention = std::chrono::hours(7 * 24);
  runtime::Duration offsets_check_interval = std::chrono::minutes(10);
  // Topics and the bytes of their names that one member of a "consumer" group subscribes to.
  std::size_t max_subscription = 1 << 20;
};

// One way of sharing that a member supports, with what it tells the leader about itself.
struct GroupProtocol {
  std::string name;
  std::string metadata;
  bool operator==(const GroupProtocol&) const = default;
};

// By which of a protocol's connections a member speaks; 0: by none that is known.
using ConnectionId = std::uint64_t;

// What a request says about its sender.
struct MemberClaim {
  std::string group_id;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;  // static membership (KIP-345)
  ConnectionId connection = 0;
  // The commit is part of a producer's transaction, which it ends in the generation it began in.
  bool transactional = false;
  // Commits of offsets: whether the request's version knows member epochs (KIP-848).
  bool knows_member_epochs = true;
};

struct JoinRequest {
  std::string group_id;
  std::string member_id;  // empty: a new member
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::string protocol_type;
  std::vector<GroupProtocol> protocols;  // the preferred one first
  runtime::Duration session_timeout{0};
  runtime::Duration rebalance_timeout{0};
  // A new dynamic member first gets an id, and joins with it (KIP-394).
  bool require_member_id = false;
  // Understands JoinResult::skip_assignment (KIP-814).
  bool can_skip_assignment = false;
  ConnectionId connection = 0;
};

struct JoinResult {
  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string metadata;  // of the chosen protocol
  };

  GroupError error = GroupError::kNone;
  std::int32_t generation = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  std::string member_id;
  bool skip_assignment = false;  // the leader came back; the assignment stands
  std::vector<Member> members;   // for the leader only
};
using JoinDone = absl::AnyInvocable<void(JoinResult)>;

struct SyncRequest {
  struct Assignment {
    std::string member_id;
    std::string bytes;
  };

  MemberClaim claim;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<Assignment> assignments;  // from the leader
};

struct SyncResult {
  GroupError error = GroupError::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string assignment;
};
using SyncDone = absl::AnyInvocable<void(SyncResult)>;

// Names a member that leaves: by its id, or by its instance id alone (an administrator does that).
struct LeavingMember {
  std::string member_id;
  std::optional<std::string> instance_id;
};

struct GroupDescription {
  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::string metadata;    // empty unless the group is stable
    std::string assignment;  // empty unless the group is stable
    // What a member of a "consumer" group has, by topic.
    std::map<std::string, std::vector<std::int32_t>> partitions;
  };

  GroupKind kind = GroupKind::kClassic;
  GroupState state = GroupState::kDead;
  std::string protocol_type;
  std::string protocol_name;  // empty unless the group is stable
  std::vector<Member> members;
  std::int32_t generation = 0;  // "consumer" groups: the group epoch
  bool all_synced = false;  // it is stable, and every member has asked for its assignment
};

struct GroupListing {
  std::string group_id;
  std::string protocol_type;
  GroupState state = GroupState::kEmpty;
  GroupKind kind = GroupKind::kClassic;
};

}  // namespace wherry::core
