#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/kafka/security/sasl_exchange.h"
#include "protocol/kafka/oauth_bearer.h"

namespace wherry::kafka {

namespace {

// What the client is told of a token that is not taken (RFC 7628, section 3.2.2).
constexpr char kInvalidToken[] = R"({"status":"invalid_token"})";
// What it answers to that: nothing, which fails the authentication.
constexpr std::string_view kClosingMessage = "\x01";

class OauthBearerExchange final : public SaslExchange {
 public:
  explicit OauthBearerExchange(const runtime::Clock& clock) : clock_(clock) {}

  SaslStep Evaluate(std::string_view message) override {
    if (refused_ && message == kClosingMessage) {
      SaslStep failed = SaslStep::Failed(kInvalidToken);
      failed.reason = reason_;
      return failed;
    }
    const absl::StatusOr<OauthBearerMessage> said = OauthBearerMessage::Parse(message);
    if (!said.ok()) return SaslStep::FailedBecause(std::string(said.status().message()));
    const absl::StatusOr<UnsecuredToken> token = UnsecuredToken::Parse(said->token);
    const absl::Status good = token.ok() ? token->Check(clock_.UnixMillis()) : token.status();
    if (!good.ok()) {
      refused_ = true;
      reason_ = std::string(good.message());
      return SaslStep::More(kInvalidToken);
    }
    if (!said->authorization_id.empty() && said->authorization_id != token->subject) {
      return SaslStep::Failed(absl::StrCat(
          "Authentication failed: Client requested an authorization id (", said->authorization_id,
          ") that is different from the token's principal name (", token->subject, ")"));
    }
    SaslStep done = SaslStep::Done(token->subject, "");
    done.expires_unix_millis = MillisOf(token->expires);
    return done;
  }

 private:
  // Of a time as far away as a number may be.
  static std::int64_t MillisOf(double seconds) {
    constexpr double kMillisPerSecond = 1000;
    constexpr double kMax = 9e15;  // further than any clock of ours, and exact
    return static_cast<std::int64_t>(std::min(seconds * kMillisPerSecond, kMax));
  }

  const runtime::Clock& clock_;
  bool refused_ = false;
  std::string reason_;
};

}  // namespace

std::unique_ptr<SaslExchange> MakeOauthBearerExchange(const runtime::Clock& clock) {
  return std::make_unique<OauthBearerExchange>(clock);
}

}  // namespace wherry::kafka
