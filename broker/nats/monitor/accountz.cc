// GET /accountz: the accounts there are, or one of them.
//
// acc  the account to tell about
#include "broker/nats/monitor/gather.h"
#include "broker/nats/monitor/json.h"
#include "broker/nats/monitor/pages.h"
#include "broker/nats/monitor/parameters.h"
#include "broker/nats/monitor/sublist_stats.h"
#include "broker/nats/session.h"

namespace wherry::nats {

namespace json = boost::json;

namespace {

// What one shard knows of the account.
struct Share {
  std::uint64_t connections = 0;
  SublistStats stats;
};

Share ShareOf(ServerShard& part, const Account& account) {
  Share share;
  for (const Session* const session : part.sessions()) {
    if (&session->account() == &account) ++share.connections;
  }
  share.stats.Add(part.RouterStatsOf(account));
  return share;
}

json::object Detail(Monitor& monitor, const Account& account, const std::vector<Share>& shares) {
  SublistStats stats;
  stats.Add(account);
  std::uint64_t connections = 0;
  for (const Share& share : shares) {
    stats.Add(share.stats);
    connections += share.connections;
  }
  json::object detail{{"account_name", account.name()},
                      {"update_time", GoTime(monitor.server().start_unix_millis())},
                      {"expired", false},
                      {"complete", true},
                      {"jetstream_enabled", false},
                      {"leafnode_connections", 0},
                      {"client_connections", connections},
                      {"subscriptions", stats.subscriptions},
                      {"name_tag", account.name()}};
  stats.WriteTo(detail["sublist_stats"].emplace_object());
  return detail;
}

}  // namespace

void ServeAccountz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply) {
  monitor.Count("/accountz");
  Parameters parameters(request);
  const std::string wanted = parameters.Text("acc");
  json::object accountz{{"server_id", monitor.server().server_id()},
                        {"now", GoTime(monitor.NowUnixMillis())}};
  std::shared_ptr<Account> found;
  json::array names;
  for (const std::shared_ptr<Account>& account : monitor.server().accounts()) {
    names.emplace_back(account->name());
    if (account->name() == wanted) found = account;
  }
  if (wanted.empty()) {
    accountz["accounts"] = std::move(names);
    return reply.Send(JsonPage(IndentedJson(accountz)));
  }
  if (found == nullptr) {
    parameters.Complain("Account " + wanted + " does not exist");
    return reply.Send(parameters.Refusal());
  }
  Gather<Share>(
      monitor.server(), monitor.home(),
      [found](ServerShard& part) { return ShareOf(part, *found); },
      [&monitor, found, reply, accountz](std::vector<Share> shares) mutable {
        accountz["account_detail"] = Detail(monitor, *found, shares);
        reply.Send(JsonPage(IndentedJson(accountz)));
      });
}

}  // namespace wherry::nats
