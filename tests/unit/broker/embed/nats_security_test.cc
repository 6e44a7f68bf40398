#include "broker/embed/nats_security.h"

#include <gmock/gmock.h>

namespace wherry {
namespace {

using ::testing::ElementsAre;

TEST(NatsSecurityTest, EveryFieldArrives) {
  NatsOptions options;
  options.token = "t";
  options.user = "u";
  options.password = "p";
  options.no_auth_user = "n";
  options.accounts = {{.name = "A"}, {.name = "B"}};
  options.users = {
      {.user = "ann",
       .password = "a",
       .account = "A",
       .permissions = NatsPermissions{.publish = NatsSubjectRules{{"x"}, {"y"}},
                                      .subscribe = NatsSubjectRules{{"v"}, {"w"}},
                                      .allow_responses = NatsAllowResponses{
                                          3, std::chrono::seconds(5)}},
       .allowed_connection_types = {"STANDARD"}},
      {.nkey = "U"}};
  const nats::Authenticator::Settings settings = AuthenticatorSettings(options);
  EXPECT_EQ(settings.token, "t");
  EXPECT_EQ(settings.user, "u");
  EXPECT_EQ(settings.password, "p");
  EXPECT_EQ(settings.no_auth_user, "n");
  EXPECT_THAT(settings.accounts, ElementsAre("A", "B"));
  ASSERT_EQ(settings.users.size(), 2u);
  const nats::User& ann = settings.users[0];
  EXPECT_EQ(ann.user, "ann");
  EXPECT_EQ(ann.password, "a");
  EXPECT_EQ(ann.account, "A");
  EXPECT_THAT(ann.allowed_connection_types, ElementsAre("STANDARD"));
  ASSERT_TRUE(ann.permissions.has_value());
  EXPECT_THAT(ann.permissions->publish->allow, ElementsAre("x"));
  EXPECT_THAT(ann.permissions->publish->deny, ElementsAre("y"));
  EXPECT_THAT(ann.permissions->subscribe->allow, ElementsAre("v"));
  EXPECT_THAT(ann.permissions->subscribe->deny, ElementsAre("w"));
  EXPECT_EQ(ann.permissions->allow_responses->max, 3);
  EXPECT_EQ(ann.permissions->allow_responses->expires, std::chrono::seconds(5));
  EXPECT_EQ(settings.users[1].nkey, "U");
  EXPECT_FALSE(settings.users[1].permissions.has_value());
  EXPECT_FALSE(settings.verify_and_map);
  options.tls = TlsOptions{.verify_and_map = true};
  EXPECT_TRUE(AuthenticatorSettings(options).verify_and_map);
}

}  // namespace
}  // namespace wherry
