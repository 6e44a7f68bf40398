#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/nats/close_reason.h"
#include "broker/nats/subscription.h"
#include "broker/runtime/clock.h"

namespace wherry::nats {

// What monitoring counts of one connection. Threads: its session's. Owned by the session.
struct ConnectionCounts {
  std::uint64_t in_msgs = 0, in_bytes = 0, out_msgs = 0, out_bytes = 0;
  std::int64_t start_unix_millis = 0;
  std::int64_t active_unix_millis = 0;  // messages came or went, or interest changed
  runtime::Duration round_trip{0};      // 0: not measured yet
  runtime::Instant ping_sent;           // the latest; before the first, when it was opened
  std::uint32_t stalls = 0;
};

// One subscription, as /connz and /subsz show it. A value.
struct SubscriptionInfo {
  std::string account;
  std::string subject;
  std::string queue;
  std::string sid;
  std::uint64_t msgs = 0;
  std::uint64_t max = 0;  // 0: none
  std::uint64_t cid = 0;  // 0: it is inside the process
};

// On the subscription's shard.
SubscriptionInfo InfoOf(const Subscription& subscription, std::string_view account);

// One connection, as /connz shows it: a copy that any thread may read. A value.
struct ConnectionInfo {
  std::uint64_t cid = 0;
  std::string ip;
  std::uint16_t port = 0;
  ConnectionCounts counts;
  std::int64_t stop_unix_millis = 0;  // 0: it is open
  CloseReason reason = CloseReason::kNone;
  std::size_t pending_bytes = 0;
  std::size_t subscription_count = 0;
  std::string name, lang, version;
  std::string user;                           // "" where no credentials were presented
  std::string account;                        // "" before it is in one
  std::string tls_version, tls_cipher_suite;  // "" without TLS
  bool tls_first = false;
  std::vector<SubscriptionInfo> subscriptions;  // where asked for, and of those that ended
};

}  // namespace wherry::nats
