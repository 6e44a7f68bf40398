#include "protocol/nats/connect.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "protocol/nats/base64.h"

namespace wherry::nats {
namespace {

TEST(ConnectTest, MissingKeysKeepTheirDefaults) {
  const auto options = ParseConnect("{\"verbose\":false,\"user\":\"u\",\"protocol\":1}", {});
  ASSERT_TRUE(options.has_value());
  EXPECT_FALSE(options->verbose);
  EXPECT_TRUE(options->pedantic);
  EXPECT_TRUE(options->echo);
  EXPECT_EQ(options->user, "u");
  EXPECT_EQ(options->protocol, 1);
}

TEST(ConnectTest, WhatIsNoObjectOfTheRightTypesIsRefused) {
  for (const char* text :
       {"", "[]", "{", "{\"verbose\":1}", "{\"user\":3}", "{\"protocol\":\"1\"}"}) {
    EXPECT_FALSE(ParseConnect(text, {}).has_value()) << text;
  }
}

TEST(ConnectTest, NkeysAndSignatures) {
  const auto options = ParseConnect(R"({"nkey":"UA","sig":"c2ln","jwt":"ey"})", {});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->nkey, "UA");
  EXPECT_EQ(options->sig, "c2ln");
  EXPECT_EQ(options->jwt, "ey");
  EXPECT_FALSE(ParseConnect(R"({"sig":1})", {}).has_value());
}

TEST(ConnectTest, NoncesAreShortAndNeverTheSame) {
  std::set<std::string> nonces;
  for (int i = 0; i < 100; ++i) {
    const std::string nonce = MakeNonce();
    EXPECT_EQ(nonce.size(), 15u);
    EXPECT_TRUE(DecodeBase64Url(nonce).has_value()) << nonce;
    nonces.insert(nonce);
  }
  EXPECT_EQ(nonces.size(), 100u);
}

}  // namespace
}  // namespace wherry::nats
