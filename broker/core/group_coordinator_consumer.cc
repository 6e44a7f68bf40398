// The part of GroupCoordinator that has the groups whose assignment the server makes (KIP-848).

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/group_coordinator.h"
#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

// Behind a group's name, in its keys.
constexpr std::uint8_t kGroupItself = 0;
constexpr std::uint8_t kMember = 1;

}  // namespace

std::string GroupCoordinator::ConsumerKey(std::string_view group_id) const {
  std::string key = consumer_prefix_;
  PutString(key, group_id);
  return key;
}

absl::Status GroupCoordinator::LoadConsumerGroups() {
  absl::Status damage;
  const absl::Status scanned =
      services_.store.Scan(consumer_prefix_, [&](std::string_view key, std::string_view value) {
        StateReader reader{key.substr(consumer_prefix_.size())};
        const std::string group_id = reader.TakeString();
        const auto what = reader.Take<std::uint8_t>();
        const auto failed = [&](const std::string& why) {
          damage = absl::DataLossError(absl::StrCat("group '", group_id, "': ", why));
          return false;
        };
        if (!reader.good || what > kMember) return failed("a key of its state is damaged");
        ConsumerGroup* group = FindConsumer(group_id);
        if (group == nullptr) group = NewConsumerGroup(group_id).get();
        if (what == kGroupItself) {
          const absl::StatusOr<ConsumerGroupRecord> record = ConsumerGroupRecord::Decode(value);
          if (!record.ok()) return failed(std::string(record.status().message()));
          group->Restore(*record);
          return true;
        }
        absl::StatusOr<ConsumerMemberRecord> record = ConsumerMemberRecord::Decode(value);
        if (!record.ok()) return failed(std::string(record.status().message()));
        group->RestoreMember(std::string(reader.bytes), *std::move(record));
        return true;
      });
  return scanned.ok() ? damage : scanned;
}

ConsumerGroup* GroupCoordinator::FindConsumer(std::string_view group_id) const {
  const auto found = consumer_groups_.find(group_id);
  return found == consumer_groups_.end() ? nullptr : found->second.get();
}

std::shared_ptr<ConsumerGroup> GroupCoordinator::NewConsumerGroup(const std::string& group_id) {
  // Groups end before their coordinator (Close), and are asked no more.
  auto heard = [this, group_id](ConnectionId connection) {
    spoken_for_[connection].insert(group_id);
  };
  auto times = [times = services_.times, group_id] {
    return times ? times(group_id) : ConsumerGroupTimes();
  };
  // Posted: a group must not end inside its own call.
  auto classic_alone = [&home = services_.home, weak = std::weak_ptr(self_), group_id] {
    home.Post([weak, group_id] {
      if (const auto self = weak.lock()) (*self)->Downgrade(group_id);
    });
  };
  auto group = std::make_shared<ConsumerGroup>(ConsumerGroup::Services{
      group_id, services_.home, services_.commits, services_.topics, settings_, services_.codec,
      ConsumerKey(group_id), std::move(times), std::move(heard), std::move(classic_alone)});
  consumer_groups_.emplace(group_id, group);
  ArmExpiry();
  return group;
}

std::shared_ptr<ConsumerGroup> GroupCoordinator::Upgrade(const std::string& group_id) {
  const std::shared_ptr<Group> classic = groups_.find(group_id)->second;
  const bool has_members = classic->state() != GroupState::kEmpty;
  if (has_members && classic->protocol_type() != "consumer") return nullptr;
  std::shared_ptr<ConsumerGroup> group = NewConsumerGroup(group_id);
  if (has_members && !group->Adopt(classic->Record())) {
    group->Close();
    consumer_groups_.erase(group_id);
    return nullptr;
  }
  // Whoever waits for the rebalance joins again, in the new group.
  classic->Close(GroupError::kRebalanceInProgress);
  groups_.erase(group_id);
  group->DeleteWithNext(key_prefix_ + group_id);
  return group;
}

void GroupCoordinator::Downgrade(const std::string& group_id) {
  const auto found = consumer_groups_.find(group_id);
  if (found == consumer_groups_.end() || !found->second->OnlyClassicLeft()) return;
  const std::shared_ptr<ConsumerGroup> consumer = found->second;
  const GroupRecord record = consumer->AsClassic();
  storage::CommitBatch batch;
  consumer->AddDeletes(batch);
  batch.Put(key_prefix_ + group_id, record.Encode());
  services_.commits.Submit(std::move(batch), [](const absl::Status&) {});
  consumer->Close();
  consumer_groups_.erase(found);
  const std::shared_ptr<Group> group = NewGroup(group_id);
  group->Restore(record);
  group->Rebalance();
}

void GroupCoordinator::DropEmptyConsumer(const std::string& group_id) {
  const auto found = consumer_groups_.find(group_id);
  if (found == consumer_groups_.end() || !found->second->empty()) return;
  storage::CommitBatch batch;
  found->second->AddDeletes(batch);
  found->second->Close();
  consumer_groups_.erase(found);
  services_.commits.Submit(std::move(batch), [](const absl::Status&) {});
}

void GroupCoordinator::Heartbeat(ConsumerHeartbeat request, ConsumerHeartbeatDone done) {
  ConsumerGroup* group = FindConsumer(request.group_id);
  const auto classic = groups_.find(request.group_id);
  const bool joins = request.epoch == kJoinEpoch;
  ConsumerHeartbeatResult refused;
  if (group != nullptr) {
    refused.error = GroupError::kNone;
  } else if (!joins) {
    refused.error = GroupError::kGroupNotFound;
    refused.message = absl::StrCat("Consumer group ", request.group_id, " not found.");
  } else if (classic != groups_.end()) {
    group = Upgrade(request.group_id).get();
    if (group == nullptr) refused.error = GroupError::kGroupNotFound;
    refused.message = absl::StrCat("Group ", request.group_id, " is not a consumer group.");
  } else if (groups_.size() + consumer_groups_.size() >= settings_.max_groups) {
    refused.error = GroupError::kGroupFull;
    refused.message = absl::StrCat("there are ", settings_.max_groups, " groups already");
  }
  if (refused.error != GroupError::kNone) {
    services_.home.Post([done = std::move(done), refused = std::move(refused)]() mutable {
      done(std::move(refused));
    });
    return;
  }
  const std::string group_id = request.group_id;
  if (group == nullptr) group = NewConsumerGroup(group_id).get();
  group->Heartbeat(std::move(request), std::move(done));
  ForgetIfAbandoned(group_id);
}

GroupError GroupCoordinator::ValidateFetch(const MemberClaim& claim) const {
  if (claim.member_id.empty() && claim.generation < 0) return GroupError::kNone;
  const ConsumerGroup* const group = FindConsumer(claim.group_id);
  return group == nullptr ? GroupError::kNone : group->CheckMember(claim);
}

std::optional<ConsumerGroupDescription> GroupCoordinator::DescribeConsumer(
    std::string_view group_id) const {
  const ConsumerGroup* const group = FindConsumer(group_id);
  if (group == nullptr) return std::nullopt;
  return group->Describe();
}

}  // namespace wherry::core
