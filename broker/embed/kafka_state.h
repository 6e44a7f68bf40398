#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "broker/embed/shard_link.h"
#include "broker/kafka/cluster.h"
#include "broker/net/listener.h"
#include "wherry/kafka.h"

namespace wherry {

// What Kafka shares with the broker.
struct Kafka::State {
  explicit State(std::shared_ptr<embed::ShardLink> link) : link(std::move(link)) {}

  const std::shared_ptr<embed::ShardLink> link;
  kafka::Cluster* cluster = nullptr;  // on the shard only; null: there is none now
  std::uint32_t next_keyless = 0;     // on the shard only: whose turn it is without a key
  // Of each node, as long as the namespace; on the shard only.
  std::multimap<std::int32_t, net::Listener*> listeners;
};

}  // namespace wherry
