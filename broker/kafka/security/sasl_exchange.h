#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/kafka/security/scram.h"
#include "broker/kafka/security/settings.h"
#include "broker/runtime/clock.h"

namespace wherry::kafka {

// What the server answers to a client's token. A value.
struct SaslStep {
  enum class Outcome { kMore, kDone, kFailed };
  Outcome outcome = Outcome::kFailed;
  std::string token;  // for the client
  std::string user;   // kDone: who it is
  // kDone: when what it showed ends to hold, in milliseconds since the epoch; nullopt: never.
  std::optional<std::int64_t> expires_unix_millis;
  // kFailed: what the client is told; empty: no more than that its credentials are not valid.
  std::string error;
  std::string reason;  // kFailed: what happened, for the log; never anything secret

  static SaslStep More(std::string token) { return {.outcome = Outcome::kMore, .token = token}; }
  static SaslStep Done(std::string user, std::string token) {
    return {.outcome = Outcome::kDone, .token = std::move(token), .user = std::move(user)};
  }
  // Told to the client.
  static SaslStep Failed(std::string error) { return {.error = error, .reason = error}; }
  // Not told.
  static SaslStep FailedBecause(std::string reason) { return {.reason = std::move(reason)}; }
};

// One authentication by one of SASL's mechanisms, seen from the server: the client's tokens come
// in, ours go out, until it is done or has failed.
// Threads: the home shard. Owned by the connection's Authentication; what it was made of outlives
// it.
class SaslExchange {
 public:
  virtual ~SaslExchange() = default;
  virtual SaslStep Evaluate(std::string_view token) = 0;
};

// PLAIN: the user's name and password, as they are.
std::unique_ptr<SaslExchange> MakePlainExchange(const SecuritySettings& settings);
// SCRAM (RFC 5802, 7677). `find` gives a user's credential, nullptr: it has none. `nonce`: the
// server's part of it; empty: one that nobody can guess.
using FindScramCredential = std::function<const ScramCredential*(const std::string& user)>;
std::unique_ptr<SaslExchange> MakeScramExchange(ScramMechanism mechanism, FindScramCredential find,
                                                std::string nonce = "");
// OAUTHBEARER (RFC 7628) with tokens that nobody has signed.
std::unique_ptr<SaslExchange> MakeOauthBearerExchange(const runtime::Clock& clock);

}  // namespace wherry::kafka
