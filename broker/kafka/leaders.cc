#include "broker/kafka/leaders.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace wherry::kafka {

template <typename Visit>
void Leaders::ForEachPartition(Visit visit) {
  for (const auto& [name, topic] : topics_.topics()) {
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    for (std::int32_t partition = 0; partition < count; ++partition) visit(*topic, partition);
  }
}

Leadership& Leaders::Of(Topic& topic, std::int32_t partition) {
  changed_.insert(&topic);
  const auto found = topic.leaderships.find(partition);
  if (found != topic.leaderships.end()) return found->second;
  Leadership first;
  first.replicas = nodes_.ReplicasOf(topic, partition);
  first.leader = nodes_.LeaderOf(topic, partition);
  return topic.leaderships.emplace(partition, std::move(first)).first->second;
}

void Leaders::SetLeader(Topic& topic, std::int32_t partition, std::int32_t leader) {
  Leadership& leadership = Of(topic, partition);
  core::Partition& log = *topic.partition(partition);
  leadership.Begin(leader, log.next_offset(), log.start_offset());
  log.SetLeaderEpoch(leadership.epoch());
}

std::int32_t Leaders::FirstUp(const Topic& topic, std::int32_t partition) const {
  for (const std::int32_t replica : nodes_.ReplicasOf(topic, partition)) {
    if (nodes_.IsUp(replica)) return replica;
  }
  return Leadership::kNobody;
}

void Leaders::Restore(storage::CommitBatch& commit) {
  ForEachPartition([this](Topic& topic, std::int32_t partition) {
    const Leadership* const kept = topic.leadership(partition);
    if (kept == nullptr) return;
    const auto is_gone = [this](std::int32_t node) { return !nodes_.Has(node); };
    if (std::any_of(kept->replicas.begin(), kept->replicas.end(), is_gone)) {
      std::vector<std::int32_t> left = kept->replicas;
      std::erase_if(left, is_gone);
      if (left.empty()) left.push_back(partition % nodes_.count() + Nodes::kFirst);
      Of(topic, partition).replicas = std::move(left);
    }
    const bool led = nodes_.IsUp(kept->leader) &&
                     nodes_.IsReplica(topic, partition, kept->leader);
    if (!led) SetLeader(topic, partition, FirstUp(topic, partition));
  });
  for (const Topic* const topic : std::exchange(changed_, {})) topics_.Stage(*topic, commit);
}

void Leaders::Place(Topic& topic) {
  if (nodes_.AllAreUp()) return;
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  for (std::int32_t partition = 0; partition < count; ++partition) {
    if (topic.leadership(partition) != nullptr) continue;
    const std::vector<std::int32_t> replicas = nodes_.ReplicasOf(topic, partition);
    if (nodes_.IsUp(replicas.front())) continue;
    // In the usual order, those that are up first.
    std::vector<std::int32_t> all;
    for (std::int32_t i = 0; i < nodes_.count(); ++i) {
      all.push_back((partition + i) % nodes_.count() + Nodes::kFirst);
    }
    std::stable_partition(all.begin(), all.end(),
                          [this](std::int32_t node) { return nodes_.IsUp(node); });
    all.resize(replicas.size());
    Lay(topic, partition, std::move(all));
  }
}

void Leaders::Assign(Topic& topic, std::int32_t partition, std::vector<std::int32_t> replicas) {
  const bool known = std::all_of(replicas.begin(), replicas.end(),
                                 [this](std::int32_t node) { return nodes_.Has(node); });
  if (!known) return;
  changed_.insert(&topic);
  Lay(topic, partition, std::move(replicas));
}

void Leaders::Lay(Topic& topic, std::int32_t partition, std::vector<std::int32_t> replicas) {
  Leadership& first = topic.leaderships[partition];
  first.replicas = std::move(replicas);
  first.leader = FirstUp(topic, partition);
}

absl::Status Leaders::Move(Topic& topic, std::int32_t partition, std::int32_t node) {
  if (absl::Status status = nodes_.Check(node); !status.ok()) return status;
  if (!nodes_.IsReplica(topic, partition, node)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "node ", node, " has no replica of partition ", partition, " of topic '", topic.name,
        "'; it lies on ", absl::StrJoin(nodes_.ReplicasOf(topic, partition), ", "),
        ": create the topic with a greater replication factor, or reassign the partition"));
  }
  if (!nodes_.IsUp(node)) {
    return absl::FailedPreconditionError(absl::StrCat("node ", node, " has stopped"));
  }
  if (nodes_.LeaderOf(topic, partition) != node) SetLeader(topic, partition, node);
  return absl::OkStatus();
}

Leaders::Election Leaders::ElectPreferred(Topic& topic, std::int32_t partition) {
  const std::int32_t preferred = nodes_.ReplicasOf(topic, partition).front();
  if (nodes_.LeaderOf(topic, partition) == preferred) return Election::kNotNeeded;
  if (!nodes_.IsUp(preferred)) return Election::kPreferredIsDown;
  SetLeader(topic, partition, preferred);
  return Election::kHeld;
}

Leaders::Election Leaders::ElectAny(Topic& topic, std::int32_t partition) {
  // A node that comes up takes what nobody leads, so that there is nobody left to elect.
  return nodes_.LeaderOf(topic, partition) == Leadership::kNobody ? Election::kAllAreDown
                                                                  : Election::kNotNeeded;
}

void Leaders::Reassign(Topic& topic, std::int32_t partition, std::vector<std::int32_t> replicas) {
  if (nodes_.ReplicasOf(topic, partition) == replicas) return;
  Leadership& leadership = Of(topic, partition);
  leadership.replicas = std::move(replicas);
  if (!nodes_.IsUp(leadership.leader) || !nodes_.IsReplica(topic, partition, leadership.leader)) {
    SetLeader(topic, partition, FirstUp(topic, partition));
  }
}

void Leaders::Stop(std::int32_t node) {
  nodes_.SetUp(node, false);
  ForEachPartition([this, node](Topic& topic, std::int32_t partition) {
    if (nodes_.LeaderOf(topic, partition) != node) return;
    SetLeader(topic, partition, FirstUp(topic, partition));
  });
}

void Leaders::Start(std::int32_t node) {
  nodes_.SetUp(node, true);
  ForEachPartition([this, node](Topic& topic, std::int32_t partition) {
    if (nodes_.LeaderOf(topic, partition) != Leadership::kNobody) return;
    if (nodes_.IsReplica(topic, partition, node)) SetLeader(topic, partition, node);
  });
}

void Leaders::Keep(core::CommitQueue::Done done) {
  storage::CommitBatch commit;
  for (const Topic* const topic : std::exchange(changed_, {})) topics_.Stage(*topic, commit);
  commits_.Submit(std::move(commit), std::move(done));
}

}  // namespace wherry::kafka
