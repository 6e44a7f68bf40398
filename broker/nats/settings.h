#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/nats/account.h"
#include "broker/nats/authenticator.h"
#include "broker/nats/tls_start.h"
#include "broker/runtime/clock.h"

namespace wherry::nats {

// What INFO says instead of the address at which the client reached us.
struct AdvertisedAddress {
  std::string host;  // empty: nothing
  std::uint16_t port = 0;
};

// How one NATS server is to behave; wherry/nats_options.h says what each means. Durations as
// nats-server's defaults.
struct Settings {
  std::string server_name;  // empty: the server's id
  AdvertisedAddress client_advertise;

  TlsPlan tls;
  runtime::Duration auth_timeout = std::chrono::seconds(2);

  std::int32_t max_payload = 1024 * 1024;
  std::int32_t max_control_line = 4096;
  std::int64_t max_pending = 64 * 1024 * 1024;
  runtime::Duration write_deadline = std::chrono::seconds(10);
  std::int32_t max_connections = 64 * 1024;
  std::int32_t max_subscriptions = 0;        // of a connection; 0: no limit
  std::int32_t max_subscription_tokens = 0;  // 0: no limit
  bool headers = true;
  bool stall_fast_producers = true;
  // A publisher rests this long when one of its subscribers lags by three quarters of max_pending.
  runtime::Duration producer_stall = std::chrono::milliseconds(5);

  runtime::Duration ping_interval = std::chrono::minutes(2);
  int max_pings_out = 2;

  runtime::Duration lame_duck_duration = std::chrono::minutes(2);
  runtime::Duration lame_duck_grace_period = std::chrono::seconds(10);

  std::size_t max_closed_clients = 10000;  // ended connections that monitoring remembers
  std::vector<std::string> server_tags;    // shown by /varz
  std::map<std::string, std::string> server_metadata;

  bool trace = false;
};

// Everything that a reload may change. Immutable, shared by the shards.
struct Configuration {
  Settings settings;
  std::shared_ptr<const Authenticator> authenticator;
  // Besides the default one. A reload adds those that are new; none ends.
  std::vector<std::pair<std::string, AccountLimits>> accounts;
};

}  // namespace wherry::nats
