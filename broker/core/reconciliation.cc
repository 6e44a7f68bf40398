#include "broker/core/reconciliation.h"

#include <utility>

namespace wherry::core {

namespace {

bool Has(const PartitionsOfTopics& all, const TopicId& topic, std::int32_t partition) {
  const auto found = all.find(topic);
  return found != all.end() && found->second.contains(partition);
}

// Whoever does not say what it owns may still own everything.
bool MayOwnSomeOf(const PartitionsOfTopics& revoking,
                  const std::optional<PartitionsOfTopics>& owned) {
  if (!owned.has_value()) return true;
  for (const auto& [topic, partitions] : *owned) {
    for (const std::int32_t partition : partitions) {
      if (Has(revoking, topic, partition)) return true;
    }
  }
  return false;
}

}  // namespace

MemberAssignment Reconcile(
    const MemberAssignment& member, const PartitionsOfTopics& target, std::int32_t target_epoch,
    const std::optional<PartitionsOfTopics>& owned,
    absl::FunctionRef<bool(const TopicId& topic, std::int32_t partition)> is_free) {
  if (member.Follows(target_epoch)) return member;
  if (member.state == MemberState::kUnrevoked && MayOwnSomeOf(member.revoking, owned)) {
    return member;
  }
  MemberAssignment next;
  next.previous_epoch = member.epoch;
  for (const auto& [topic, partitions] : member.assigned) {
    for (const std::int32_t partition : partitions) {
      (Has(target, topic, partition) ? next.assigned : next.revoking)[topic].insert(partition);
    }
  }
  if (!next.revoking.empty() && MayOwnSomeOf(next.revoking, owned)) {
    next.state = MemberState::kUnrevoked;
    // It has done what the last epoch asked of it, and gets a new one, so that a lost answer and a
    // late request are told apart.
    next.epoch = member.state == MemberState::kUnrevoked ? member.epoch + 1 : member.epoch;
    return next;
  }
  next.revoking.clear();
  next.epoch = target_epoch;
  for (const auto& [topic, partitions] : target) {
    for (const std::int32_t partition : partitions) {
      if (Has(next.assigned, topic, partition)) continue;
      if (is_free(topic, partition)) {
        next.assigned[topic].insert(partition);
      } else {
        next.state = MemberState::kUnreleased;
      }
    }
  }
  return next;
}

}  // namespace wherry::core
