// Conditions as values and as text.
#include <gmock/gmock.h>

#include "wherry/await.h"

namespace wherry {
namespace {

using ::testing::HasSubstr;

std::string Fields(const Condition& condition) {
  return condition.kind + "|" + condition.name + "|" + condition.group + "|" +
         std::to_string(condition.count);
}
std::string Read(std::string_view text) { return Fields(ParseCondition(text).value()); }
std::string Refusal(std::string_view text) {
  const auto parsed = ParseCondition(text);
  EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << text;
  return parsed.status().message();
}

TEST(ConditionTest, IsReadFromText) {
  EXPECT_EQ(Read("nats.subscribed orders.>"), Fields(Subscribed("orders.>")));
  EXPECT_EQ(Read("nats.subscribed orders.> 3"), Fields(Subscribed("orders.>", 3)));
  EXPECT_EQ(Read("nats.unsubscribed a"), Fields(Unsubscribed("a")));
  EXPECT_EQ(Read("kafka.group.stable g"), Fields(GroupStable("g")));
  EXPECT_EQ(Read("  kafka.group.stable\tg  2 "), Fields(GroupStable("g", 2)));
  EXPECT_EQ(Read("kafka.group.empty g"), Fields(GroupEmpty("g")));
  EXPECT_EQ(Read("kafka.consumed orders g"), Fields(Consumed("orders", "g")));
  EXPECT_EQ(Read("kafka.records orders 5"), Fields(RecordCount("orders", 5)));
  EXPECT_EQ(Read("connections nats 0"), Fields(Connections("nats", 0)));
}

TEST(ConditionTest, NamesWithBlanksStandInQuotes) {
  EXPECT_EQ(Read("kafka.group.stable \"my \\\"own\\\" group\" 2"),
            Fields(GroupStable("my \"own\" group", 2)));
  EXPECT_THAT(Refusal("kafka.group.empty \"my group"), HasSubstr("quote is not closed"));
  EXPECT_THAT(Refusal("kafka.group.empty \"my group\\\""), HasSubstr("quote is not closed"));
}

TEST(ConditionTest, ATextThatIsNoneSaysWhy) {
  EXPECT_THAT(Refusal(""), HasSubstr("empty"));
  EXPECT_THAT(Refusal("kafka.group.stabel g"), HasSubstr("the kinds are nats.subscribed, "));
  EXPECT_THAT(Refusal("kafka.consumed orders"), HasSubstr("come TOPIC GROUP"));
  EXPECT_THAT(Refusal("nats.subscribed"), HasSubstr("come SUBJECT [COUNT]"));
  EXPECT_THAT(Refusal("nats.subscribed a 1 2"), HasSubstr("come SUBJECT [COUNT]"));
  EXPECT_THAT(Refusal("kafka.records orders"), HasSubstr("come TOPIC COUNT"));
  EXPECT_THAT(Refusal("kafka.records orders many"), HasSubstr("\"many\""));
  EXPECT_THAT(Refusal("kafka.records orders -1"), HasSubstr("\"-1\""));
  EXPECT_THAT(Refusal("kafka.records orders 99999999999999999999"), HasSubstr("\"9999"));
}

TEST(ConditionTest, IsSaidToPeople) {
  EXPECT_EQ(Subscribed("a").ToString(), "1 subscription to \"a\"");
  EXPECT_EQ(Subscribed("a", 2).ToString(), "2 subscriptions to \"a\"");
  EXPECT_EQ(Unsubscribed("a").ToString(), "no subscription to \"a\"");
  EXPECT_EQ(GroupStable("g", 2).ToString(), "group \"g\" to be stable with 2 members");
  EXPECT_EQ(GroupEmpty("g").ToString(), "group \"g\" to be empty");
  EXPECT_EQ(Consumed("t", "g").ToString(), "group \"g\" to have consumed topic \"t\"");
  EXPECT_EQ(RecordCount("t", 1).ToString(), "topic \"t\" to hold 1 record");
  EXPECT_EQ(Connections("kafka", 3).ToString(), "3 connections of kafka");
}

}  // namespace
}  // namespace wherry
