#pragma once

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
#include "broker/core/group.h"
#include "broker/core/group_types.h"
#include "broker/core/namespace.h"
#include "broker/core/offset_store.h"
#include "broker/runtime/shard.h"
#include "storage/log_store.h"

namespace wherry::core {

// The consumer groups of one namespace. A group exists once somebody has joined it or committed
// offsets to it, until it is deleted; both survive a restart (GroupRecord, OffsetStore).
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
  // One answer for each of `members`.
  std::vector<GroupError> Leave(const std::string& group_id,
                                const std::vector<LeavingMember>& members);
  // May the sender of a commit with this claim commit offsets now?
  GroupError ValidateCommit(const MemberClaim& claim);
  // Members that spoke by this connection (MemberClaim, JoinRequest) are not connected any more.
  void OnConnectionClosed(ConnectionId connection);

  // kDead where there is no such group.
  GroupDescription Describe(std::string_view group_id) const;
  std::vector<GroupListing> List() const;

  // Deletes the group with its offsets, unless it has members. `done` runs as a later task.
  void Delete(const std::string& group_id, absl::AnyInvocable<void(GroupError)> done);

 private:
  GroupCoordinator(const Namespace& name_space, Services services, GroupSettings settings);
  absl::Status Load();
  Group* Find(std::string_view group_id) const;
  std::shared_ptr<Group> NewGroup(const std::string& group_id);
  void ForgetIfAbandoned(const std::string& group_id);

  const Services services_;
  const GroupSettings settings_;
  const std::string key_prefix_;
  std::map<std::string, std::shared_ptr<Group>, std::less<>> groups_;
  // In whose names each open connection has spoken: groups, which may have gone since.
  absl::flat_hash_map<ConnectionId, std::set<std::string>> spoken_for_;
  // Posted tasks hold it weakly, to find out whether the coordinator is still there.
  std::shared_ptr<GroupCoordinator*> self_ = std::make_shared<GroupCoordinator*>(this);
};

}  // namespace wherry::core
