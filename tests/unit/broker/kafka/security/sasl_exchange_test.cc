// The exchanges of SASL's mechanisms, with the examples of their RFCs.
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "broker/kafka/security/sasl_exchange.h"
#include "broker/kafka/security/scram.h"
#include "protocol/kafka/scram_message.h"

namespace wherry::kafka {
namespace {

using std::string_literals::operator""s;
using Outcome = SaslStep::Outcome;

std::string Unescaped(const char* base64) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(base64, &bytes));
  return bytes;
}

// RFC 7677, section 3.
constexpr char kUser[] = "user";
constexpr char kClientNonce[] = "rOprNGfwEbeRWgbNEkqO";
constexpr char kServerNonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr char kSalt[] = "W22ZaJ0SNY7soEsUEjb6gQ==";

class ScramExchangeTest : public ::testing::Test {
 protected:
  std::unique_ptr<SaslExchange> Make(std::string nonce = "") {
    return MakeScramExchange(
        ScramMechanism::kSha256,
        [this](const std::string& user) { return user == kUser ? &credential_ : nullptr; },
        std::move(nonce));
  }
  const ScramCredential credential_ = ScramCredential::OfPassword(
      ScramMechanism::kSha256, "pencil", Unescaped(kSalt), ScramCredential::kMinIterations);
  const std::string first_ = std::string("n,,n=user,r=") + kClientNonce;
};

