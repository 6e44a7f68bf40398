#include "broker/nats/near_miss.h"

#include <gmock/gmock.h>

namespace wherry::nats {
namespace {

using ::testing::HasSubstr;

TEST(NearMissTest, SaysWhatIsWrong) {
  const auto why = [](std::string_view pattern, std::string_view subject) {
    const std::optional<NearMiss> miss = FindNearMiss(pattern, subject);
    return miss.has_value() ? miss->why : "(no near miss)";
  };
  EXPECT_THAT(why("Orders.new", "orders.new"), HasSubstr("upper and lower case"));
  EXPECT_THAT(why("ORDERS.>", "orders.new.eu"), HasSubstr("upper and lower case"));
  EXPECT_THAT(why("orders.>", "orders"), HasSubstr("none behind \"orders\""));
  EXPECT_THAT(why("orders.*", "orders.new.eu"), HasSubstr("2 tokens, the subject 3; a last `>`"));
  EXPECT_EQ(why("orders.new.eu", "orders.new"), "it has 3 tokens, the subject 2");
  EXPECT_EQ(why("ordres.new", "orders.new"),
            "token 1 is \"ordres\", not \"orders\": a typing error?");
  EXPECT_EQ(why("orders.old", "orders.new"), "token 2 is \"old\", not \"new\"");
  EXPECT_EQ(why("order.>", "orders.new.eu"),
            "token 1 is \"order\", not \"orders\": a typing error?");
  EXPECT_EQ(why("us.orders.new", "eu.orders.new"), "token 1 is \"us\", not \"eu\"");
  EXPECT_THAT(why("orders.a.b", "orders.x.y"), HasSubstr("begins alike"));
}

TEST(NearMissTest, StrangersAreNone) {
  for (const char* pattern : {"payments.new", "a", "*.old", "x.>", "payments.*.eu"}) {
    EXPECT_FALSE(FindNearMiss(pattern, "orders.new").has_value()) << pattern;
  }
  EXPECT_FALSE(FindNearMiss("ab", "cd").has_value()) << "two letters are the whole word";
}

TEST(NearMissTest, TheLikelierIsNearer) {
  // In the order in which a person would suspect them.
  int before = 0;
  for (const char* pattern :
       {"Orders.new", "ordres.new", "orders", "orders.old", "orders.a.b"}) {
    const std::optional<NearMiss> miss = FindNearMiss(pattern, "orders.new");
    ASSERT_TRUE(miss.has_value()) << pattern;
    EXPECT_GT(miss->distance, before) << pattern;
    before = miss->distance;
  }
}

}  // namespace
}  // namespace wherry::nats
