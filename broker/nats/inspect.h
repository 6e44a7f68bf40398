#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/nats/connection_info.h"
#include "broker/nats/server.h"

namespace wherry::nats {

// One subscription, for a person who looks at it. A value.
struct SubscriptionView {
  SubscriptionInfo info;
  std::string client;  // the connection's name
  std::string user;
  bool may_deliver = true;  // its user may receive the subject that was asked about
};

// The subscriptions of one shard in `account`, in the order of their connections; `subject`, if
// there is one, is a literal. On that shard.
std::vector<SubscriptionView> SubscriptionsOf(ServerShard& part, const Account& account,
                                              std::string_view subject);

// The open connections of one shard in `account`, in the order of their ids. On that shard.
std::vector<ConnectionInfo> ConnectionsOf(ServerShard& part, const Account& account);

}  // namespace wherry::nats
