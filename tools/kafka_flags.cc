#include "tools/kafka_flags.h"

#include <limits>
#include <map>

#include "tools/flags.h"

namespace wherry::server {
namespace {

const std::map<std::string, KafkaClientAuth> kClientAuth = {
    {"none", KafkaClientAuth::kNone},
    {"requested", KafkaClientAuth::kRequested},
    {"required", KafkaClientAuth::kRequired}};
const std::map<std::string, bool> kOnOff = {{"on", true}, {"off", false}};

}  // namespace

void DeclareKafkaSecurity(CLI::App& app, KafkaFlags& flags, KafkaSecurityOptions& security) {
  const char* group = "Kafka's security";
  Repeatable(AddValue(app, "--kafka-user", flags.users, "NAME:PASSWORD",
                      "User of kafka+sasl_plaintext:// and kafka+sasl_ssl://, repeatable\n"
                      "(better in the environment); NAMESPACE/NAME:PASSWORD sees topics\n"
                      "of its own"))
      ->group(group);
  Repeatable(AddValue(app, "--kafka-sasl-mechanisms", security.sasl_mechanisms, "NAME",
                      "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 (without it all three) or\n"
                      "OAUTHBEARER, whose tokens nobody signs; repeatable"))
      ->group(group);
  AddValue(app, "--kafka-tls-cert", flags.tls_cert, "FILE",
           "Certificate (PEM) of kafka+ssl:// and kafka+sasl_ssl://")
      ->group(group);
  AddValue(app, "--kafka-tls-key", flags.tls_key, "FILE", "Its private key (PEM)")->group(group);
  AddValue(app, "--kafka-tls-ca", flags.tls_ca, "FILE",
           "Who may sign clients' certificates (PEM)")
      ->group(group);
  AddValue(app, "--kafka-client-auth", flags.client_auth, "none|requested|required",
           "Whether clients show a certificate, which says who they are")
      ->check(OneOf(kClientAuth))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-max-reauth-ms", flags.max_reauth_ms, "MS",
           "How long a client has said who it is; 0: for good")
      ->check(CLI::Range(0L, std::numeric_limits<long>::max()).description(""))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-authorizer", flags.authorizer, "on|off",
           "Whether clients may do only what ACLs allow them")
      ->check(OneOf(kOnOff))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-allow-everyone", flags.allow_everyone, "on|off",
           "Whether what no ACL speaks of is open to everybody")
      ->check(OneOf(kOnOff))
      ->capture_default_str()
      ->group(group);
  Repeatable(AddValue(app, "--kafka-super-user", security.super_users, "PRINCIPAL",
                      "Who may do everything, like User:admin; repeatable"))
      ->group(group);
}

Status SettleKafkaSecurity(const KafkaFlags& flags, KafkaSecurityOptions& security) {
  for (const std::string& text : flags.users) {
    StatusOr<KafkaUser> user = KafkaUser::Parse(text);
    if (!user.ok()) {
      return Status(StatusCode::kInvalidArgument, "--kafka-user: " + user.status().message());
    }
    security.users.push_back(std::move(user).value());
  }
  if (!flags.tls_cert.empty() || !flags.tls_key.empty() || !flags.tls_ca.empty()) {
    security.tls = TlsOptions{
        .cert_file = flags.tls_cert, .key_file = flags.tls_key, .ca_file = flags.tls_ca};
  }
  security.client_auth = kClientAuth.at(flags.client_auth);
  security.authorizer = kOnOff.at(flags.authorizer);
  security.allow_everyone_if_no_acl_found = kOnOff.at(flags.allow_everyone);
  security.max_reauth = std::chrono::milliseconds(flags.max_reauth_ms);
  return {};
}

}  // namespace wherry::server
