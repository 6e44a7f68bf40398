#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>

#include "broker/core/request_log.h"
#include "broker/embed/shard_link.h"
#include "broker/nats/server.h"
#include "wherry/nats.h"

namespace wherry {

// What Nats and its subscriptions share with the broker.
struct Nats::State {
  State(std::shared_ptr<embed::ShardLink> link, nats::Server& server, nats::Account& account)
      : link(std::move(link)),
        server(server),
        max_payload(server.home().settings().max_payload),
        account(&account) {}

  const std::shared_ptr<embed::ShardLink> link;
  nats::Server& server;  // on the shard only, as long as `link` runs tasks
  const std::int32_t max_payload;
  std::atomic<bool> down = false;  // the broker has crashed
  nats::Account* account;  // on the shard only; null: the namespace has ended

  std::shared_ptr<core::RequestLog> requests;  // null: there is no history

  // Ends the wait of everybody in Next. On the shard.
  void OnStop();
  // The same, and ends the interests. On the shard.
  void EndSubscriptions();
  // Closes the NATS listeners of every namespace. On the shard.
  std::function<void()> stop_listening;
  std::set<NatsSubscription::State*> subscriptions;  // on the shard only: those with an interest
};

}  // namespace wherry