TEST_F(ScramExchangeTest, TheRfcsExample) {
  const auto exchange = Make(kServerNonce);
  const SaslStep first = exchange->Evaluate(first_);
  ASSERT_EQ(first.outcome, Outcome::kMore);
  EXPECT_EQ(first.token, std::string("r=") + kClientNonce + kServerNonce + ",s=" + kSalt +
                             ",i=4096");
  const SaslStep last = exchange->Evaluate(
      std::string("c=biws,r=") + kClientNonce + kServerNonce +
      ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  ASSERT_EQ(last.outcome, Outcome::kDone);
  EXPECT_EQ(last.user, kUser);
  EXPECT_EQ(last.token, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_F(ScramExchangeTest, AnotherProofFailsAndTellsNothing) {
  for (const char* proof : {"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVA=", "dHzb", ""}) {
    const auto exchange = Make(kServerNonce);
    exchange->Evaluate(first_);
    const SaslStep last = exchange->Evaluate(std::string("c=biws,r=") + kClientNonce +
                                             kServerNonce + ",p=" + proof);
    EXPECT_EQ(last.outcome, Outcome::kFailed) << proof;
    EXPECT_EQ(last.error, "");
    EXPECT_EQ(last.token, "");
  }
}

TEST_F(ScramExchangeTest, TheNonceMustBeOurs) {
  const auto exchange = Make();
  const SaslStep first = exchange->Evaluate(first_);
  ASSERT_EQ(first.outcome, Outcome::kMore);
  EXPECT_EQ(exchange->Evaluate(std::string("c=biws,r=") + kClientNonce +
                               ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
                .outcome,
            Outcome::kFailed);
  // Another each time.
  EXPECT_NE(Make()->Evaluate(first_).token, first.token);
}

TEST_F(ScramExchangeTest, WhoIsUnknownOrSomebodyElseFails) {
  EXPECT_EQ(Make()->Evaluate("n,,n=nobody,r=x").outcome, Outcome::kFailed);
  EXPECT_EQ(Make()->Evaluate("n,a=admin,n=user,r=x").outcome, Outcome::kFailed);
  EXPECT_EQ(Make()->Evaluate("n,a=user,n=user,r=x").outcome, Outcome::kMore);
  EXPECT_EQ(Make()->Evaluate("n,,n=user,r=x,tokenauth=true").outcome, Outcome::kFailed);
  EXPECT_EQ(Make()->Evaluate("garbage").outcome, Outcome::kFailed);
}

// What a client does, for both hashes.
TEST(ScramTest, WhoKnowsThePasswordIsBelieved) {
  for (const auto mechanism : {ScramMechanism::kSha256, ScramMechanism::kSha512}) {
    const std::string salt = RandomSalt();
    const ScramCredential ours = ScramCredential::OfPassword(mechanism, "s3cret", salt, 8192);
    const ScramCredential wrong = ScramCredential::OfPassword(mechanism, "S3cret", salt, 8192);
    EXPECT_EQ(ours.stored_key.size(), ScramHashSize(mechanism));
    EXPECT_NE(ours.stored_key, wrong.stored_key);
    EXPECT_FALSE(ours.Proves(mechanism, "messages", std::string(ScramHashSize(mechanism), '\0')));
    EXPECT_NE(ours.Signature(mechanism, "messages"), wrong.Signature(mechanism, "messages"));
  }
}

// RFC 5802's own example is of SHA-1, which Kafka does not offer.
TEST(ScramTest, MechanismsHaveKafkasNamesAndNumbers) {
  EXPECT_EQ(FindScramMechanism("SCRAM-SHA-256"), ScramMechanism::kSha256);
  EXPECT_EQ(FindScramMechanism("SCRAM-SHA-512"), ScramMechanism::kSha512);
  EXPECT_EQ(FindScramMechanism("SCRAM-SHA-1"), std::nullopt);
  EXPECT_EQ(FindScramMechanism(std::int8_t{1}), ScramMechanism::kSha256);
  EXPECT_EQ(FindScramMechanism(std::int8_t{0}), std::nullopt);
  EXPECT_EQ(FindScramMechanism(std::int8_t{3}), std::nullopt);
}

TEST(PlainExchangeTest, ThePasswordDecides) {
  const auto settings = SecuritySettings::Make({.users = {{"ann", "s3cret", ""}}}).value();
  const auto evaluate = [&](const std::string& token) {
    return MakePlainExchange(*settings)->Evaluate(token);
  };
  EXPECT_EQ(evaluate("\0ann\0s3cret"s).outcome, Outcome::kDone);
  EXPECT_EQ(evaluate("\0ann\0s3cret"s).user, "ann");
  EXPECT_EQ(evaluate("ann\0ann\0s3cret"s).outcome, Outcome::kDone);
  EXPECT_EQ(evaluate("\0ann\0s3cre"s).error,
            "Authentication failed: Invalid username or password");
  EXPECT_EQ(evaluate("\0bob\0s3cret"s).error,
            "Authentication failed: Invalid username or password");
  EXPECT_EQ(evaluate("bob\0ann\0s3cret"s).outcome, Outcome::kFailed);
  EXPECT_EQ(evaluate("nonsense").error, "");
}

TEST(OauthBearerExchangeTest, ATokenThatIsNotTakenIsToldSo) {
  runtime::RealClock clock;
  const auto message = [&](std::int64_t from_now_seconds, const std::string& authorization) {
    const std::string claims = R"({"sub":"ann","exp":)" +
                               std::to_string(clock.UnixMillis() / 1000 + from_now_seconds) + "}";
    return "n," + authorization + ",\x01" "auth=Bearer " +
           absl::WebSafeBase64Escape(R"({"alg":"none"})") + "." +
           absl::WebSafeBase64Escape(claims) + ".\x01\x01";
  };
  const SaslStep good = MakeOauthBearerExchange(clock)->Evaluate(message(3600, ""));
  ASSERT_EQ(good.outcome, Outcome::kDone);
  EXPECT_EQ(good.user, "ann");
  EXPECT_GT(good.expires_unix_millis, clock.UnixMillis());
  EXPECT_EQ(MakeOauthBearerExchange(clock)->Evaluate(message(3600, "a=ann")).outcome,
            Outcome::kDone);
  EXPECT_EQ(MakeOauthBearerExchange(clock)->Evaluate(message(3600, "a=bob")).outcome,
            Outcome::kFailed);

  const auto exchange = MakeOauthBearerExchange(clock);
  const SaslStep expired = exchange->Evaluate(message(-1, ""));
  EXPECT_EQ(expired.outcome, Outcome::kMore);
  EXPECT_EQ(expired.token, R"({"status":"invalid_token"})");
  const SaslStep failed = exchange->Evaluate("\x01");
  EXPECT_EQ(failed.outcome, Outcome::kFailed);
  EXPECT_EQ(failed.error, R"({"status":"invalid_token"})");
  EXPECT_EQ(MakeOauthBearerExchange(clock)->Evaluate("\x01").outcome, Outcome::kFailed);
}

TEST(SecuritySettingsTest, WhatCannotWorkIsNamed) {
  using Given = SecuritySettings::Given;
  const auto error = [](Given given) {
    const auto made = SecuritySettings::Make(std::move(given));
    return made.ok() ? "" : std::string(made.status().message());
  };
  EXPECT_NE(error({.mechanisms = {"GSSAPI"}}).find("GSSAPI"), std::string::npos);
  EXPECT_NE(error({.users = {{"", "x", ""}}}).find("without a name"), std::string::npos);
  EXPECT_NE(error({.users = {{"ann", "", ""}}}).find("without a password"), std::string::npos);
  EXPECT_NE(error({.users = {{"ann", "x", ""}, {"ann", "y", ""}}}).find("two users"),
            std::string::npos);
  EXPECT_NE(error({.super_users = {"admin"}}).find("User:admin"), std::string::npos);
  EXPECT_EQ(error({}), "");
  // A token that nobody signed must be asked for.
  EXPECT_FALSE(SecuritySettings::Make({}).value()->Offers("OAUTHBEARER"));
}

}  // namespace
}  // namespace wherry::kafka
