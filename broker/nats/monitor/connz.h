#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "broker/nats/closed_connections.h"
#include "broker/nats/monitor/parameters.h"

namespace wherry::nats {

// What a request to /connz asks for.
struct ConnzQuery {
  enum class State { kOpen, kClosed, kAll };
  enum class Subscriptions { kNone, kSubjects, kDetail };

  std::string sort = "cid";
  bool auth = false;
  Subscriptions subscriptions = Subscriptions::kNone;
  std::size_t offset = 0;
  std::size_t limit = 0;
  std::uint64_t cid = 0;  // 0: any
  State state = State::kOpen;
  std::string user, account, mqtt_client;  // "": any

  // Complaints stand in `parameters`.
  static ConnzQuery Read(Parameters& parameters);
  // Likewise, for an order that is not known or does not fit the state.
  void CheckSort(Parameters& parameters) const;

  // Whether the connection is asked for, as far as it does not depend on others.
  bool Selects(const ConnectionInfo& info) const;
};

using Connections = std::vector<ClosedConnections::Entry>;

// In the order that `query` asks for.
void SortConnections(const ConnzQuery& query, std::int64_t now_unix_millis, Connections& list);
boost::json::object ConnectionJson(const ConnzQuery& query, std::int64_t now_unix_millis,
                                   const ConnectionInfo& info);

}  // namespace wherry::nats
