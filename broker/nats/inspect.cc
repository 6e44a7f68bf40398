#include "broker/nats/inspect.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "broker/nats/permissions.h"
#include "broker/nats/session.h"

namespace wherry::nats {

std::vector<SubscriptionView> SubscriptionsOf(ServerShard& part, const Account& account,
                                              std::string_view subject) {
  std::vector<SubscriptionView> views;
  const int shard = part.shard().index();
  account.ForEachSubscription(shard, [&](const SubscriptionPtr& subscription) {
    // Its counts are its own shard's.
    if (subscription->shard() != shard || subscription->closed()) return;
    SubscriptionView& view = views.emplace_back();
    view.info = InfoOf(*subscription, account.name());
    if (subject.empty() || subscription->delivery_check == nullptr) return;
    view.may_deliver = subscription->delivery_check->MayDeliver(subject, subscription->queue());
  });
  std::map<std::uint64_t, ConnectionInfo> connections;
  for (ConnectionInfo& connection : ConnectionsOf(part, account)) {
    connections.emplace(connection.cid, std::move(connection));
  }
  for (SubscriptionView& view : views) {
    const auto connection = connections.find(view.info.cid);
    if (connection == connections.end()) continue;
    view.client = connection->second.name;
    view.user = connection->second.user;
  }
  std::sort(views.begin(), views.end(), [](const SubscriptionView& a, const SubscriptionView& b) {
    return std::tie(a.info.cid, a.info.subject, a.info.sid) <
           std::tie(b.info.cid, b.info.subject, b.info.sid);
  });
  return views;
}

std::vector<ConnectionInfo> ConnectionsOf(ServerShard& part, const Account& account) {
  std::vector<ConnectionInfo> connections;
  for (const Session* const session : part.sessions()) {
    if (&session->account() == &account) connections.push_back(session->Describe(false));
  }
  std::sort(connections.begin(), connections.end(),
            [](const ConnectionInfo& a, const ConnectionInfo& b) { return a.cid < b.cid; });
  return connections;
}

}  // namespace wherry::nats
