#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wherry/tls_options.h"

namespace wherry {

// Which subjects are allowed; `deny` is stronger than `allow`, an empty `allow` allows all.
// For subscriptions an entry may be "subject queue": it then speaks of that queue group alone, and
// the queue may hold wildcards.
struct NatsSubjectRules {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
};

// Leave to answer messages that were received: to publish to their reply subjects.
struct NatsAllowResponses {
  // Answers to one message; negative: any number.
  std::int32_t max = 1;
  // After the delivery; negative: never.
  std::chrono::nanoseconds expires = std::chrono::minutes(2);
};

// What a user may do. An absent part allows everything, except that `allow_responses` without
// `publish` allows nothing but answers.
struct NatsPermissions {
  std::optional<NatsSubjectRules> publish;
  std::optional<NatsSubjectRules> subscribe;
  std::optional<NatsAllowResponses> allow_responses;
};

// One user: by name and password, or by nkey.
struct NatsUser {
  std::string user;
  std::string password;  // plain, or a bcrypt hash ("$2a$11$...")
  std::string nkey;      // a public user nkey ("U..."); then user and password are empty
  std::string account;   // a name in NatsOptions::accounts; empty: the default one, "$G"
  std::optional<NatsPermissions> permissions;
  // "STANDARD", "WEBSOCKET", ...: how it may connect; empty: every way.
  std::vector<std::string> allowed_connection_types;
};

// An account: subjects of its own, isolated from all others. It is a Namespace of the broker.
struct NatsAccount {
  std::string name;
  std::int64_t max_connections = -1;    // negative: no limit
  std::int64_t max_subscriptions = -1;  // of all its connections together
  std::int64_t max_payload = -1;        // bytes; the smaller of this and the server's holds
};

// What the broker's NATS side asks of its clients. Without token, user and users, everybody may
// connect and is in the account "$G".
struct NatsOptions {
  // What INFO calls the server; empty: its id.
  std::string server_name;
  // "host:port" that INFO tells clients, for those that come through a proxy or a port mapping;
  // empty: the address at which the client reached us.
  std::string client_advertise;

  // With a token, or a user and password, CONNECT must present them ('Authorization Violation').
  // Token and password may be bcrypt hashes.
  std::string token;
  std::string user;
  std::string password;
  std::vector<NatsUser> users;
  std::vector<NatsAccount> accounts;
  // Whose rights a client has that presents no credentials; empty: it is refused.
  std::string no_auth_user;
  // From the connection to a CONNECT that is accepted; zero: two seconds, or with TLS one second
  // more than its handshake may take.
  std::chrono::nanoseconds auth_timeout{0};

  std::optional<TlsOptions> tls;
  // Clients may also speak without TLS.
  bool allow_non_tls = false;

  // Bytes of payload and headers of one message; more closes the connection.
  std::int32_t max_payload = 1024 * 1024;
  // Bytes of one protocol line; more closes the connection.
  std::int32_t max_control_line = 4096;
  // Bytes that wait to be sent to one connection; a subscriber that lags further is closed.
  std::int64_t max_pending = 64 * 1024 * 1024;
  // How long a connection may take to accept what waits for it; longer closes it.
  std::chrono::nanoseconds write_deadline = std::chrono::seconds(10);
  // At most this many connections at a time.
  std::int32_t max_connections = 64 * 1024;
  // Subscriptions of one connection; 0: no limit.
  std::int32_t max_subscriptions = 0;
  // Tokens of a subscription's subject; 0: no limit.
  std::int32_t max_subscription_tokens = 0;
  // Whether headers (HPUB, HMSG) are spoken.
  bool headers = true;
  // A publisher rests a little when a subscriber lags by three quarters of max_pending.
  bool stall_fast_producers = true;

  // A silent client is asked with PING, and closed after this many without PONG.
  std::chrono::nanoseconds ping_interval = std::chrono::minutes(2);
  std::int32_t max_pings_out = 2;

  // Lame duck: after the grace period, connections are closed one by one over the duration.
  std::chrono::nanoseconds lame_duck_duration = std::chrono::minutes(2);
  std::chrono::nanoseconds lame_duck_grace_period = std::chrono::seconds(10);

  // Ended connections that monitoring remembers.
  std::int32_t max_closed_clients = 10000;
  // Log every protocol line that comes and goes, at LogLevel::kTrace.
  bool trace = false;
  // Shown by /varz.
  std::vector<std::string> server_tags;
  std::map<std::string, std::string> server_metadata;
};

}  // namespace wherry
