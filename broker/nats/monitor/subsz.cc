// GET /subsz, /subscriptionsz: how many subscriptions there are, how subjects find them, and on
// request which they are.
//
// subs           list them
// offset, limit  the part of the list to show; 1024 at most by default
// test           only those that a message on this subject would reach
// acc            only those of this account
#include "broker/nats/monitor/gather.h"
#include "broker/nats/monitor/json.h"
#include "broker/nats/monitor/pages.h"
#include "broker/nats/monitor/parameters.h"
#include "broker/nats/monitor/sublist_stats.h"
#include "broker/nats/monitor/subscription_json.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace json = boost::json;

namespace {

constexpr std::int64_t kDefaultLimit = 1024;

struct Wanted {
  bool list = false;
  std::size_t offset = 0;
  std::size_t limit = kDefaultLimit;
  std::string test;
  std::string account;
};

// What one shard has: no more of its subscriptions than can be shown, and their number.
struct Share {
  SublistStats stats;
  std::size_t total = 0;
  std::vector<SubscriptionInfo> subscriptions;
};

void ListAccount(ServerShard& part, const Account& account, const Wanted& wanted, Share& share) {
  const int shard = part.shard().index();
  const auto visit = [&](const SubscriptionPtr& subscription) {
    // Its counts are its own shard's.
    if (subscription->shard() != shard) return;
    if (++share.total > wanted.offset && share.total - wanted.offset > wanted.limit) return;
    share.subscriptions.push_back(InfoOf(*subscription, account.name()));
  };
  if (wanted.test.empty()) {
    account.ForEachSubscription(shard, visit);
  } else {
    account.ForEachMatch(shard, wanted.test, visit);
  }
}

Share ShareOf(ServerShard& part, const Wanted& wanted) {
  Share share;
  for (const std::shared_ptr<Account>& account : part.server().accounts()) {
    if (!wanted.account.empty() && account->name() != wanted.account) continue;
    share.stats.Add(part.RouterStatsOf(*account));
    if (wanted.list) ListAccount(part, *account, wanted, share);
  }
  return share;
}

json::array Listed(const std::vector<Share>& shares, const Wanted& wanted) {
  json::array list;
  std::size_t skip = wanted.offset;
  for (const Share& share : shares) {
    for (const SubscriptionInfo& subscription : share.subscriptions) {
      if (skip > 0) {
        --skip;
      } else if (list.size() < wanted.limit) {
        list.push_back(SubscriptionJson(subscription, true));
      }
    }
  }
  return list;
}

void Answer(Monitor& monitor, const Wanted& wanted, const std::vector<Share>& shares,
            const net::HttpReply& reply) {
  SublistStats stats;
  std::size_t total = 0;
  for (const std::shared_ptr<Account>& account : monitor.server().accounts()) {
    if (wanted.account.empty() || account->name() == wanted.account) stats.Add(*account);
  }
  for (const Share& share : shares) {
    stats.Add(share.stats);
    total += share.total;
  }
  json::object subsz{{"server_id", monitor.server().server_id()},
                     {"now", GoTime(monitor.NowUnixMillis())}};
  stats.WriteTo(subsz);
  subsz["total"] = total;
  subsz["offset"] = wanted.offset;
  subsz["limit"] = wanted.limit;
  json::array list = Listed(shares, wanted);
  if (!list.empty()) subsz["subscriptions_list"] = std::move(list);
  reply.Send(JsonPage(IndentedJson(subsz)));
}

}  // namespace

void ServeSubsz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply) {
  monitor.Count("/subsz");
  Parameters parameters(request);
  Wanted wanted;
  wanted.list = parameters.Bool("subs");
  wanted.offset = static_cast<std::size_t>(std::max<std::int64_t>(parameters.Int("offset"), 0));
  const std::int64_t limit = parameters.Int("limit");
  wanted.limit = static_cast<std::size_t>(limit <= 0 ? kDefaultLimit : limit);
  wanted.test = parameters.Text("test");
  wanted.account = parameters.Text("acc");
  if (!wanted.test.empty() && !IsValidLiteralSubject(wanted.test)) {
    parameters.Complain("invalid test subject, must be valid publish subject: " + wanted.test);
  }
  if (!parameters.ok()) return reply.Send(parameters.Refusal());
  Gather<Share>(
      monitor.server(), monitor.home(),
      [wanted](ServerShard& part) { return ShareOf(part, wanted); },
      [&monitor, wanted, reply](const std::vector<Share>& shares) {
        Answer(monitor, wanted, shares, reply);
      });
}

}  // namespace wherry::nats
