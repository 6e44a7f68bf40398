#include "broker/nats/monitor/sublist_stats.h"

#include <algorithm>

namespace wherry::nats {

namespace {

double Ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void SublistStats::Add(const Account& account) {
  // In this order: what is removed in between must not make more removals than insertions.
  const std::uint64_t there = account.subscription_count();
  subscriptions += there;
  inserts += std::max<std::uint64_t>(account.insert_count(), there);
}

void SublistStats::Add(const Router::Stats& stats) {
  routes += stats.routes;
  finds += stats.finds;
  found += stats.found;
  max_fanout = std::max<std::uint64_t>(max_fanout, stats.max_fanout);
  total_fanout += stats.total_fanout;
}

void SublistStats::Add(const SublistStats& other) {
  subscriptions += other.subscriptions;
  inserts += other.inserts;
  routes += other.routes;
  finds += other.finds;
  found += other.found;
  max_fanout = std::max(max_fanout, other.max_fanout);
  total_fanout += other.total_fanout;
}

void SublistStats::WriteTo(boost::json::object& object) const {
  object["num_subscriptions"] = subscriptions;
  object["num_cache"] = routes;
  object["num_inserts"] = inserts;
  object["num_removes"] = inserts - subscriptions;
  object["num_matches"] = finds;
  object["cache_hit_rate"] = Ratio(found, finds);
  object["max_fanout"] = max_fanout;
  object["avg_fanout"] = Ratio(total_fanout, routes);
}

}  // namespace wherry::nats
