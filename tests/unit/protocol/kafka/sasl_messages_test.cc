// What SASL's mechanisms say, taken apart.
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "protocol/kafka/oauth_bearer.h"
#include "protocol/kafka/sasl_plain.h"
#include "protocol/kafka/scram_message.h"

namespace wherry::kafka {
namespace {

using std::string_literals::operator""s;

TEST(PlainMessageTest, HasThreeTexts) {
  const auto said = PlainMessage::Parse("admin\0ann\0s3cret"s);
  ASSERT_TRUE(said.ok());
  EXPECT_EQ(said->authorization_id, "admin");
  EXPECT_EQ(said->user, "ann");
  EXPECT_EQ(said->password, "s3cret");
  EXPECT_TRUE(PlainMessage::Parse("\0ann\0s3cret"s).ok());
}

TEST(PlainMessageTest, AnythingElseIsRefusedWithoutShowingIt) {
  for (const std::string& token : {""s, "ann"s, "\0ann"s, "\0ann\0s3cret\0"s, "\0ann\0s3cret\0x"s,
                                   "\0\0s3cret"s, "\0ann\0"s, std::string(1000, '\0')}) {
    const auto said = PlainMessage::Parse(token);
    EXPECT_FALSE(said.ok()) << absl::CEscape(token);
    EXPECT_EQ(said.status().message().find("s3cret"), std::string::npos);
  }
}

TEST(ScramMessageTest, TheClientsFirstIsTakenApart) {
  const auto first = ScramClientFirst::Parse("n,a=adm=2Cin,n=a=3Db=2Cc,r=xyz!~,tokenauth=true");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->authorization_id, "adm,in");
  EXPECT_EQ(first->user, "a=b,c");
  EXPECT_EQ(first->nonce, "xyz!~");
  EXPECT_TRUE(first->token_authenticated);
  EXPECT_EQ(first->bare, "n=a=3Db=2Cc,r=xyz!~,tokenauth=true");
  EXPECT_TRUE(ScramClientFirst::Parse("n,,m=later,n=ann,r=x").ok());
}

TEST(ScramMessageTest, AFirstThatIsNoneIsRefused) {
  for (const char* text :
       {"", "n", "n,", "n,,", "n,,n=ann", "n,,n=ann,r=", "n,,n=,r=x", "y,,n=ann,r=x",
        "p=tls-unique,,n=ann,r=x", "n,b=ann,n=ann,r=x", "n,a=,n=ann,r=x", "n,,n=a=b,r=x",
        "n,,n=ann=2,r=x", "n,,r=x,n=ann", "n,,n=ann,r=a b", "n,,n=ann,r=a\x7f"}) {
    EXPECT_FALSE(ScramClientFirst::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(ScramClientFirst::Parse("n,,n=a\0n,r=x"s).ok());
}

TEST(ScramMessageTest, TheClientsFinalIsTakenApart) {
  const auto last = ScramClientFinal::Parse("c=biws,r=abc,x=y,p=cHJvb2Y=");
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->nonce, "abc");
  EXPECT_EQ(last->proof, "proof");
  EXPECT_EQ(last->without_proof, "c=biws,r=abc,x=y");
  for (const char* text : {"", "c=biws,r=abc", "c=biws,p=cHJvb2Y=", "r=abc,p=cHJvb2Y=",
                           "c=biws,r=,p=cHJvb2Y=", "c=biws,r=abc,p=#", ",p=cHJvb2Y="}) {
    EXPECT_FALSE(ScramClientFinal::Parse(text).ok()) << text;
  }
}

TEST(OauthBearerMessageTest, HoldsAToken) {
  const auto said = OauthBearerMessage::Parse(
      "n,a=ann,\x01" "host=h\x01" "auth=bEaReR  a.b.\x01\x01");
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->authorization_id, "ann");
  EXPECT_EQ(said->token, "a.b.");
  EXPECT_EQ(OauthBearerMessage::Parse("n,,\x01" "auth=Bearer x\x01\x01")->authorization_id, "");
}

TEST(OauthBearerMessageTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "\x01", "n,,", "n,,\x01", "n,,\x01\x01", "y,,\x01" "auth=Bearer x\x01\x01",
        "n,,\x01" "auth=Bearer x\x01", "n,,\x01" "auth=Bearer x", "n,,\x01" "auth=Basic x\x01\x01",
        "n,,\x01" "auth=Bearer \x01\x01", "n,,\x01" "auth=Bearer a b\x01\x01",
        "n,,\x01" "auth=Bearer x\x01\x01more", "n,ann,\x01" "auth=Bearer x\x01\x01",
        "n,,\x01" "auth=\x01\x01", "n,\x01" "auth=Bearer x\x01\x01"}) {
    EXPECT_FALSE(OauthBearerMessage::Parse(text).ok()) << absl::CEscape(text);
  }
}

std::string Token(std::string header, std::string claims) {
  return absl::WebSafeBase64Escape(header) + "." + absl::WebSafeBase64Escape(claims) + ".";
}

TEST(UnsecuredTokenTest, HasClaims) {
  const auto token = UnsecuredToken::Parse(
      Token(R"({"alg":"none"})", R"({"sub":"ann","iat":1000.5,"exp":2000,"scope":["a"]})"));
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->subject, "ann");
  EXPECT_EQ(token->issued, 1000.5);
  EXPECT_EQ(token->expires, 2000);
}

TEST(UnsecuredTokenTest, AnythingElseIsRefused) {
  const std::string header = R"({"alg":"none"})";
  const std::string claims = R"({"sub":"ann","exp":2000})";
  EXPECT_TRUE(UnsecuredToken::Parse(Token(header, claims)).ok());
  const std::string deep = R"({"sub":"ann","exp":2000,"x":)" + std::string(10'000, '[');
  for (const std::string& text :
       {""s, "."s, ".."s, "a.b."s, Token(header, claims) + "c2lnbmVk", Token(header, claims) + ".",
        Token(R"({"alg":"HS256"})", claims), Token("{}", claims), Token("[]", claims),
        Token(header, ""), Token(header, "[]"), Token(header, R"({"exp":2000})"),
        Token(header, R"({"sub":"","exp":2000})"), Token(header, R"({"sub":1,"exp":2000})"),
        Token(header, R"({"sub":"ann"})"), Token(header, R"({"sub":"ann","exp":"2000"})"),
        Token(header, R"({"sub":"ann","exp":1e999})"),
        Token(header, R"({"sub":"ann","exp":2000,"iat":null})"), Token(header, deep)}) {
    EXPECT_FALSE(UnsecuredToken::Parse(text).ok()) << text.substr(0, 200);
  }
}

TEST(UnsecuredTokenTest, HoldsFromWhenItIsIssuedUntilItExpires) {
  const UnsecuredToken token{.subject = "ann", .expires = 2000, .issued = 1000};
  EXPECT_FALSE(token.Check(999'999).ok());
  EXPECT_TRUE(token.Check(1'000'000).ok());
  EXPECT_TRUE(token.Check(1'999'999).ok());
  EXPECT_FALSE(token.Check(2'000'000).ok());
  EXPECT_FALSE((UnsecuredToken{.subject = "a", .expires = 10, .issued = 20}).Check(5'000).ok());
  EXPECT_TRUE((UnsecuredToken{.subject = "a", .expires = 10, .issued = {}}).Check(5'000).ok());
}

}  // namespace
}  // namespace wherry::kafka
