#pragma once

#include <cstdint>

#include <boost/json.hpp>

#include "broker/nats/server.h"

namespace wherry::nats {

// How subjects find their subscriptions, in nats-server's terms: its cache is our routes.
// A value, added up over shards and accounts.
struct SublistStats {
  std::uint64_t subscriptions = 0, inserts = 0;                                      // of accounts
  std::uint64_t routes = 0, finds = 0, found = 0, max_fanout = 0, total_fanout = 0;  // of shards

  void Add(const Account& account);
  void Add(const Router::Stats& stats);
  void Add(const SublistStats& other);
  // Appends num_subscriptions to avg_fanout.
  void WriteTo(boost::json::object& object) const;
};

}  // namespace wherry::nats
