#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "wherry/options.h"

namespace wherry::server {

// What the command line says of Kafka's security. A value.
struct KafkaFlags {
  std::vector<std::string> users;  // "[NAMESPACE/]NAME:PASSWORD"
  std::string tls_cert, tls_key, tls_ca;
  std::string client_auth = "none";
  std::string authorizer = "off";
  std::string allow_everyone = "off";
  long max_reauth_ms = 0;
};

void DeclareKafkaSecurity(CLI::App& app, KafkaFlags& flags, KafkaSecurityOptions& security);
// Settles what depends on several flags. kInvalidArgument names the flag.
Status SettleKafkaSecurity(const KafkaFlags& flags, KafkaSecurityOptions& security);

}  // namespace wherry::server
