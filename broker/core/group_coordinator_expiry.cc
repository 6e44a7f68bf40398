// The part of GroupCoordinator that forgets: offsets that are not used any more, and groups that
// have nothing left.

#include <algorithm>
#include <set>
#include <utility>

#include "broker/core/group_coordinator.h"

namespace wherry::core {

namespace {

constexpr char kConsumerProtocol[] = "consumer";

}  // namespace

void GroupCoordinator::ArmExpiry() {
  if (expiry_.armed()) return;
  expiry_.Arm(settings_.offsets_check_interval, [this] { Expire(); });
}

void GroupCoordinator::Expire() {
  const std::int64_t now = services_.home.clock().UnixMillis();
  const std::vector<std::string> with_offsets = services_.offsets.Groups();
  std::set<std::string> all(with_offsets.begin(), with_offsets.end());
  for (const auto& [id, group] : groups_) all.insert(id);
  for (const auto& [id, group] : consumer_groups_) all.insert(id);
  bool left = false;
  for (const std::string& id : all) left = ExpireIn(id, now) || left;
  if (left) ArmExpiry();
}

bool GroupCoordinator::ExpireIn(const std::string& group_id, std::int64_t now) {
  const auto retention =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.offsets_retention).count();
  std::vector<OffsetStore::TopicPartition> expired;
  bool left = false;
  for (const auto& [partition, committed] : services_.offsets.FetchAll(group_id)) {
    const std::optional<std::int64_t> used = LastUse(group_id, partition.first, committed);
    const bool pending = services_.is_pending != nullptr &&
                         services_.is_pending(group_id, partition.first, partition.second);
    if (used.has_value() && now - *used >= retention && !pending) {
      expired.push_back(partition);
    } else {
      left = true;
    }
  }
  if (!expired.empty()) {
    services_.offsets.DeleteOffsets(group_id, expired, [](const absl::Status&) {});
  }
  if (left) return true;
  DropEmptyConsumer(group_id);
  DropEmptyClassic(group_id);
  return groups_.contains(group_id) || consumer_groups_.contains(group_id);
}

std::optional<std::int64_t> GroupCoordinator::LastUse(const std::string& group_id,
                                                      std::string_view topic,
                                                      const CommittedOffset& committed) const {
  const Group* const classic = Find(group_id);
  if (classic != nullptr && !classic->protocol_type().empty()) {
    // The last member has used it until it went; and may have been followed by a commit by hand.
    if (classic->state() == GroupState::kEmpty) {
      return std::max(classic->empty_since(), committed.commit_timestamp);
    }
    if (classic->protocol_type() != kConsumerProtocol ||
        classic->state() != GroupState::kStable) {
      return std::nullopt;
    }
  }
  if (IsSubscribed(group_id, topic)) return std::nullopt;
  return committed.commit_timestamp;
}

void GroupCoordinator::DropEmptyClassic(const std::string& group_id) {
  const auto found = groups_.find(group_id);
  if (found == groups_.end() || !found->second->Idle()) return;
  found->second->Close(GroupError::kCoordinatorNotAvailable);
  groups_.erase(found);
  storage::CommitBatch batch;
  batch.Delete(key_prefix_ + group_id);
  services_.commits.Submit(std::move(batch), [](const absl::Status&) {});
}

bool GroupCoordinator::IsSubscribed(std::string_view group_id, std::string_view topic) const {
  if (const ConsumerGroup* group = FindConsumer(group_id)) return group->IsSubscribed(topic);
  const Group* const group = Find(group_id);
  return group != nullptr && group->IsSubscribed(topic, services_.codec);
}

GroupError GroupCoordinator::CheckDeleteOffsets(std::string_view group_id) const {
  if (group_id.empty()) return GroupError::kInvalidGroupId;
  if (FindConsumer(group_id) != nullptr) return GroupError::kNone;
  if (const Group* group = Find(group_id)) {
    const bool knows_topics = group->protocol_type() == kConsumerProtocol;
    return group->state() == GroupState::kEmpty || knows_topics ? GroupError::kNone
                                                                : GroupError::kNonEmptyGroup;
  }
  return services_.offsets.Contains(group_id) ? GroupError::kNone : GroupError::kGroupNotFound;
}

}  // namespace wherry::core
