#include "protocol/kafka/sasl_plain.h"

#include "broker/kafka/security/sasl_exchange.h"

namespace wherry::kafka {

namespace {

class PlainExchange final : public SaslExchange {
 public:
  explicit PlainExchange(const SecuritySettings& settings) : settings_(settings) {}

  SaslStep Evaluate(std::string_view token) override {
    const absl::StatusOr<PlainMessage> said = PlainMessage::Parse(token);
    if (!said.ok()) return SaslStep::FailedBecause(std::string(said.status().message()));
    if (!settings_.Knows(said->user, said->password)) {
      return SaslStep::Failed("Authentication failed: Invalid username or password");
    }
    if (!said->authorization_id.empty() && said->authorization_id != said->user) {
      return SaslStep::Failed(
          "Authentication failed: Client requested an authorization id that is different from "
          "username");
    }
    return SaslStep::Done(said->user, "");
  }

 private:
  const SecuritySettings& settings_;
};

}  // namespace

std::unique_ptr<SaslExchange> MakePlainExchange(const SecuritySettings& settings) {
  return std::make_unique<PlainExchange>(settings);
}

}  // namespace wherry::kafka
