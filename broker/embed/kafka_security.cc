#include "broker/embed/kafka_security.h"

#include "absl/strings/str_cat.h"
#include "broker/embed/tls.h"

namespace wherry {

StatusOr<KafkaUser> KafkaUser::Parse(std::string_view text) {
  KafkaUser user;
  const std::size_t colon = text.find(':');
  const std::size_t slash = text.substr(0, colon).find('/');
  std::string_view name = text.substr(0, colon);
  if (slash != std::string_view::npos) {
    user.name_space = name.substr(0, slash);
    name.remove_prefix(slash + 1);
  }
  const bool whole = colon != std::string_view::npos && colon + 1 < text.size();
  if (!whole || name.empty() || (slash != std::string_view::npos && user.name_space.empty())) {
    // The text may hold a password.
    return Status(StatusCode::kInvalidArgument,
                  "a user is written like name:password or namespace/name:password");
  }
  user.user = name;
  user.password = text.substr(colon + 1);
  return user;
}

}  // namespace wherry

namespace wherry::embed {

namespace {

absl::Status Named(const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("kafka.security.", std::string(status.message())));
}

}  // namespace

std::optional<KafkaProtocol> KafkaProtocolOf(std::string_view protocol) {
  if (protocol == "kafka") return KafkaProtocol{.tls = false, .sasl = false};
  if (protocol == "kafka+ssl") return KafkaProtocol{.tls = true, .sasl = false};
  if (protocol == "kafka+sasl_plaintext") return KafkaProtocol{.tls = false, .sasl = true};
  if (protocol == "kafka+sasl_ssl") return KafkaProtocol{.tls = true, .sasl = true};
  return std::nullopt;
}

absl::StatusOr<std::shared_ptr<const kafka::SecuritySettings>> KafkaSecuritySettings(
    const KafkaSecurityOptions& options) {
  kafka::SecuritySettings::Given given;
  given.mechanisms = options.sasl_mechanisms;
  for (const KafkaUser& user : options.users) {
    given.users.push_back({user.user, user.password, user.name_space});
  }
  given.max_reauth = options.max_reauth;
  given.authorizer = options.authorizer;
  given.super_users = options.super_users;
  given.allow_everyone_if_no_acl_found = options.allow_everyone_if_no_acl_found;
  auto settings = kafka::SecuritySettings::Make(std::move(given));
  return settings.ok() ? std::move(settings) : Named(settings.status());
}

absl::StatusOr<std::shared_ptr<const net::TlsAcceptor>> LoadKafkaTls(
    const KafkaSecurityOptions& options) {
  if (!options.tls.has_value()) {
    if (options.client_auth == KafkaClientAuth::kNone) return nullptr;
    return absl::InvalidArgumentError(
        "kafka.security.client_auth is set without kafka.security.tls, which shows certificates");
  }
  if (options.tls->verify_and_map ||
      options.tls->handshake_first != TlsOptions::HandshakeFirst::kNo) {
    return absl::InvalidArgumentError(
        "kafka.security.tls: verify_and_map and handshake_first are NATS's; with Kafka a "
        "certificate always names its owner, and the handshake always comes first");
  }
  net::TlsSettings settings = TlsSettingsOf(*options.tls);
  settings.verify |= options.client_auth == KafkaClientAuth::kRequired;
  settings.verify_if_shown = options.client_auth == KafkaClientAuth::kRequested;
  auto acceptor = net::TlsAcceptor::Load(settings);
  if (!acceptor.ok()) return Named(acceptor.status());
  return *std::move(acceptor);
}

}  // namespace wherry::embed
