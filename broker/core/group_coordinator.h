#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/consumer_group.h"
#include "broker/core/group.h"
#include "broker/core/group_types.h"
#include "broker/core/namespace.h"
#include "broker/core/offset_store.h"
#include "broker/runtime/shard.h"
#include "storage/log_store.h"

namespace wherry::core {

// The consumer groups of one namespace. A group exists once somebody has joined it or committed
// offsets to it, until it is deleted; both survive a restart (GroupRecord, ConsumerGroupRecord,
// OffsetStore). It is of one of two kinds, as its members come to their shares; an empty one
// becomes of the other kind when somebody joins it that way.
//
// Threads: the home shard only, or before it starts. Owned by the protocol's state of a namespace;
// `offsets` must outlive it.
class GroupCoordinator {
 public:
  struct Services {
    storage::LogStore& store;
    CommitQueue& commits;
    runtime::Shard& home;
    OffsetStore& offsets;
    const TopicDirectory& topics;
    const ClassicCodec& codec;
    // How often the members of a group are to be heard.
    std::function<ConsumerGroupTimes(std::string_view group_id)> times;
    // Whether a transaction that has not ended may move the group's offset there: such a one does
    // not expire. Empty: none ever.
    std::function<bool(std::string_view group_id, std::string_view topic, std::int32_t partition)>
        is_pending = nullptr;
  };

  // Loads the groups that `services.store` holds for the namespace.
  static absl::StatusOr<std::unique_ptr<GroupCoordinator>> Open(const Namespace& name_space,
                                                                Services services,
                                                                GroupSettings settings);
  // Answers every parked join and sync with kCoordinatorNotAvailable.
  ~GroupCoordinator();
  GroupCoordinator(const GroupCoordinator&) = delete;
  GroupCoordinator& operator=(const GroupCoordinator&) = delete;

  // `done` runs as a later task on the home shard: at once, or when the group's rebalance ends.
  void Join(JoinRequest request, JoinDone done);
  void Sync(SyncRequest request, SyncDone done);

  GroupError Heartbeat(const MemberClaim& claim);
  // Of a member of a "consumer" group, which one that joins may found.
  void Heartbeat(ConsumerHeartbeat request, ConsumerHeartbeatDone done);
  // One answer for each of `members`.
  std::vector<GroupError> Leave(const std::string& group_id,
                                const std::vector<LeavingMember>& members);
  // May the sender of a commit with this claim commit offsets now?
  GroupError ValidateCommit(const MemberClaim& claim);
  // May the sender of a claim, with member id and epoch or without both, read its group's offsets?
  GroupError ValidateFetch(const MemberClaim& claim) const;
  // Members that spoke by this connection (MemberClaim, JoinRequest) are not connected any more.
  void OnConnectionClosed(ConnectionId connection);

  // kDead where there is no such group.
  GroupDescription Describe(std::string_view group_id) const;
  // Whether a member of the group reads the topic, as far as the group knows.
  bool IsSubscribed(std::string_view group_id, std::string_view topic) const;
  // May offsets of the group be deleted, but for topics that it is subscribed to?
  GroupError CheckDeleteOffsets(std::string_view group_id) const;
  // nullopt: no such group, or it is a classic one.
  std::optional<ConsumerGroupDescription> DescribeConsumer(std::string_view group_id) const;
  std::vector<GroupListing> List() const;

  // Deletes the group with its offsets, unless it has members. `done` runs as a later task.
  void Delete(const std::string& group_id, absl::AnyInvocable<void(GroupError)> done);

 private:
  GroupCoordinator(const Namespace& name_space, Services services, GroupSettings settings);
  absl::Status Load();
  Group* Find(std::string_view group_id) const;
  std::shared_ptr<Group> NewGroup(const std::string& group_id);
  void ForgetIfAbandoned(const std::string& group_id);

  // group_coordinator_consumer.cc: the groups of the other kind.
  absl::Status LoadConsumerGroups();
  ConsumerGroup* FindConsumer(std::string_view group_id) const;
  std::shared_ptr<ConsumerGroup> NewConsumerGroup(const std::string& group_id);
  // One that an empty or online classic group becomes; null: it cannot.
  std::shared_ptr<ConsumerGroup> Upgrade(const std::string& group_id);
  void Downgrade(const std::string& group_id);
  // An empty group of one kind makes room for one of the other; its offsets stay.
  void DropEmptyConsumer(const std::string& group_id);
  std::string ConsumerKey(std::string_view group_id) const;

  // group_coordinator_expiry.cc: what is not used any more.
  void ArmExpiry();
  void Expire();
  // True: something is left of the group.
  bool ExpireIn(const std::string& group_id, std::int64_t now);
  // When an offset was used last; nullopt: it is in use.
  std::optional<std::int64_t> LastUse(const std::string& group_id, std::string_view topic,
                                      const CommittedOffset& committed) const;
  void DropEmptyClassic(const std::string& group_id);

  const Services services_;
  const GroupSettings settings_;
  const std::string key_prefix_;
  const std::string consumer_prefix_;
  std::map<std::string, std::shared_ptr<Group>, std::less<>> groups_;
  std::map<std::string, std::shared_ptr<ConsumerGroup>, std::less<>> consumer_groups_;
  // In whose names each open connection has spoken: groups, which may have gone since.
  absl::flat_hash_map<ConnectionId, std::set<std::string>> spoken_for_;
  runtime::Timer expiry_;  // while there is anything that may expire
  // Posted tasks hold it weakly, to find out whether the coordinator is still there.
  std::shared_ptr<GroupCoordinator*> self_ = std::make_shared<GroupCoordinator*>(this);
};

}  // namespace wherry::core
