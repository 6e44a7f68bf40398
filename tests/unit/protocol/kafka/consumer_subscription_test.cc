#include "protocol/kafka/consumer_subscription.h"

#include <gmock/gmock.h>

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;

const std::string kTopics("\0\x03\0\0\0\x01\0\x01t\0\0\0\x02uu", 15);
const std::string kOwned("\0\0\0\x01\0\x01t\0\0\0\x02\0\0\0\x03\0\0\0\x04", 19);

TEST(ConsumerSubscriptionTest, EveryVersionIsRead) {
  const std::string all = kTopics + kOwned + std::string("\0\0\0\x09\0\x01r", 7);
  const ConsumerSubscription read = ParseConsumerSubscription(all).value();
  EXPECT_EQ(read.version, 3);
  EXPECT_THAT(read.topics, ElementsAre("t"));
  EXPECT_EQ(read.owned, (ConsumerAssignment{{"t", {3, 4}}}));
  EXPECT_EQ(read.generation_id, 9);
  EXPECT_EQ(read.rack_id, "r");
  std::string first = kTopics;
  first[1] = 0;
  EXPECT_THAT(ParseConsumerSubscription(first)->topics, ElementsAre("t"));
}

TEST(ConsumerSubscriptionTest, WhatIsCutOrSomethingElseIsNot) {
  const std::string all = kTopics + kOwned + std::string("\0\0\0\x09\0\x01r", 7);
  for (std::size_t size = 0; size < all.size(); ++size) {
    EXPECT_FALSE(ParseConsumerSubscription(all.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(ParseConsumerSubscription(std::string(8, '\xff')).has_value());
  EXPECT_FALSE(ParseConsumerSubscription(std::string("\0\0\x7f\xff\xff\xff", 6)).has_value());
}

TEST(ConsumerSubscriptionTest, AnAssignmentIsReadAsItIsWritten) {
  const ConsumerAssignment assignment = {{"t", {0, 2}}, {"u", {1}}};
  const std::string bytes = MakeConsumerAssignment(assignment, 3);
  EXPECT_EQ(bytes.substr(0, 2), std::string("\0\x03", 2));
  EXPECT_EQ(ParseConsumerAssignment(bytes).value(), assignment);
}

}  // namespace
}  // namespace wherry::kafka
