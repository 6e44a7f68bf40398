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

absl::Status Nodes::Check(std::int32_t node) const {
  if (Has(node)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no node ", node, "; there are nodes 1 to ", count_));
}

std::string Nodes::FaultOf(std::int16_t replication_factor) const {
  if (replication_factor < 1) {
    return "Replication factor must be larger than 0, or -1 to use the default value.";
  }
  if (!strict_ || replication_factor <= count_) return "";
  return absl::StrCat("Unable to replicate the partition ", replication_factor,
                      " time(s): The target replication factor of ", replication_factor,
                      " cannot be reached because only ", count_, " broker(s) are registered.");
}

std::string Nodes::FaultOf(const std::vector<std::int32_t>& replicas, bool registered) const {
  if (replicas.empty()) return "The manual partition assignment includes an empty replica list.";
  std::set<std::int32_t> seen;
  for (const std::int32_t replica : replicas) {
    if (!seen.insert(replica).second) {
      return absl::StrCat("The manual partition assignment includes the broker ", replica,
                          " more than once.");
    }
    if (!(registered ? Has(replica) : replica >= 0)) {
      return absl::StrCat("The manual partition assignment includes broker ", replica,
                          ", but no such broker is registered.");
    }
  }
  return "";
}

void Nodes::SetUp(std::int32_t node, bool up) {
  if (up) {
    stopped_.erase(node);
  } else {
    stopped_.insert(node);
  }
}

std::int32_t Nodes::Controller() const {
  for (std::int32_t node = kFirst; Has(node); ++node) {
    if (IsUp(node)) return node;
  }
  return -1;
}

std::int32_t Nodes::LeaderOf(const Topic& topic, std::int32_t partition) const {
  const Leadership* const moved = topic.leadership(partition);
  return moved == nullptr ? partition % count_ + kFirst : moved->leader;
}

std::vector<std::int32_t> Nodes::ReplicasOf(const Topic& topic, std::int32_t partition) const {
  if (const Leadership* const moved = topic.leadership(partition)) return moved->replicas;
  std::vector<std::int32_t> replicas;
  for (std::int32_t i = 0; i < ReplicationOf(topic); ++i) {
    replicas.push_back((partition + i) % count_ + kFirst);
  }
  return replicas;
}

std::vector<std::int32_t> Nodes::InSyncOf(const Topic& topic, std::int32_t partition) const {
  std::vector<std::int32_t> replicas = ReplicasOf(topic, partition);
  const std::int32_t first = replicas.front();
  std::erase_if(replicas, [this](std::int32_t node) { return !IsUp(node); });
  if (replicas.empty()) replicas.push_back(first);
  return replicas;
}

std::vector<std::int32_t> Nodes::StoppedOf(const Topic& topic, std::int32_t partition) const {
  std::vector<std::int32_t> replicas = ReplicasOf(topic, partition);
  std::erase_if(replicas, [this](std::int32_t node) { return IsUp(node); });
  return replicas;
}

bool Nodes::IsReplica(const Topic& topic, std::int32_t partition, std::int32_t node) const {
  if (const Leadership* const moved = topic.leadership(partition)) {
    return std::count(moved->replicas.begin(), moved->replicas.end(), node) > 0;
  }
  const std::int32_t behind = (node - kFirst - partition % count_ + count_) % count_;
  return behind < ReplicationOf(topic);
}

std::int32_t Nodes::CoordinatorOf(std::string_view key) const {
  if (count_ == 1) return kFirst;
  const std::int32_t first = PartitionForKey(key, count_);
  for (std::int32_t i = 0; i < count_; ++i) {
    const std::int32_t node = (first + i) % count_ + kFirst;
    if (IsUp(node)) return node;
  }
  return first + kFirst;
}

std::string Nodes::RackOf(std::int32_t node) const {
  return several() ? absl::StrCat("rack-", node) : "";
}

std::int32_t Nodes::PreferredReplica(const Topic& topic, std::int32_t partition,
                                     std::string_view rack) const {
  if (rack.empty() || !several()) return -1;
  for (const std::int32_t replica : ReplicasOf(topic, partition)) {
    if (RackOf(replica) != rack || !IsUp(replica)) continue;
    return replica == LeaderOf(topic, partition) ? -1 : replica;
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
  for (std::int32_t node = kFirst; Has(node); ++node) {
    if (IsUp(node)) addresses.push_back(AddressOf(call, node));
  }
  return addresses;
}

}  // namespace wherry::kafka
