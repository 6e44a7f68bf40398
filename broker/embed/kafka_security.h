#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "broker/kafka/security/settings.h"
#include "broker/net/tls_acceptor.h"
#include "wherry/kafka_security_options.h"

// What the options say of Kafka's security, in the words of broker/kafka and broker/net.
namespace wherry::embed {

// How clients come in by a listener, as its URL says it.
struct KafkaProtocol {
  bool tls = false;
  bool sasl = false;
};
// nullopt: not Kafka's.
std::optional<KafkaProtocol> KafkaProtocolOf(std::string_view protocol);

// kInvalidArgument names the option that cannot work, and why.
absl::StatusOr<std::shared_ptr<const kafka::SecuritySettings>> KafkaSecuritySettings(
    const KafkaSecurityOptions& options);
// Reads the files; nullptr without TLS.
absl::StatusOr<std::shared_ptr<const net::TlsAcceptor>> LoadKafkaTls(
    const KafkaSecurityOptions& options);

}  // namespace wherry::embed
