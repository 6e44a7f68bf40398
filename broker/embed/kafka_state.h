#pragma once

#include <cstdint>
#include <memory>

#include "broker/embed/shard_link.h"
#include "broker/kafka/cluster.h"
#include "wherry/kafka.h"

namespace wherry {

// What Kafka shares with the broker.
struct Kafka::State {
  State(std::shared_ptr<embed::ShardLink> link, kafka::Cluster& cluster)
      : link(std::move(link)), cluster(cluster) {}

  const std::shared_ptr<embed::ShardLink> link;
  kafka::Cluster& cluster;         // on the shard only, as long as `link` runs tasks
  std::uint32_t next_keyless = 0;  // on the shard only: whose turn it is for records without a key
};

}  // namespace wherry
