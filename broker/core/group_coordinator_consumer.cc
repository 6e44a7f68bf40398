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
  auto group = std::make_shared<ConsumerGroup>(ConsumerGroup::Services{
      group_id, services_.home, services_.commits, services_.topics, settings_, services_.codec,
      ConsumerKey(group_id), std::move(times), std::move(heard), [] {}});
  consumer_groups_.emplace(group_id, group);
  return group;
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
  } else if (!joins || (classic != groups_.end() &&
                        classic->second->state() != GroupState::kEmpty)) {
    refused.error = GroupError::kGroupNotFound;
    refused.message =
        absl::StrCat(joins ? "Group " : "Consumer group ", request.group_id,
                     joins ? " is not a consumer group." : " not found.");
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
  if (group == nullptr) {
    group = NewConsumerGroup(group_id).get();
    if (classic != groups_.end()) {
      classic->second->Close(GroupError::kCoordinatorNotAvailable);
      groups_.erase(classic);
      group->DeleteWithNext(key_prefix_ + group_id);
    }
  }
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
