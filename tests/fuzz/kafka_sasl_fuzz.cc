// What a client says before it has said who it is: the tokens of SASL's mechanisms. The first byte
// chooses; whatever follows, nobody is authenticated by it.
#include "broker/kafka/security/sasl_exchange.h"
#include "protocol/kafka/oauth_bearer.h"
#include "protocol/kafka/sasl_plain.h"
#include "protocol/kafka/scram_message.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::kafka {
namespace {

const ScramCredential& Credential() {
  static const ScramCredential credential = ScramCredential::OfPassword(
      ScramMechanism::kSha256, "a password that no fuzzer finds", "salt", 1);
  return credential;
}

// Tokens, with a line end between them, to one exchange.
void Talk(SaslExchange& exchange, std::string_view tokens) {
  while (true) {
    const std::size_t end = tokens.find('\n');
    const SaslStep step = exchange.Evaluate(tokens.substr(0, end));
    FUZZ_CHECK(step.outcome != SaslStep::Outcome::kDone);
    if (step.outcome == SaslStep::Outcome::kFailed || end == std::string_view::npos) return;
    tokens.remove_prefix(end + 1);
  }
}

void TalkScram(std::string_view tokens) {
  const auto exchange = MakeScramExchange(
      ScramMechanism::kSha256,
      [](const std::string& user) { return user.empty() ? nullptr : &Credential(); }, "nonce");
  Talk(*exchange, tokens);
}

void TalkPlain(std::string_view tokens) {
  static const auto settings =
      SecuritySettings::Make({.mechanisms = {"PLAIN"},
                              .users = {{"ann", "a password that no fuzzer finds", ""}}})
          .value();
  Talk(*MakePlainExchange(*settings), tokens);
}

// Unsigned tokens do authenticate; what they are taken for must be what they say.
void ReadToken(std::string_view bytes) {
  const auto token = UnsecuredToken::Parse(bytes);
  if (!token.ok()) return;
  FUZZ_CHECK(!token->subject.empty());
  static_cast<void>(token->Check(0));
  static_cast<void>(token->Check(INT64_MAX));
}

void TalkOauthBearer(std::string_view tokens) {
  static const runtime::RealClock clock;
  const auto exchange = MakeOauthBearerExchange(clock);
  const SaslStep step = exchange->Evaluate(tokens);
  if (step.outcome == SaslStep::Outcome::kMore) exchange->Evaluate("\x01");
}

}  // namespace
}  // namespace wherry::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      wherry::kafka::TalkScram(rest);
      break;
    case 1:
      wherry::kafka::TalkPlain(rest);
      break;
    case 2:
      wherry::kafka::TalkOauthBearer(rest);
      break;
    default:
      wherry::kafka::ReadToken(rest);
  }
  return 0;
}
