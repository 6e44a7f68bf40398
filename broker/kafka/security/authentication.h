#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/kafka/security/entrance.h"
#include "broker/kafka/security/principal.h"
#include "broker/kafka/security/sasl_exchange.h"
#include "broker/runtime/shard.h"
#include "broker/runtime/timers.h"

namespace wherry::kafka {

// How far a client has come in saying who it is, at a listener that asks (KIP-43, 152, 368): first
// it may ask for ApiVersions; SaslHandshake names a mechanism; then its tokens come, as
// SaslAuthenticate or, after a handshake of version 0, bare. Until that is done nothing else is
// handled. A session that ends may be prolonged by another handshake before.
// Threads: the connection's shard. Owned by the connection's session.
class Authentication {
 public:
  // As Kafka's sasl.server.max.receive.size: who is nobody yet sends little.
  static constexpr std::int32_t kMaxRequestSize = 512 * 1024;
  // From the connection to the end of the authentication; longer closes the connection.
  static constexpr runtime::Duration kTimeout = std::chrono::seconds(30);
  // As Kafka's connection.failed.authentication.delay.ms: guessing takes time.
  static constexpr runtime::Duration kFailureDelay = std::chrono::milliseconds(100);
  // As in Kafka: from one beginning again to the next.
  static constexpr runtime::Duration kMinReauthInterval = std::chrono::seconds(1);

  // `enter` takes the session to where the user of that name belongs, and has it be that user;
  // false: it belongs nowhere. `give_up` closes the connection, for that reason.
  using Enter = std::function<bool(const std::string& user)>;
  using GiveUp = std::function<void(std::string_view why)>;
  Authentication(const Entrance& entrance, runtime::Shard& shard, Enter enter, GiveUp give_up);

  bool complete() const { return state_ == State::kComplete; }
  // What comes next is a token without a header.
  bool takes_bare_tokens() const { return state_ == State::kBareTokens; }
  const std::vector<std::string>& mechanisms() const { return entrance_.settings->mechanisms(); }

  // Whether a request of this API may be handled now.
  enum class Admission {
    kYes,
    kRefused,  // answered with ILLEGAL_SASL_STATE, then the connection closes
    kNever,    // the connection closes
  };
  // `why`, if it may not: for the log.
  Admission Admit(std::int16_t api_key, const char* api_name, std::string& why);

  // SaslHandshake. nullopt: there is nothing to begin (ILLEGAL_SASL_STATE); false: the mechanism is
  // not offered, and that was all.
  std::optional<bool> Begin(const std::string& mechanism, std::int16_t version);

  // One token of the client's. After kFailed call Delay.
  SaslStep Evaluate(std::string_view token);
  // After SaslStep::kDone: for how long; 0: for good.
  std::int64_t session_lifetime_ms() const { return session_lifetime_ms_; }
  // Whether tokens are awaited at all.
  bool exchanging() const { return exchange_ != nullptr; }
  // Runs `answer` when a failed client has waited long enough.
  void Delay(absl::AnyInvocable<void()> answer);

 private:
  enum class State { kBeginning, kTokens, kBareTokens, kComplete, kFailed };

  bool MayBeginAgain() const;
  bool Expired() const;
  SaslStep Complete(SaslStep step);
  SaslStep Failed(SaslStep step);
  std::unique_ptr<SaslExchange> MakeExchange(const std::string& mechanism) const;

  const Entrance& entrance_;
  runtime::Shard& shard_;
  const Enter enter_;
  const GiveUp give_up_;
  State state_ = State::kBeginning;
  std::string mechanism_;
  std::string refused_mechanism_;  // another than before, which the next token hears of
  std::unique_ptr<SaslExchange> exchange_;
  std::string user_;  // "": nobody yet
  std::int64_t session_lifetime_ms_ = 0;
  std::optional<runtime::Instant> session_ends_;
  std::optional<runtime::Instant> began_again_;
  runtime::Timer patience_;
};

// Who is at the other end of a connection.
// Threads: the connection's shard. Owned by the connection's session.
struct Client {
  Principal principal;
  std::unique_ptr<Authentication> authentication;  // null: the listener does not ask
};

}  // namespace wherry::kafka
