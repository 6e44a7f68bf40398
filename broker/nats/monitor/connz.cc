// GET /connz: the connections, open and ended.
//
// sort           cid, start, subs, pending, msgs_to, msgs_from, bytes_to, bytes_from, last, idle,
//                uptime, rtt; for ended ones also stop, reason
// auth           show user and account
// subs           1: subjects, detail: all about the subscriptions
// offset, limit  the part of the list to show; 1024 at most by default
// cid            this connection alone
// state          open (default), closed, all
// user, acc      only those of this user, in this account
// mqtt_client    only the one with this MQTT client id: none here
#include "broker/nats/monitor/connz.h"

#include <algorithm>
#include <chrono>

#include "broker/nats/monitor/gather.h"
#include "broker/nats/monitor/json.h"
#include "broker/nats/monitor/pages.h"
#include "broker/nats/monitor/subscription_json.h"
#include "broker/nats/session.h"

namespace wherry::nats {

namespace json = boost::json;

namespace {

// Whole microseconds below a millisecond, as nats-server shows it.
std::string RoundTripText(runtime::Duration round_trip) {
  if (round_trip > std::chrono::microseconds(1) && round_trip < std::chrono::milliseconds(1)) {
    round_trip = std::chrono::floor<std::chrono::microseconds>(round_trip);
  }
  return GoDuration(round_trip);
}

void WriteUnlessEmpty(json::object& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

void WriteCounts(const ConnectionInfo& info, json::object& object) {
  const ConnectionCounts& counts = info.counts;
  object["pending_bytes"] = info.pending_bytes;
  object["in_msgs"] = counts.in_msgs;
  object["out_msgs"] = counts.out_msgs;
  object["in_bytes"] = counts.in_bytes;
  object["out_bytes"] = counts.out_bytes;
  if (counts.stalls > 0) object["stalls"] = counts.stalls;
  object["subscriptions"] = info.subscription_count;
}

void WriteClient(const ConnzQuery& query, const ConnectionInfo& info, json::object& object) {
  WriteUnlessEmpty(object, "name", info.name);
  WriteUnlessEmpty(object, "lang", info.lang);
  WriteUnlessEmpty(object, "version", info.version);
  WriteUnlessEmpty(object, "tls_version", info.tls_version);
  WriteUnlessEmpty(object, "tls_cipher_suite", info.tls_cipher_suite);
  if (info.tls_first) object["tls_first"] = true;
  if (!query.auth) return;
  WriteUnlessEmpty(object, "authorized_user", info.user);
  if (info.account != Account::kGlobalName) WriteUnlessEmpty(object, "account", info.account);
}

void WriteSubscriptions(const ConnzQuery& query, const ConnectionInfo& info, json::object& object) {
  if (info.subscriptions.empty()) return;
  if (query.subscriptions == ConnzQuery::Subscriptions::kSubjects) {
    json::array& list = object["subscriptions_list"].emplace_array();
    for (const SubscriptionInfo& one : info.subscriptions) list.emplace_back(one.subject);
  }
  if (query.subscriptions == ConnzQuery::Subscriptions::kDetail) {
    const bool ended = info.stop_unix_millis != 0;
    json::array& list = object["subscriptions_list_detail"].emplace_array();
    for (const SubscriptionInfo& one : info.subscriptions) {
      list.push_back(SubscriptionJson(one, ended));
    }
  }
}

// The open connections of one shard that are asked for, and how many there are in all.
struct Share {
  Connections connections;
  std::size_t total = 0;
};

Share ShareOf(ServerShard& part, const ConnzQuery& query) {
  Share share;
  const bool subscriptions = query.subscriptions != ConnzQuery::Subscriptions::kNone;
  for (const Session* const session : part.sessions()) {
    if (!query.account.empty() && session->account().name() != query.account) {
      if (query.cid != session->client_id()) continue;
    } else {
      ++share.total;
    }
    if (query.cid > 0 && query.cid != session->client_id()) continue;
    auto info = std::make_shared<const ConnectionInfo>(session->Describe(subscriptions));
    if (query.Selects(*info)) share.connections.push_back(std::move(info));
  }
  return share;
}

// Adds the ended ones that are asked for, and counts those there are.
void AddClosed(Monitor& monitor, const ConnzQuery& query, Share& share) {
  const bool found = query.cid > 0 && !share.connections.empty();
  for (ClosedConnections::Entry& entry : monitor.server().closed_connections().All()) {
    const bool in_account = query.account.empty() || (entry->account == query.account &&
                                                      entry->account != Account::kGlobalName);
    if (in_account) ++share.total;
    if (!found && query.Selects(*entry)) share.connections.push_back(std::move(entry));
  }
}

json::object Connz(Monitor& monitor, const ConnzQuery& query, std::vector<Share> shares) {
  const std::int64_t now = monitor.NowUnixMillis();
  Share all;
  if (query.state != ConnzQuery::State::kClosed) {
    for (Share& share : shares) {
      all.total += share.total;
      std::move(share.connections.begin(), share.connections.end(),
                std::back_inserter(all.connections));
    }
  }
  if (query.state != ConnzQuery::State::kOpen) AddClosed(monitor, query, all);
  SortConnections(query, now, all.connections);
  json::array list;
  for (std::size_t i = query.offset; i < all.connections.size() && list.size() < query.limit; ++i) {
    list.push_back(ConnectionJson(query, now, *all.connections[i]));
  }
  return {{"server_id", monitor.server().server_id()},
          {"now", GoTime(now)},
          {"num_connections", list.size()},
          {"total", all.total},
          {"offset", query.offset},
          {"limit", query.limit},
          {"connections", std::move(list)}};
}

// What nats-server says of an account it does not know.
json::object NoSuchAccount(Monitor& monitor, const ConnzQuery& query) {
  return {{"server_id", ""},        {"now", GoTime(monitor.NowUnixMillis())},
          {"num_connections", 0},   {"total", 0},
          {"offset", query.offset}, {"limit", query.limit},
          {"connections", nullptr}};
}

bool HasAccount(const Server& server, const std::string& name) {
  for (const std::shared_ptr<Account>& account : server.accounts()) {
    if (account->name() == name) return true;
  }
  return false;
}

}  // namespace

json::object ConnectionJson(const ConnzQuery& query, std::int64_t now, const ConnectionInfo& info) {
  const ConnectionCounts& counts = info.counts;
  const bool ended = info.stop_unix_millis != 0;
  const std::int64_t until = ended ? info.stop_unix_millis : now;
  json::object object{{"cid", info.cid},
                      {"kind", "Client"},
                      {"type", "nats"},
                      {"ip", info.ip},
                      {"port", info.port},
                      {"start", GoTime(counts.start_unix_millis)},
                      {"last_activity", GoTime(counts.active_unix_millis)}};
  if (ended) {
    object["stop"] = GoTime(info.stop_unix_millis);
    object["reason"] = std::string(TextOf(info.reason));
  }
  object["rtt"] = RoundTripText(counts.round_trip);
  object["uptime"] = Uptime(until - counts.start_unix_millis);
  object["idle"] = Uptime(until - counts.active_unix_millis);
  WriteCounts(info, object);
  WriteClient(query, info, object);
  WriteSubscriptions(query, info, object);
  // nats-server tells this of an ended connection only outside the default account.
  if (query.auth && (!ended || info.account != Account::kGlobalName)) {
    object["name_tag"] = info.account;
  }
  return object;
}

void ServeConnz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply) {
  Parameters parameters(request);
  const ConnzQuery query = ConnzQuery::Read(parameters);
  if (!parameters.ok()) return reply.Send(parameters.Refusal());
  monitor.Count("/connz");
  query.CheckSort(parameters);
  if (!parameters.ok()) return reply.Send(parameters.Refusal());
  if (!query.account.empty() && !HasAccount(monitor.server(), query.account)) {
    return reply.Send(JsonPage(IndentedJson(NoSuchAccount(monitor, query))));
  }
  Gather<Share>(
      monitor.server(), monitor.home(), [query](ServerShard& part) { return ShareOf(part, query); },
      [&monitor, query, reply](std::vector<Share> shares) {
        reply.Send(JsonPage(IndentedJson(Connz(monitor, query, std::move(shares)))));
      });
}

}  // namespace wherry::nats
