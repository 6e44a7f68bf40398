#pragma once

#include <functional>
#include <memory>
#include <set>

#include "broker/embed/shard_link.h"
#include "broker/nats/server.h"
#include "wherry/nats.h"

namespace wherry {

// What Nats and its subscriptions share with the broker.
struct Nats::State {
  State(std::shared_ptr<embed::ShardLink> link, nats::Server& server)
      : link(std::move(link)), server(server), max_payload(server.home().settings().max_payload) {}

  const std::shared_ptr<embed::ShardLink> link;
  nats::Server& server;  // on the shard only, as long as `link` runs tasks
  const std::int32_t max_payload;

  // Ends the wait of everybody in Next. On the shard.
  void OnStop();
  // Closes the NATS listeners. On the shard.
  std::function<void()> stop_listening;
  std::set<NatsSubscription::State*> subscriptions;  // on the shard only: those with an interest
};

}  // namespace wherry
