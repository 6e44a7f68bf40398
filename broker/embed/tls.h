#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "broker/nats/tls_start.h"
#include "broker/net/tls_acceptor.h"
#include "wherry/nats_options.h"

// From TLS as the public options say it to TLS as the server's parts take it.
namespace wherry::embed {

net::TlsSettings TlsSettingsOf(const TlsOptions& options);

// Reads the files; nullptr without TLS. kInvalidArgument names the option, the file and the reason.
absl::StatusOr<std::shared_ptr<net::TlsAcceptor>> LoadNatsTls(const NatsOptions& options);

// For monitoring over TLS: NATS' certificate, and no certificate wanted of whoever looks (as with
// nats-server). kInvalidArgument also without options.tls.
absl::StatusOr<std::shared_ptr<net::TlsAcceptor>> LoadHttpsTls(const NatsOptions& options);

// Requires options.tls.
nats::TlsPlan TlsPlanOf(const NatsOptions& options, std::shared_ptr<net::TlsAcceptor> acceptor);

}  // namespace wherry::embed
