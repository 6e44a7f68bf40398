#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/export.h"
#include "wherry/status.h"
#include "wherry/tls_options.h"

namespace wherry {

// A user of Kafka's listeners that ask who a client is: by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
struct KafkaUser {
  std::string user;
  std::string password;
  // Whose topics and groups it sees, and nobody else's: a namespace that the broker makes at its
  // start and that data survives in, or one of Broker::NewNamespace. Empty: the listener's.
  std::string name_space;

  // "ann:s3cret", or "team-a/ann:s3cret" for a user of the namespace team-a; a password may hold
  // any of both signs. kInvalidArgument: it is not like that.
  WHERRY_EXPORT static StatusOr<KafkaUser> Parse(std::string_view text);
};

// As Kafka's ssl.client.auth.
enum class KafkaClientAuth {
  kNone,
  kRequested,  // a certificate that is shown must be good
  kRequired,
};

// What the broker's Kafka side asks of its clients. Which of it a client meets says the listener:
// kafka:// nothing, kafka+ssl:// TLS, kafka+sasl_plaintext:// who it is, kafka+sasl_ssl:// both.
struct KafkaSecurityOptions {
  // Of kafka+ssl:// and kafka+sasl_ssl://. Without users a client's certificate says who it is:
  // "User:CN=ann,O=example". What NATS alone knows must be left alone.
  std::optional<TlsOptions> tls;
  KafkaClientAuth client_auth = KafkaClientAuth::kNone;

  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. Empty: the first three. OAUTHBEARER takes
  // tokens that nobody has signed: whoever comes may be whom they like, so it is for tests.
  std::vector<std::string> sasl_mechanisms;
  // Further ones, for SCRAM, are made by clients (AlterUserScramCredentials) and kept.
  std::vector<KafkaUser> users;
  // As Kafka's connections.max.reauth.ms: for how long a client has said who it is; 0: for good.
  std::chrono::milliseconds max_reauth{0};

  // Whether a client may do only what ACLs allow it (CreateAcls), as with Kafka's
  // StandardAuthorizer.
  bool authorizer = false;
  // Principals that may do everything: "User:admin".
  std::vector<std::string> super_users;
  // Whether what no ACL speaks of is open to everybody.
  bool allow_everyone_if_no_acl_found = false;
};

}  // namespace wherry
