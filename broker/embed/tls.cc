#include "broker/embed/tls.h"

#include "absl/strings/str_cat.h"

namespace wherry::embed {

namespace {

nats::TlsPlan::HandshakeFirst HandshakeFirstOf(TlsOptions::HandshakeFirst option) {
  switch (option) {
    case TlsOptions::HandshakeFirst::kNo:
      break;
    case TlsOptions::HandshakeFirst::kAlways:
      return nats::TlsPlan::HandshakeFirst::kAlways;
    case TlsOptions::HandshakeFirst::kAuto:
      return nats::TlsPlan::HandshakeFirst::kAuto;
  }
  return nats::TlsPlan::HandshakeFirst::kNo;
}

}  // namespace

net::TlsSettings TlsSettingsOf(const TlsOptions& options) {
  net::TlsSettings settings;
  settings.cert_file = options.cert_file;
  settings.key_file = options.key_file;
  settings.ca_file = options.ca_file;
  settings.verify = options.verify || options.verify_and_map;
  settings.timeout = options.timeout;
  settings.min_version = options.min_version;
  settings.cipher_suites = options.cipher_suites;
  settings.curve_preferences = options.curve_preferences;
  settings.pinned_certs = options.pinned_certs;
  settings.connection_rate_limit = options.connection_rate_limit;
  return settings;
}

absl::StatusOr<std::shared_ptr<net::TlsAcceptor>> LoadNatsTls(const NatsOptions& options) {
  if (!options.tls.has_value()) return nullptr;
  if (options.tls->handshake_first_wait <= std::chrono::nanoseconds::zero()) {
    return absl::InvalidArgumentError("nats.tls.handshake_first_wait must be above 0");
  }
  auto acceptor = net::TlsAcceptor::Load(TlsSettingsOf(*options.tls));
  if (acceptor.ok()) return acceptor;
  return absl::Status(acceptor.status().code(),
                      absl::StrCat("nats.", std::string(acceptor.status().message())));
}

absl::StatusOr<std::shared_ptr<net::TlsAcceptor>> LoadHttpsTls(const NatsOptions& options) {
  if (!options.tls.has_value()) {
    return absl::InvalidArgumentError(
        "an https listener needs nats.tls, whose certificate and key it uses");
  }
  net::TlsSettings settings = TlsSettingsOf(*options.tls);
  settings.verify = false;
  settings.pinned_certs.clear();
  settings.connection_rate_limit = 0;
  return net::TlsAcceptor::Load(settings);
}

nats::TlsPlan TlsPlanOf(const NatsOptions& options, std::shared_ptr<net::TlsAcceptor> acceptor) {
  nats::TlsPlan plan;
  plan.acceptor = std::move(acceptor);
  plan.handshake_first = HandshakeFirstOf(options.tls->handshake_first);
  plan.handshake_first_wait = options.tls->handshake_first_wait;
  plan.allow_non_tls = options.allow_non_tls;
  return plan;
}

}  // namespace wherry::embed
