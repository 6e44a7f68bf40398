#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/nats/router.h"
#include "broker/nats/tls_start.h"
#include "broker/net/connection.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

// How one NATS server is to behave. Durations as nats-server's defaults.
struct Settings {
  std::string token;
  std::string user;
  std::string password;
  TlsPlan tls;
  std::int32_t max_payload = 1024 * 1024;
  std::int32_t max_control_line = 4096;
  std::int64_t max_pending = 64 * 1024 * 1024;
  std::int32_t max_connections = 64 * 1024;
  runtime::Duration auth_timeout = std::chrono::seconds(2);
  runtime::Duration ping_interval = std::chrono::minutes(2);
  int max_pings_out = 2;
  // A publisher rests this long when one of its subscribers lags by three quarters of max_pending.
  runtime::Duration producer_stall = std::chrono::milliseconds(5);

  bool requires_auth() const { return !token.empty() || !user.empty() || !password.empty(); }
};

// What has happened since the start, as /varz shows it.
struct Counters {
  std::uint64_t total_connections = 0;
  std::uint64_t in_msgs = 0, in_bytes = 0, out_msgs = 0, out_bytes = 0;
  std::uint64_t slow_consumers = 0, stale_connections = 0;
};

// One NATS server in one Namespace: what all its connections share.
// Threads: its home shard only. Owned by the composition root.
class Server {
 public:
  using LogLine = std::function<void(std::string_view line)>;

  // The nats-server version whose wire behaviour this is.
  static constexpr std::string_view kNatsVersion = "2.9.25";

  Server(Settings settings, runtime::Shard& home, LogLine log);

  std::unique_ptr<net::Session> MakeSession(net::Connection& connection);

  // The INFO line for one connection, with its line end; for one that began with the TLS handshake
  // with `handshake_first`.
  std::string InfoLine(const net::Connection& connection, bool handshake_first = false) const;

  Router& router() { return router_; }
  const Settings& settings() const { return settings_; }
  Counters& counters() { return counters_; }
  std::int32_t connection_count() const { return connection_count_; }
  void ConnectionOpened() {
    ++connection_count_;
    ++counters_.total_connections;
  }
  void ConnectionClosed() { --connection_count_; }
  const std::string& server_id() const { return server_id_; }
  std::int64_t start_unix_millis() const { return start_unix_millis_; }
  runtime::Shard& home() { return home_; }
  void Log(std::string_view line) const {
    if (log_) log_(line);
  }

 private:
  const Settings settings_;
  runtime::Shard& home_;
  const LogLine log_;
  Router router_;
  Counters counters_;
  std::int32_t connection_count_ = 0;
  std::string server_id_;
  std::int64_t start_unix_millis_;
};

}  // namespace wherry::nats
