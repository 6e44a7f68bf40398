#include "broker/nats/authenticator.h"

#include <gmock/gmock.h>

namespace wherry::nats {
namespace {

// A user nkey and its signature over "nonce-number-00", made with Go's nkeys 0.4.17 (see the tests
// of protocol/nats/nkey.h); the other is never signed with here.
constexpr char kNkey[] = "UBB2OLTRIQAXMLPWNNUME3P334TIFKXMT4SHJ3FEME7EESQPXL6TYSAE";
constexpr char kOtherNkey[] = "UBTL47RTFR5EKMZSXWOQU735WBK7LRPPDIDK3JTNTCZZ7NUBBRDTUA6A";
constexpr char kNonce[] = "nonce-number-00";
constexpr char kSignature[] =
    "F7prfS3Ncg4_gFefHnz6OAnWG6hsnSqSrhzmVNY80aZzlL-"
    "oJJ0lkqVmKNtDcQzUmIaAr77eJ8TwNb42Ge85Cw";
constexpr char kHashOfS3cret[] = "$2a$04$.Cc/sXqAuZ68WFdnu5fKvurg13Zojq4ktuHqS/0JA1LPtxJfmeZD6";

using Settings = Authenticator::Settings;

std::shared_ptr<const Authenticator> Created(Settings settings) {
  auto made = Authenticator::Create(std::move(settings));
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? *made : nullptr;
}

// Who is let in: a name, "(refused)", or for a password that takes long to check what it comes to.
std::string WhoIs(const Authenticator& authenticator, const ConnectOptions& connect,
                  const Authenticator::Attempt& attempt = {}) {
  const Authenticator::Decision decision = authenticator.Decide(connect, attempt);
  if (decision.refused()) return "(refused)";
  if (decision.check.has_value() && !decision.check->Run()) return "(wrong password)";
  return decision.identity->name;
}

ConnectOptions UserPass(std::string user, std::string pass) {
  return {.user = std::move(user), .pass = std::move(pass)};
}

TEST(AuthenticatorTest, WithoutCredentialsEverybodyMayConnect) {
  const auto open = Created({});
  EXPECT_FALSE(open->required());
  EXPECT_FALSE(open->required_in_info());
  EXPECT_FALSE(open->needs_nonce());
  EXPECT_EQ(WhoIs(*open, {}), "");
  EXPECT_EQ(WhoIs(*open, UserPass("whoever", "whatever")), "");
  EXPECT_TRUE(open->DecideWithoutConnect({}).granted());
  EXPECT_EQ(open->Decide({}, {}).identity->permissions, nullptr);
}

TEST(AuthenticatorTest, Token) {
  for (const char* token : {"s3cret", kHashOfS3cret}) {
    const auto by_token = Created({.token = token});
    EXPECT_TRUE(by_token->required_in_info());
    EXPECT_EQ(WhoIs(*by_token, {.auth_token = "s3cret"}), "");
    for (const char* wrong : {"", "S3cret", "s3cret ", kHashOfS3cret}) {
      EXPECT_NE(WhoIs(*by_token, {.auth_token = wrong}), "") << wrong;
    }
    EXPECT_NE(WhoIs(*by_token, UserPass("s3cret", "s3cret")), "");
    EXPECT_TRUE(by_token->DecideWithoutConnect({}).refused());
  }
}

TEST(AuthenticatorTest, SingleUser) {
  for (const char* password : {"s3cret", kHashOfS3cret}) {
    const auto single = Created({.user = "ann", .password = password});
    EXPECT_EQ(WhoIs(*single, UserPass("ann", "s3cret")), "ann");
    EXPECT_NE(WhoIs(*single, UserPass("ann", "")), "ann");
    EXPECT_NE(WhoIs(*single, UserPass("ann", kHashOfS3cret)), "ann");
    EXPECT_EQ(WhoIs(*single, UserPass("bob", "s3cret")), "(refused)");
    EXPECT_EQ(WhoIs(*single, UserPass("", "s3cret")), "(refused)");
    EXPECT_EQ(WhoIs(*single, {.auth_token = "s3cret"}), "(refused)");
  }
}

TEST(AuthenticatorTest, Users) {
  const auto users = Created(
      {.users = {{.user = "ann", .password = "a"},
                 {.user = "bob", .password = kHashOfS3cret, .account = "B"},
                 {.user = "eve",
                  .password = "e",
                  .permissions = UserPermissions{.publish = SubjectRules{.allow = {"x"}}}}},
       .accounts = {"B"}});
  EXPECT_EQ(WhoIs(*users, UserPass("ann", "a")), "ann");
  EXPECT_EQ(WhoIs(*users, UserPass("ann", "s3cret")), "(refused)");
  EXPECT_EQ(WhoIs(*users, UserPass("bob", "s3cret")), "bob");
  EXPECT_EQ(WhoIs(*users, UserPass("bob", "a")), "(wrong password)");
  EXPECT_EQ(WhoIs(*users, UserPass("", "")), "(refused)");
  EXPECT_EQ(WhoIs(*users, UserPass("nobody", "a")), "(refused)");
  EXPECT_TRUE(users->DecideWithoutConnect({}).refused());
  EXPECT_FALSE(users->needs_nonce());

  EXPECT_FALSE(users->Decide(UserPass("bob", "s3cret"), {}).granted()) << "not before the check";
  EXPECT_EQ(users->Decide(UserPass("bob", "s3cret"), {}).identity->account, "B");
  EXPECT_EQ(users->Decide(UserPass("ann", "a"), {}).identity->account, "");
  const Identity* const eve = users->Decide(UserPass("eve", "e"), {}).identity;
  ASSERT_NE(eve->permissions, nullptr);
  EXPECT_FALSE(eve->permissions->MayPublish("y"));
}

TEST(AuthenticatorTest, Nkeys) {
  const auto nkeys = Created({.users = {{.nkey = kNkey}, {.user = "ann", .password = "a"}}});
  EXPECT_TRUE(nkeys->needs_nonce());
  const Authenticator::Attempt attempt{.nonce = kNonce};
  EXPECT_EQ(WhoIs(*nkeys, {.nkey = kNkey, .sig = kSignature}, attempt), kNkey);
  EXPECT_EQ(WhoIs(*nkeys, {.nkey = kNkey}, attempt), "(refused)");
  EXPECT_EQ(WhoIs(*nkeys, {.nkey = kNkey, .sig = "c2ln"}, attempt), "(refused)");
  EXPECT_EQ(WhoIs(*nkeys, {.nkey = kNkey, .sig = kSignature}, {.nonce = "nonce-number-01"}),
            "(refused)");
  EXPECT_EQ(WhoIs(*nkeys, {.nkey = kNkey, .sig = kSignature}), "(refused)") << "no nonce was sent";
  EXPECT_EQ(WhoIs(*nkeys, {.nkey = kOtherNkey, .sig = kSignature}, attempt), "(refused)");
  EXPECT_EQ(WhoIs(*nkeys, UserPass("ann", "a"), attempt), "ann");
  EXPECT_EQ(WhoIs(*nkeys, UserPass(kNkey, ""), attempt), "(refused)") << "an nkey is no name";
  ConnectOptions both = UserPass("ann", "a");
  both.nkey = kOtherNkey;
  EXPECT_EQ(WhoIs(*nkeys, both, attempt), "(refused)") << "a wrong nkey is not made good by a user";
  const auto users = Created({.users = {{.user = "ann", .password = "a"}}});
  EXPECT_EQ(WhoIs(*users, both), "ann") << "where there are no nkeys, they are not looked at";
}

TEST(AuthenticatorTest, NoAuthUser) {
  const auto by_name = Created(
      {.users = {{.user = "ann", .password = "a"}, {.nkey = kNkey}}, .no_auth_user = "ann"});
  EXPECT_TRUE(by_name->required());
  EXPECT_FALSE(by_name->required_in_info());
  EXPECT_EQ(WhoIs(*by_name, {}), "ann");
  EXPECT_EQ(by_name->DecideWithoutConnect({}).identity->name, "ann");
  EXPECT_EQ(WhoIs(*by_name, UserPass("ann", "")), "(refused)") << "who names a user proves it";
  EXPECT_EQ(WhoIs(*by_name, UserPass("", "x")), "(refused)");
  EXPECT_EQ(WhoIs(*by_name, {.auth_token = "x"}), "(refused)");
  EXPECT_EQ(WhoIs(*by_name, {.nkey = kNkey}), "(refused)");

  const auto by_nkey = Created(
      {.users = {{.user = "ann", .password = "a"}, {.nkey = kNkey}}, .no_auth_user = kNkey});
  EXPECT_EQ(WhoIs(*by_nkey, {}), kNkey);
  EXPECT_EQ(WhoIs(*by_nkey, {.nkey = kNkey}), kNkey) << "no signature is asked for";
  EXPECT_EQ(WhoIs(*by_nkey, UserPass("ann", "a")), "ann");
  EXPECT_TRUE(by_nkey->DecideWithoutConnect({}).refused()) << "it takes a CONNECT";

  const auto hashed = Created(
      {.users = {{.user = "ann", .password = kHashOfS3cret}}, .no_auth_user = "ann"});
  EXPECT_EQ(WhoIs(*hashed, {}), "(refused)") << "as by nats-server, which cannot know the password";
  EXPECT_EQ(WhoIs(*hashed, UserPass("ann", "s3cret")), "ann");
}

TEST(AuthenticatorTest, ConnectionTypes) {
  const auto typed = Created({.users = {{.user = "ws",
                                         .password = "p",
                                         .allowed_connection_types = {"websocket", "mqtt"}},
                                        {.user = "any", .password = "p"},
                                        {.user = "std",
                                         .password = "p",
                                         .allowed_connection_types = {"standard"}}},
                              .no_auth_user = "ws"});
  EXPECT_EQ(WhoIs(*typed, UserPass("ws", "p")), "(refused)");
  EXPECT_EQ(WhoIs(*typed, UserPass("ws", "p"), {.connection_type = "WEBSOCKET"}), "ws");
  EXPECT_EQ(WhoIs(*typed, UserPass("any", "p")), "any");
  EXPECT_EQ(WhoIs(*typed, UserPass("std", "p")), "std");
  EXPECT_EQ(WhoIs(*typed, UserPass("std", "p"), {.connection_type = "WEBSOCKET"}), "(refused)");
  EXPECT_EQ(WhoIs(*typed, {}), "(refused)");
  EXPECT_TRUE(typed->DecideWithoutConnect({}).refused());
}

TEST(AuthenticatorTest, NamesOfCertificates) {
  const auto mapped = Created({.users = {{.user = "ann@acme.example"},
                                         {.user = "host.acme.example"},
                                         {.user = "spiffe://acme/bob"},
                                         {.user = "CN=eve, O=acme"},
                                         {.user = "CN=raw,O=acme", .password = "p"}},
                               .verify_and_map = true});
  const auto who = [&](const PeerNames& peer, const ConnectOptions& connect = {}) {
    return WhoIs(*mapped, connect, {.peer = &peer});
  };
  EXPECT_EQ(who({.emails = {"x@y.example", "ann@acme.example"}}), "ann@acme.example");
  EXPECT_EQ(who({.emails = {"x"}, .dns_names = {"host.acme.example"}}), "host.acme.example");
  EXPECT_EQ(who({.uris = {"spiffe://acme/bob"}}), "spiffe://acme/bob");
  EXPECT_EQ(who({.subject = DistinguishedName::Parse("O=acme,CN=eve")}), "CN=eve, O=acme");
  EXPECT_EQ(who({.subject_texts = {"CN=nobody", "CN=raw,O=acme"}}), "(refused)") << "password";
  EXPECT_EQ(who({.subject_texts = {"CN=raw,O=acme"}}, UserPass("", "p")), "CN=raw,O=acme");
  EXPECT_EQ(who({.emails = {"eve@acme.example"}}), "(refused)");
  EXPECT_EQ(who({}), "(refused)");
  EXPECT_EQ(WhoIs(*mapped, UserPass("ann@acme.example", "")), "(refused)") << "no certificate";
}

TEST(AuthenticatorTest, WrongSettingsAreNamed) {
  const auto error = [](Settings settings) {
    return std::string(Authenticator::Create(std::move(settings)).status().message());
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(error({.token = "t", .user = "u"}), HasSubstr("exclude one another"));
  EXPECT_THAT(error({.token = "t", .users = {{.user = "u"}}}), HasSubstr("exclude one another"));
  EXPECT_THAT(error({.user = "u", .users = {{.user = "u"}}}), HasSubstr("\"u\""));
  EXPECT_THAT(error({.users = {{.password = "p"}}}), HasSubstr("needs a name or an nkey"));
  EXPECT_THAT(error({.users = {{.nkey = "UABC"}}}), HasSubstr("\"UABC\": not a valid public nkey"));
  EXPECT_THAT(
      error({.users = {{.nkey = "ADVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCZW22"}}}),
      HasSubstr("not a valid public nkey of a user"));
  EXPECT_THAT(error({.users = {{.user = "u", .nkey = kNkey}}}), HasSubstr("take no name"));
  EXPECT_THAT(error({.users = {{.user = "u", .account = "A"}}}),
              HasSubstr("there is no account \"A\""));
  EXPECT_THAT(error({.users = {{.user = "u"}, {.user = "u"}}}), HasSubstr("\"u\" is there twice"));
  EXPECT_THAT(error({.users = {{.user = "u"}}, .no_auth_user = "x"}),
              HasSubstr("\"x\" is not among the users"));
  EXPECT_THAT(error({.no_auth_user = "x"}), HasSubstr("\"x\" is not among the users"));
  EXPECT_THAT(error({.users = {{.user = "u", .allowed_connection_types = {"FAX"}}}}),
              HasSubstr("unknown connection type \"FAX\""));
  EXPECT_THAT(error({.users = {{.user = "u",
                                .permissions =
                                    UserPermissions{.publish = SubjectRules{.allow = {"a..b"}}}}}}),
              HasSubstr("user \"u\": permissions: publish allow: \"a..b\" is not a valid subject"));
}

}  // namespace
}  // namespace wherry::nats
