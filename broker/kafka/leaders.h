#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "broker/core/commit_queue.h"
#include "broker/kafka/nodes.h"
#include "broker/kafka/topic_catalog.h"

namespace wherry::kafka {

// Moves leaders: where somebody wants them, to the preferred ones (KIP-460), to other nodes
// (KIP-455), and away from a node that stops. Each move begins a new leader epoch, and the fetches
// that wait for the partition hear of it.
//
// Clients see a change at once; Keep writes down all changes before it, as one.
//
// Threads: the home shard, but for Restore, which may run before the shard starts. Owned by the
// Cluster.
class Leaders {
 public:
  Leaders(Nodes& nodes, TopicCatalog& topics, core::CommitQueue& commits)
      : nodes_(nodes), topics_(topics), commits_(commits) {}

  // What was kept by a cluster whose nodes were up or down, or more: now all of them are up. The
  // topics that this changed are added to `commit`.
  void Restore(storage::CommitBatch& commit);
  // Partitions are new: those that would lie first on a node that has stopped begin elsewhere. The
  // caller keeps the topic.
  void Place(Topic& topic);
  // One without records lies on `replicas` from its beginning on (each once, one at least), unless
  // one of them is no node.
  void Assign(Topic& topic, std::int32_t partition, std::vector<std::int32_t> replicas);

  // The partition's leader is `node` from here on. kInvalidArgument: there is no such node, or it
  // has no replica; kFailedPrecondition: it has stopped.
  absl::Status Move(Topic& topic, std::int32_t partition, std::int32_t node);

  enum class Election { kHeld, kNotNeeded, kPreferredIsDown, kAllAreDown };
  // Elects the preferred leader.
  Election ElectPreferred(Topic& topic, std::int32_t partition);
  // Elects anybody, where there is no leader.
  Election ElectAny(Topic& topic, std::int32_t partition);

  // The partition lies on `replicas` from here on: nodes that there are, each once, one at least.
  void Reassign(Topic& topic, std::int32_t partition, std::vector<std::int32_t> replicas);

  // A node goes down or comes up. Its partitions get another leader, or none; those that had none
  // are led by it.
  void Stop(std::int32_t node);
  void Start(std::int32_t node);

  // `done` runs when the changes so far are kept, or could not be: clients see them all the same,
  // and a restart does not.
  void Keep(core::CommitQueue::Done done);

 private:
  void Lay(Topic& topic, std::int32_t partition, std::vector<std::int32_t> replicas);
  // The partition's own, with what holds for it now.
  Leadership& Of(Topic& topic, std::int32_t partition);
  void SetLeader(Topic& topic, std::int32_t partition, std::int32_t leader);
  std::int32_t FirstUp(const Topic& topic, std::int32_t partition) const;
  template <typename Visit>
  void ForEachPartition(Visit visit);

  Nodes& nodes_;
  TopicCatalog& topics_;
  core::CommitQueue& commits_;
  std::set<Topic*> changed_;  // since the last Keep, in the same turn
};

}  // namespace wherry::kafka
