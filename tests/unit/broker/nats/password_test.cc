// The hashes were made with Go's golang.org/x/crypto/bcrypt v0.59.0, which nats-server
// uses, at cost 4.
#include "broker/nats/password.h"

#include <gtest/gtest.h>

namespace wherry::nats {
namespace {

struct Known {
  std::string password;
  std::string hash;
};
const Known kKnown[] = {
    {"s3cret", "$2a$04$.Cc/sXqAuZ68WFdnu5fKvurg13Zojq4ktuHqS/0JA1LPtxJfmeZD6"},
    {"", "$2a$04$QbLA7EoFWVObhIHJKpiLq.Y0hyc5zABdu5Y4AMOCB6zQRhNAFiwHi"},
    {"p\u00e4ssw\u00f6rd", "$2a$04$fQoGc2TLj56cv5u7VoXDeOh3A5Ahujq3fYOW2mJlyheq7pE8rfRwW"},
    {"\xff\xff\xa3", "$2a$04$ag8w1ZHYgnvkrosUKZkNJ.Xdhr.SJf2sQ1KcXfkpcgtOCo7N/aqY2"},
    {std::string(72, 'a'), "$2a$04$H3IKLogXESrXgBlaHG/3N.g7kvEut7dIqUTf0jwSSIEjMX21qh9Vu"},
};

TEST(PasswordTest, SecretsAreEqualOrNot) {
  EXPECT_TRUE(SecretEquals("", ""));
  EXPECT_TRUE(SecretEquals("abc", "abc"));
  for (const char* wrong : {"", "ab", "abd", "abcd", "abcabc", "xbc"})
    EXPECT_FALSE(SecretEquals(wrong, "abc")) << wrong;
  EXPECT_FALSE(SecretEquals("a", ""));
  EXPECT_FALSE(SecretEquals(std::string_view("\0", 1), ""));
}

TEST(PasswordTest, WhatLooksLikeBcrypt) {
  for (const char* yes : {"$2a$11$", "$2b$04$abc", "$2x$10$x", "$2y$31$x"}) {
    EXPECT_TRUE(IsBcrypt(yes)) << yes;
  }
  for (const char* no : {"", "$2a$", "$2c$11$", "$2$11$abc", "2a$11$abc", "$2a$1$abc", "$2a$1x$a",
                         " $2a$11$abc", "$1$abcdef", "$2A$11$a"}) {
    EXPECT_FALSE(IsBcrypt(no)) << no;
  }
}

TEST(PasswordTest, HashesOfTheRealTools) {
  for (const Known& known : kKnown) {
    EXPECT_TRUE(IsBcrypt(known.hash));
    EXPECT_TRUE(BcryptMatches(known.password, known.hash)) << known.password;
    EXPECT_FALSE(BcryptMatches(known.password + "x", known.hash) && known.password.size() < 72);
    EXPECT_FALSE(BcryptMatches("x", known.hash)) << known.password;
    EXPECT_FALSE(BcryptMatches(known.hash, known.hash));
  }
  EXPECT_TRUE(BcryptMatches(std::string(72, 'a') + "b", kKnown[4].hash)) << "72 bytes count";
}

TEST(PasswordTest, TheVariantsLetterDoesNotMatter) {
  for (const Known& known : kKnown) {
    for (const char variant : {'a', 'b', 'x', 'y'}) {
      std::string hash = known.hash;
      hash[2] = variant;
      EXPECT_TRUE(BcryptMatches(known.password, hash)) << hash;
    }
  }
}

TEST(PasswordTest, WhatIsNoHashMatchesNothing) {
  const std::string good = kKnown[0].hash;
  for (const std::string& hash :
       {std::string("$2a$04$"), good.substr(0, 59), good + "x", "$2a$03$" + good.substr(7),
        "$2a$32$" + good.substr(7), "$2a$04$" + std::string(53, '!'), std::string("s3cret"),
        std::string()}) {
    EXPECT_FALSE(BcryptMatches("s3cret", hash)) << hash;
    EXPECT_FALSE(BcryptMatches("", hash)) << hash;
  }
}

TEST(PasswordTest, AZeroByteHidesNothing) {
  EXPECT_FALSE(BcryptMatches(std::string_view("s3cret\0", 7), kKnown[0].hash));
  EXPECT_FALSE(BcryptMatches(std::string_view("\0", 1), kKnown[1].hash));
}

}  // namespace
}  // namespace wherry::nats
