#include "broker/core/group_coordinator.h"

#include <utility>

namespace wherry::core {

GroupCoordinator::GroupCoordinator(const Namespace& name_space, Services services,
                                   GroupSettings settings)
    : services_(std::move(services)),
      settings_(settings),
      key_prefix_(StateKey(name_space, "groups/")),
      consumer_prefix_(StateKey(name_space, "consumer-groups/")),
      expiry_(services_.home.timers(), runtime::TimerKind::kRetention, "expiry of offsets") {}

GroupCoordinator::~GroupCoordinator() {
  for (const auto& [id, group] : groups_) group->Close(GroupError::kCoordinatorNotAvailable);
  for (const auto& [id, group] : consumer_groups_) group->Close();
}

absl::StatusOr<std::unique_ptr<GroupCoordinator>> GroupCoordinator::Open(
    const Namespace& name_space, Services services, GroupSettings settings) {
  std::unique_ptr<GroupCoordinator> coordinator(
      new GroupCoordinator(name_space, std::move(services), settings));
  if (absl::Status status = coordinator->Load(); !status.ok()) return status;
  if (!coordinator->List().empty()) coordinator->ArmExpiry();
  return coordinator;
}

absl::Status GroupCoordinator::Load() {
  absl::Status damage;
  const absl::Status scanned =
      services_.store.Scan(key_prefix_, [&](std::string_view key, std::string_view value) {
        const std::string group_id(key.substr(key_prefix_.size()));
        const absl::StatusOr<GroupRecord> record = GroupRecord::Decode(value);
        if (!record.ok()) {
          damage = absl::DataLossError("group '" + group_id +
                                       "': " + std::string(record.status().message()));
          return false;
        }
        NewGroup(group_id)->Restore(*record);
        return true;
      });
  if (!scanned.ok() || !damage.ok()) return scanned.ok() ? damage : scanned;
  return LoadConsumerGroups();
}

Group* GroupCoordinator::Find(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : found->second.get();
}

std::shared_ptr<Group> GroupCoordinator::NewGroup(const std::string& group_id) {
  // By value: the commit queue's callbacks may keep a group a little longer than its coordinator.
  CommitQueue& commits = services_.commits;
  auto keep = [&commits, key = key_prefix_ + group_id](const GroupRecord& record,
                                                       CommitQueue::Done done) {
    storage::CommitBatch batch;
    batch.Put(key, record.Encode());
    commits.Submit(std::move(batch), std::move(done));
  };
  // Posted: a group must not end inside its own call.
  auto abandoned = [&home = services_.home, weak = std::weak_ptr(self_), group_id] {
    home.Post([weak, group_id] {
      if (const auto self = weak.lock()) (*self)->ForgetIfAbandoned(group_id);
    });
  };
  // Groups end before their coordinator (Close), and are asked no more.
  auto heard = [this, group_id](ConnectionId connection) {
    spoken_for_[connection].insert(group_id);
  };
  auto group = std::make_shared<Group>(Group::Services{group_id, services_.home, settings_,
                                                       std::move(keep), std::move(abandoned),
                                                       std::move(heard)});
  groups_.emplace(group_id, group);
  ArmExpiry();
  return group;
}

void GroupCoordinator::ForgetIfAbandoned(const std::string& group_id) {
  const auto found = groups_.find(group_id);
  if (found != groups_.end() && found->second->Abandoned()) groups_.erase(found);
  const auto consumer = consumer_groups_.find(group_id);
  if (consumer != consumer_groups_.end() && consumer->second->Abandoned()) {
    consumer_groups_.erase(consumer);
  }
}

void GroupCoordinator::Join(JoinRequest request, JoinDone done) {
  DropEmptyConsumer(request.group_id);
  if (ConsumerGroup* group = FindConsumer(request.group_id)) {
    return group->Join(std::move(request), std::move(done));
  }
  Group* group = Find(request.group_id);
  JoinResult refused;
  refused.member_id = request.member_id;
  if (request.group_id.empty()) {
    refused.error = GroupError::kInvalidGroupId;
  } else if (group == nullptr && !request.member_id.empty()) {
    refused.error = GroupError::kUnknownMember;
  } else if (group == nullptr && groups_.size() + consumer_groups_.size() >= settings_.max_groups) {
    refused.error = GroupError::kGroupFull;
  }
  if (refused.error != GroupError::kNone) {
    services_.home.Post([done = std::move(done), refused = std::move(refused)]() mutable {
      done(std::move(refused));
    });
    return;
  }
  const std::string group_id = request.group_id;
  if (group == nullptr) group = NewGroup(group_id).get();
  group->Join(std::move(request), std::move(done));
  ForgetIfAbandoned(group_id);
}

void GroupCoordinator::Sync(SyncRequest request, SyncDone done) {
  if (Group* group = Find(request.claim.group_id)) {
    return group->Sync(std::move(request), std::move(done));
  }
  if (ConsumerGroup* group = FindConsumer(request.claim.group_id)) {
    return group->Sync(request, std::move(done));
  }
  const GroupError error =
      request.claim.group_id.empty() ? GroupError::kInvalidGroupId : GroupError::kUnknownMember;
  services_.home.Post([done = std::move(done), error]() mutable {
    SyncResult refused;
    refused.error = error;
    done(std::move(refused));
  });
}

GroupError GroupCoordinator::Heartbeat(const MemberClaim& claim) {
  if (claim.group_id.empty()) return GroupError::kInvalidGroupId;
  if (ConsumerGroup* group = FindConsumer(claim.group_id)) return group->Heartbeat(claim);
  Group* group = Find(claim.group_id);
  return group == nullptr ? GroupError::kUnknownMember : group->Heartbeat(claim);
}

std::vector<GroupError> GroupCoordinator::Leave(const std::string& group_id,
                                                const std::vector<LeavingMember>& members) {
  Group* const group = Find(group_id);
  ConsumerGroup* const consumer = FindConsumer(group_id);
  std::vector<GroupError> answers;
  answers.reserve(members.size());
  for (const LeavingMember& member : members) {
    if (group != nullptr) {
      answers.push_back(group->Leave(member));
    } else if (consumer != nullptr) {
      answers.push_back(consumer->Leave(member));
    } else {
      answers.push_back(GroupError::kUnknownMember);
    }
  }
  ForgetIfAbandoned(group_id);
  return answers;
}

GroupError GroupCoordinator::ValidateCommit(const MemberClaim& claim) {
  if (Group* group = Find(claim.group_id)) return group->ValidateCommit(claim);
  if (const ConsumerGroup* group = FindConsumer(claim.group_id)) return group->CheckMember(claim);
  // The first commit by hand makes the group.
  ArmExpiry();
  return claim.generation < 0 ? GroupError::kNone : GroupError::kIllegalGeneration;
}

void GroupCoordinator::OnConnectionClosed(ConnectionId connection) {
  const auto spoken_for = spoken_for_.extract(connection);
  if (spoken_for.empty()) return;
  for (const std::string& group_id : spoken_for.mapped()) {
    if (Group* const group = Find(group_id)) group->OnConnectionClosed(connection);
    if (ConsumerGroup* const group = FindConsumer(group_id)) group->OnConnectionClosed(connection);
  }
}

GroupDescription GroupCoordinator::Describe(std::string_view group_id) const {
  if (const Group* group = Find(group_id)) return group->Describe();
  if (const ConsumerGroup* group = FindConsumer(group_id)) return group->DescribeShortly();
  GroupDescription description;
  if (services_.offsets.Contains(group_id)) description.state = GroupState::kEmpty;
  return description;
}

std::vector<GroupListing> GroupCoordinator::List() const {
  std::vector<GroupListing> all;
  for (const auto& [id, group] : groups_) {
    all.push_back({id, group->protocol_type(), group->state()});
  }
  for (const auto& [id, group] : consumer_groups_) {
    all.push_back({id, "consumer", group->state(), GroupKind::kConsumer});
  }
  for (std::string& id : services_.offsets.Groups()) {
    if (groups_.contains(id) || consumer_groups_.contains(id)) continue;
    all.push_back({std::move(id), "", GroupState::kEmpty});
  }
  return all;
}

void GroupCoordinator::Delete(const std::string& group_id,
                              absl::AnyInvocable<void(GroupError)> done) {
  const GroupState state = Describe(group_id).state;
  GroupError error = GroupError::kNone;
  if (state == GroupState::kDead) {
    error = GroupError::kGroupNotFound;
  } else if (state != GroupState::kEmpty) {
    error = GroupError::kNonEmptyGroup;
  }
  if (error != GroupError::kNone) {
    services_.home.Post([done = std::move(done), error]() mutable { done(error); });
    return;
  }
  DropEmptyConsumer(group_id);
  DropEmptyClassic(group_id);
  // A failed commit fails those behind it too, so the second answer speaks for both.
  services_.offsets.DeleteGroup(group_id,
                                [done = std::move(done)](const absl::Status& status) mutable {
                                  done(status.ok() ? GroupError::kNone : GroupError::kStorage);
                                });
}

}  // namespace wherry::core
