#include "broker/embed/nats_configuration.h"

#include "absl/strings/str_cat.h"
#include "broker/embed/nats_security.h"
#include "broker/embed/tls.h"
#include "broker/net/endpoint.h"

namespace wherry::embed {

namespace {

absl::Status CheckLimits(const NatsOptions& options) {
  const auto positive = [](const char* name, std::int64_t value) {
    if (value > 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("nats.", name, " is ", value, "; it must be above 0"));
  };
  for (const absl::Status& status :
       {positive("max_payload", options.max_payload),
        positive("max_control_line", options.max_control_line),
        positive("max_pending", options.max_pending),
        positive("max_connections", options.max_connections),
        positive("max_closed_clients", options.max_closed_clients),
        positive("ping_interval", options.ping_interval.count()),
        positive("lame_duck_duration", options.lame_duck_duration.count())}) {
    if (!status.ok()) return status;
  }
  if (options.allow_non_tls && !options.tls.has_value()) {
    return absl::InvalidArgumentError(
        "nats.allow_non_tls is set without nats.tls; without TLS every client may do without");
  }
  return absl::OkStatus();
}

// "host:port", "[v6]:port", or "host" for the default port.
absl::StatusOr<nats::AdvertisedAddress> Advertised(std::string_view text) {
  constexpr std::uint16_t kDefaultPort = 4222;
  nats::AdvertisedAddress address;
  if (text.empty()) return address;
  // Read as the address of a listener is.
  const absl::StatusOr<net::ListenUrl> url =
      net::ListenUrl::Parse(absl::StrCat("nats://", std::string(text)));
  if (!url.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "nats.client_advertise is \"", std::string(text), "\"; write it like host:4222"));
  }
  address.host = url->host;
  address.port = url->port == 0 ? kDefaultPort : url->port;
  return address;
}

nats::Settings SettingsOf(const NatsOptions& options, std::shared_ptr<net::TlsAcceptor> tls) {
  nats::Settings settings;
  settings.server_name = options.server_name;
  if (options.tls.has_value()) {
    settings.auth_timeout = options.tls->timeout + std::chrono::seconds(1);
    settings.tls = TlsPlanOf(options, std::move(tls));
  }
  if (options.auth_timeout.count() > 0) settings.auth_timeout = options.auth_timeout;
  settings.max_payload = options.max_payload;
  settings.max_control_line = options.max_control_line;
  settings.max_pending = options.max_pending;
  settings.write_deadline = options.write_deadline;
  settings.max_connections = options.max_connections;
  settings.max_subscriptions = options.max_subscriptions;
  settings.max_subscription_tokens = options.max_subscription_tokens;
  settings.headers = options.headers;
  settings.stall_fast_producers = options.stall_fast_producers;
  settings.ping_interval = options.ping_interval;
  settings.max_pings_out = options.max_pings_out;
  settings.lame_duck_duration = options.lame_duck_duration;
  settings.lame_duck_grace_period = options.lame_duck_grace_period;
  settings.max_closed_clients = static_cast<std::size_t>(options.max_closed_clients);
  settings.server_tags = options.server_tags;
  settings.server_metadata = options.server_metadata;
  settings.trace = options.trace;
  return settings;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const nats::Configuration>> NatsConfiguration(
    const NatsOptions& options) {
  if (absl::Status status = CheckLimits(options); !status.ok()) return status;
  auto tls = LoadNatsTls(options);
  if (!tls.ok()) return tls.status();
  auto authenticator = nats::Authenticator::Create(AuthenticatorSettings(options));
  if (!authenticator.ok()) return authenticator.status();
  auto advertised = Advertised(options.client_advertise);
  if (!advertised.ok()) return advertised.status();
  auto configuration = std::make_shared<nats::Configuration>();
  configuration->settings = SettingsOf(options, *std::move(tls));
  configuration->settings.client_advertise = *std::move(advertised);
  configuration->authenticator = *std::move(authenticator);
  for (const NatsAccount& account : options.accounts) {
    configuration->accounts.emplace_back(
        account.name, nats::AccountLimits{account.max_connections, account.max_subscriptions,
                                          account.max_payload});
  }
  return configuration;
}

}  // namespace wherry::embed
