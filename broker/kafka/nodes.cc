#include "broker/kafka/nodes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/kafka/call.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/murmur2.h"

namespace wherry::kafka {

std::int32_t Nodes::ReplicationOf(const Topic& topic) const {
  return std::clamp<std::int32_t>(topic.replication_factor, 1, count_);
}

std::vector<std::int32_t> Nodes::ReplicasOf(const Topic& topic, std::int32_t partition) const {
  std::vector<std::int32_t> replicas;
  for (std::int32_t i = 0; i < ReplicationOf(topic); ++i) {
    replicas.push_back((LeaderOf(partition) - kFirst + i) % count_ + kFirst);
  }
  return replicas;
}

bool Nodes::IsReplica(const Topic& topic, std::int32_t partition, std::int32_t node) const {
  const std::int32_t behind = (node - LeaderOf(partition) + count_) % count_;
  return behind < ReplicationOf(topic);
}

std::int32_t Nodes::CoordinatorOf(std::string_view key) const {
  return count_ == 1 ? kFirst : PartitionForKey(key, count_) + kFirst;
}

std::string Nodes::RackOf(std::int32_t node) const {
  return several() ? absl::StrCat("rack-", node) : "";
}

std::int32_t Nodes::PreferredReplica(const Topic& topic, std::int32_t partition,
                                     std::string_view rack) const {
  if (rack.empty() || !several()) return -1;
  for (const std::int32_t replica : ReplicasOf(topic, partition)) {
    if (RackOf(replica) != rack) continue;
    return replica == LeaderOf(partition) ? -1 : replica;
  }
  return -1;
}

NodeAddress Nodes::AddressOf(const Call& call, std::int32_t node) const {
  const Cluster::Address first = call.cluster.AddressFor(call.local);
  NodeAddress address{node, first.host, first.port};
  if (call.cluster.options().advertised_port != 0) {
    // As the listeners' ports where one is named: those behind it.
    address.port += node - kFirst;
  } else if (call.node.ports != nullptr && Has(node) &&
             call.node.ports->size() >= static_cast<std::size_t>(node)) {
    address.port = (*call.node.ports)[static_cast<std::size_t>(node - kFirst)];
  }
  return address;
}

std::vector<NodeAddress> Nodes::AddressesFor(const Call& call) const {
  std::vector<NodeAddress> addresses;
  for (std::int32_t node = kFirst; Has(node); ++node) addresses.push_back(AddressOf(call, node));
  return addresses;
}

}  // namespace wherry::kafka
