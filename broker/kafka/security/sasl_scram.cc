#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/kafka/security/sasl_exchange.h"
#include "protocol/kafka/scram_message.h"

namespace wherry::kafka {

namespace {

class ScramExchange final : public SaslExchange {
 public:
  ScramExchange(ScramMechanism mechanism, FindScramCredential find, std::string nonce)
      : mechanism_(mechanism), find_(std::move(find)), nonce_(std::move(nonce)) {}

  SaslStep Evaluate(std::string_view token) override {
    if (!credential_.has_value()) return Begin(token);
    return Finish(token);
  }

 private:
  SaslStep Begin(std::string_view token) {
    const absl::StatusOr<ScramClientFirst> first = ScramClientFirst::Parse(token);
    if (!first.ok()) return SaslStep::FailedBecause(std::string(first.status().message()));
    if (first->token_authenticated) {
      return SaslStep::FailedBecause("delegation tokens are not supported");
    }
    if (!first->authorization_id.empty() && first->authorization_id != first->user) {
      return SaslStep::Failed(
          "Authentication failed: Client requested an authorization id that is different from "
          "username");
    }
    const ScramCredential* const known = find_(first->user);
    if (known == nullptr) return SaslStep::FailedBecause("Invalid user credentials");
    user_ = first->user;
    // A copy: an administrator may change it meanwhile.
    credential_ = *known;
    nonce_ = first->nonce + (nonce_.empty() ? RandomNonce() : nonce_);
    const std::string reply = ScramServerFirst(nonce_, known->salt, known->iterations);
    signed_ = absl::StrCat(first->bare, ",", reply, ",");
    return SaslStep::More(reply);
  }

  SaslStep Finish(std::string_view token) {
    const absl::StatusOr<ScramClientFinal> last = ScramClientFinal::Parse(token);
    if (!last.ok()) return SaslStep::FailedBecause(std::string(last.status().message()));
    // librdkafka up to 2.6 puts its own nonce before it once more. The proof covers the nonce as it
    // was sent and as we gave it, so nothing is lost by that.
    if (!last->nonce.ends_with(nonce_)) {
      return SaslStep::FailedBecause("Invalid client nonce in the final client message.");
    }
    signed_.append(last->without_proof);
    if (!credential_->Proves(mechanism_, signed_, last->proof)) {
      return SaslStep::FailedBecause("Invalid client credentials");
    }
    return SaslStep::Done(user_, ScramServerFinal(credential_->Signature(mechanism_, signed_)));
  }

  const ScramMechanism mechanism_;
  const FindScramCredential find_;
  std::string nonce_;  // ours, then the client's and ours
  std::string user_;
  std::optional<ScramCredential> credential_;  // once the client has said who it is
  std::string signed_;                         // what both sides sign
};

}  // namespace

std::unique_ptr<SaslExchange> MakeScramExchange(ScramMechanism mechanism, FindScramCredential find,
                                                std::string nonce) {
  return std::make_unique<ScramExchange>(mechanism, std::move(find), std::move(nonce));
}

}  // namespace wherry::kafka
