#pragma once

#include <vector>

#include "broker/embed/shard_link.h"
#include "broker/kafka/cluster.h"
#include "broker/nats/server.h"
#include "wherry/inspect.h"
#include "wherry/status.h"

namespace wherry::embed {

// The open connections of one namespace: NATS', then Kafka's, each by id. As Ask, whose link is
// that of the server's home shard.
StatusOr<std::vector<ConnectionInfo>> ConnectionsOf(ShardLink& link, nats::Server& server,
                                                    const nats::Account& account,
                                                    const kafka::Cluster& cluster);

}  // namespace wherry::embed
