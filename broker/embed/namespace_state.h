#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/namespace.h"
#include "broker/core/request_log.h"
#include "broker/embed/all_shards.h"
#include "broker/embed/faults_state.h"
#include "broker/embed/kafka_state.h"
#include "broker/embed/nats_state.h"
#include "broker/embed/shard_link.h"
#include "broker/embed/waiters.h"
#include "broker/kafka/cluster.h"
#include "broker/nats/account.h"
#include "broker/net/listener.h"
#include "wherry/namespace.h"

namespace wherry::embed {

class Engine;
namespace control {
class Control;
}

// One namespace of a running broker: what every protocol has of it, and how clients come to it.
// Threads: as its members say; `engine` under `engine_mutex`. Shared by the engine and a Namespace,
// which may outlive it.
struct NamespaceState : std::enable_shared_from_this<NamespaceState> {
  // `account` is NATS' part of it. `history` operations are remembered. Before the shard starts, or
  // on it.
  NamespaceState(core::Namespace name, std::uint32_t group, Engine& engine, nats::Account& account,
                 std::size_t history);
  ~NamespaceState();

  // The topics and groups that clients see from here on; null: none, until there are others. On the
  // shard, or before it starts.
  void Use(std::unique_ptr<kafka::Cluster> next);
  // Direct subscriptions end, as a client's do with its connection. On the shard.
  void EndSubscriptions();

  // nullptr: it does not listen there.
  const net::Listener* FindListener(std::string_view protocol) const;

  const core::Namespace name;
  const std::uint32_t group;  // of the connections that came to its listeners
  std::mutex engine_mutex;
  Engine* engine;          // null: the broker has stopped, or the namespace has ended
  nats::Account& account;  // as long as `engine`
  std::unique_ptr<kafka::Cluster> cluster;  // on the shard only
  const std::shared_ptr<core::RequestLog> requests;  // null: there is no history
  // Made before a client can know of them, and constant until the end.
  std::vector<std::unique_ptr<net::Listener>> listeners;

  const std::shared_ptr<AllShards> shards;
  const std::shared_ptr<Waiters> waiters;
  const std::shared_ptr<Nats::State> nats_state;
  const std::shared_ptr<Kafka::State> kafka_state;
  const std::shared_ptr<core::FaultPlan> fault_plan;  // the account's
  Nats nats;
  Kafka kafka;
  Faults faults;
  const std::shared_ptr<control::Control> control;  // the broker's, of all its namespaces
};

// The verbs of a namespace that somebody else owns. Threads: one. Owned by who uses it.
class NamespaceView {
 public:
  explicit NamespaceView(std::shared_ptr<NamespaceState> state) : space_(std::move(state)) {}
  NamespaceView(const NamespaceView&) = delete;
  ~NamespaceView() { space_.state_ = nullptr; }  // or its own destructor would end it

  Namespace& operator*() { return space_; }

 private:
  Namespace space_;
};

}  // namespace wherry::embed
