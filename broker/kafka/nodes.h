#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace wherry::kafka {

struct Call;
struct Topic;

// Where a client is told to find a node.
struct NodeAddress {
  std::int32_t id = 0;
  std::string host;
  std::int32_t port = 0;
};

// The nodes that one process poses as, 1 to count(): each has listeners of its own, leads a share
// of the partitions and coordinates a share of the groups and transactional ids. They all serve the
// same topics, so that a replica is in sync while its node is up.
//
// Partition i of a topic is led by node i % count + 1, and the nodes behind that one are its other
// replicas, until leaders.h moves it.
//
// Example: three nodes, replication factor 2: partition 0 lies on 1 and 2, partition 2 on 3 and 1.
//
// Threads: the home shard. Owned by the Cluster.
class Nodes {
 public:
  // Controls the cluster, and is the only one where no more are asked for.
  static constexpr std::int32_t kFirst = 1;
  // Each has listeners, and stands in every answer to Metadata.
  static constexpr std::int32_t kMax = 100;

  // `strict`: nothing may ask for more nodes than there are, as in Kafka.
  explicit Nodes(std::int32_t count, bool strict = false) : count_(count), strict_(strict) {}

  std::int32_t count() const { return count_; }
  bool strict() const { return strict_; }
  bool several() const { return count_ > 1; }
  bool Has(std::int32_t node) const { return node >= kFirst && node <= count_; }
  // kInvalidArgument, which says what nodes there are: not this one.
  absl::Status Check(std::int32_t node) const;

  // What is wrong with a topic's replication factor, in Kafka's words; "": nothing. More than there
  // are nodes means as many as there are, unless it is strict.
  std::string FaultOf(std::int16_t replication_factor) const;
  // What is wrong with a partition's manual assignment, in Kafka's words; "": nothing. Nodes that
  // there are not may stand in it and are not heeded, unless they must all be `registered`.
  std::string FaultOf(const std::vector<std::int32_t>& replicas, bool registered) const;

  // One that has stopped is reached by nobody: it leads, coordinates and controls nothing. All are
  // up as it begins.
  bool IsUp(std::int32_t node) const { return Has(node) && !stopped_.contains(node); }
  void SetUp(std::int32_t node, bool up);
  bool AllAreUp() const { return stopped_.empty(); }
  // The first that is up; -1: none is.
  std::int32_t Controller() const;

  // Leadership::kNobody: all its nodes have stopped.
  std::int32_t LeaderOf(const Topic& topic, std::int32_t partition) const;
  // The preferred leader first.
  std::vector<std::int32_t> ReplicasOf(const Topic& topic, std::int32_t partition) const;
  // Those of them that are up; where none is, the first, which was the last to stop or could be.
  std::vector<std::int32_t> InSyncOf(const Topic& topic, std::int32_t partition) const;
  std::vector<std::int32_t> StoppedOf(const Topic& topic, std::int32_t partition) const;
  bool IsReplica(const Topic& topic, std::int32_t partition, std::int32_t node) const;
  // Who looks after the group or the transactional id: another one while that node has stopped.
  std::int32_t CoordinatorOf(std::string_view key) const;

  // Where a node stands, which a client may prefer to read from (KIP-392); "": nowhere, as the only
  // one.
  std::string RackOf(std::int32_t node) const;
  // The replica from which a client in `rack` had better read than from the leader; -1: none.
  std::int32_t PreferredReplica(const Topic& topic, std::int32_t partition,
                                std::string_view rack) const;

  // Where the client that called is told to find a node; all of them are reached by the same way.
  NodeAddress AddressOf(const Call& call, std::int32_t node) const;
  // Of all that are up.
  std::vector<NodeAddress> AddressesFor(const Call& call) const;

 private:
  std::int32_t ReplicationOf(const Topic& topic) const;

  const std::int32_t count_;
  const bool strict_;
  std::set<std::int32_t> stopped_;
};

}  // namespace wherry::kafka
