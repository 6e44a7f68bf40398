// Nodes that stop and leaders that move, of a broker that poses as several.
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/ask.h"
#include "broker/embed/kafka_state.h"
#include "broker/kafka/session.h"
#include "wherry/kafka.h"

namespace wherry {

namespace {

using embed::Nothing;
using kafka::Cluster;

using Listeners = std::multimap<std::int32_t, net::Listener*>;
using Answer = embed::Promise<absl::StatusOr<Nothing>>;

// Runs `change(state)` on the shard, and waits until what it changed is kept, also by a change that
// failed in the middle.
template <typename State, typename Change>
Status ChangeNodes(const std::shared_ptr<State>& state, Change change) {
  const auto changed = embed::AskCluster<Nothing>(state, [&](Cluster& cluster, Answer answer) {
    absl::Status status = change(*state);
    cluster.leaders().Keep([status = std::move(status),
                            answer = std::move(answer)](const absl::Status& kept) mutable {
      status.Update(kept);
      answer.Keep(status.ok() ? absl::StatusOr<Nothing>(Nothing()) : status);
    });
  });
  return changed.status();
}

absl::Status Move(Cluster& cluster, std::string_view name, std::int32_t partition,
                  std::int32_t node) {
  kafka::Topic* const topic = cluster.topics().Find(name);
  if (topic == nullptr || topic->partition(partition) == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("no partition ", partition, " of a topic '", std::string(name), "'"));
  }
  return cluster.leaders().Move(*topic, partition, node);
}

absl::Status Stop(Cluster& cluster, const Listeners& listeners, std::int32_t node) {
  absl::Status status = cluster.nodes().Check(node);
  if (!status.ok() || !cluster.nodes().IsUp(node)) return status;
  const auto [begin, end] = listeners.equal_range(node);
  for (auto one = begin; one != end; ++one) status.Update(one->second->Refuse());
  cluster.leaders().Stop(node);
  // A session that closes leaves the set.
  std::vector<kafka::Session*> of_node;
  for (kafka::Session* const session : cluster.sessions()) {
    if (session->node() == node) of_node.push_back(session);
  }
  for (kafka::Session* const session : of_node) session->Close();
  return status;
}

absl::Status Start(Cluster& cluster, const Listeners& listeners, std::int32_t node) {
  absl::Status status = cluster.nodes().Check(node);
  if (!status.ok() || cluster.nodes().IsUp(node)) return status;
  const auto [begin, end] = listeners.equal_range(node);
  for (auto one = begin; one != end; ++one) status.Update(one->second->ListenAgain());
  if (!status.ok()) return status;
  cluster.leaders().Start(node);
  for (auto one = begin; one != end; ++one) one->second->Start();
  return status;
}

}  // namespace

Status Kafka::MoveLeader(std::string_view topic, std::int32_t partition, std::int32_t node) {
  return ChangeNodes(state_, [&](State& state) {
    return Move(*state.cluster, topic, partition, node);
  });
}

Status Kafka::StopNode(std::int32_t node) {
  return ChangeNodes(state_, [&](State& state) {
    return Stop(*state.cluster, state.listeners, node);
  });
}

Status Kafka::StartNode(std::int32_t node) {
  return ChangeNodes(state_, [&](State& state) {
    return Start(*state.cluster, state.listeners, node);
  });
}

}  // namespace wherry
