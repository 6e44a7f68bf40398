// From nats-server's settings, with its defaults, to the broker's options.
#include <algorithm>
#include <limits>

#include "tools/nats_server/settings.h"
#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

Status Invalid(std::string why) { return Status(StatusCode::kInvalidArgument, std::move(why)); }

std::int32_t Clamped(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(
      value, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
}

// nats-server takes 0 for "not given".
template <typename T, typename V>
void SetIfGiven(T& target, V value) {
  if (value != V{}) target = value;
}

Status CheckUsers(const NatsOptions& nats) {
  if (nats.no_auth_user.empty()) return Status();
  if (nats.users.empty())
    return Invalid("no_auth_user: \"" + nats.no_auth_user +
                   "\" present, but users/nkeys are not defined");
  for (const NatsUser& user : nats.users)
    if ((user.nkey.empty() ? user.user : user.nkey) == nats.no_auth_user) return Status();
  return Invalid("no_auth_user: \"" + nats.no_auth_user +
                 "\" not present as user or nkey in authorization block or account configuration");
}

Status Check(const NatsOptions& nats) {
  if (nats.lame_duck_grace_period >= nats.lame_duck_duration)
    return Invalid("lame duck grace period (" + FormatDuration(nats.lame_duck_grace_period) +
                   ") should be strictly lower than lame duck duration (" +
                   FormatDuration(nats.lame_duck_duration) + ")");
  if (nats.max_payload > nats.max_pending)
    return Invalid("max_payload (" + std::to_string(nats.max_payload) +
                   ") cannot be higher than max_pending (" + std::to_string(nats.max_pending) +
                   ")");
  if (nats.server_name.find(' ') != std::string::npos)
    return Invalid("server name cannot contain spaces");
  return CheckUsers(nats);
}

// "nats://127.0.0.1:4222". nats-server listens on IPv4 and IPv6 for both wildcards.
StatusOr<std::string> ListenUrl(const std::string& protocol, const std::string& host,
                                std::int64_t port) {
  if (port == kAnyFreePort) port = 0;
  if (port < 0 || port > std::numeric_limits<std::uint16_t>::max())
    return Invalid("port " + std::to_string(port) + " is not a number from 1 to 65535, nor -1");
  const bool all = host == kAllInterfaces || host == "::";
  return protocol + "://" + JoinHostPort(all ? "*" : host, port);
}

}  // namespace

std::string ClientHost(const Settings& settings) {
  return settings.host.empty() ? kAllInterfaces : settings.host;
}

std::string MonitoringHost(const Settings& settings) {
  return settings.http_host.empty() ? ClientHost(settings) : settings.http_host;
}

StatusOr<Options> BrokerOptions(const Settings& settings) {
  Options options;
  options.nats = settings.nats;
  NatsOptions& nats = options.nats;
  SetIfGiven(nats.max_payload, Clamped(settings.max_payload));
  SetIfGiven(nats.max_control_line, Clamped(settings.max_control_line));
  SetIfGiven(nats.max_pending, settings.max_pending);
  SetIfGiven(nats.max_connections, Clamped(settings.max_connections));
  // The broker counts connections in 32 bits anyway.
  if (nats.max_connections < 0) nats.max_connections = std::numeric_limits<std::int32_t>::max();
  nats.max_subscriptions = std::max(0, Clamped(settings.max_subscriptions));
  SetIfGiven(nats.max_pings_out, Clamped(settings.max_pings_out));
  SetIfGiven(nats.max_closed_clients, Clamped(settings.max_closed_clients));
  SetIfGiven(nats.ping_interval, settings.ping_interval);
  SetIfGiven(nats.write_deadline, settings.write_deadline);
  SetIfGiven(nats.lame_duck_duration, settings.lame_duck_duration);
  SetIfGiven(nats.lame_duck_grace_period, settings.lame_duck_grace_period);
  nats.trace = settings.log.trace;
  if (Status status = Check(nats); !status.ok()) return status;

  options.control = ControlAccess::kOff;  // nats-server has no such pages
  StatusOr<std::string> url =
      ListenUrl("nats", ClientHost(settings), settings.port == 0 ? kDefaultPort : settings.port);
  if (!url.ok()) return url.status();
  options.listen.push_back(*url);
  if (settings.http_port != 0 && settings.https_port != 0)
    return Invalid("can't specify both HTTP (" + std::to_string(settings.http_port) +
                   ") and HTTPs (" + std::to_string(settings.https_port) + ") ports");
  if (settings.https_port != 0 && !nats.tls.has_value())
    return Invalid("TLS cert and key required for HTTPS");
  if (settings.http_port != 0 || settings.https_port != 0) {
    const bool https = settings.https_port != 0;
    url = ListenUrl(https ? "https" : "http", MonitoringHost(settings),
                    https ? settings.https_port : settings.http_port);
    if (!url.ok()) return url.status();
    options.listen.push_back(*url);
  }
  return options;
}

}  // namespace wherry::nats_server
