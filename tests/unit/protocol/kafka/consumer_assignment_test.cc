#include "protocol/kafka/consumer_assignment.h"

#include <gmock/gmock.h>

#include "protocol/wire/cursor.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Two topics, "b" with partitions 3 and 1, "a" with none, and user data.
std::string TwoTopics() {
  std::string bytes;
  wire::Writer writer(bytes);
  writer.Int<std::int16_t>(3);
  writer.Int<std::int32_t>(2);
  writer.Int<std::int16_t>(1);
  writer.Bytes("b");
  writer.Int<std::int32_t>(2);
  writer.Int<std::int32_t>(3);
  writer.Int<std::int32_t>(1);
  writer.Int<std::int16_t>(1);
  writer.Bytes("a");
  writer.Int<std::int32_t>(0);
  writer.Int<std::int32_t>(2);
  writer.Bytes("ud");
  return bytes;
}

TEST(ConsumerAssignmentTest, TopicsAndTheirPartitionsInOrder) {
  EXPECT_THAT(ParseConsumerAssignment(TwoTopics()).value(),
              ElementsAre(Pair("a", IsEmpty()), Pair("b", ElementsAre(1, 3))));
  EXPECT_THAT(ParseConsumerAssignment("").value(), IsEmpty());
}

TEST(ConsumerAssignmentTest, WhatIsCutOrSomethingElseIsRefused) {
  const std::string bytes = TwoTopics();
  // What follows the topics is for the assignors.
  const std::size_t end_of_topics = bytes.size() - 6;
  for (std::size_t size = 1; size < end_of_topics; ++size) {
    EXPECT_FALSE(ParseConsumerAssignment(std::string_view(bytes).substr(0, size)).has_value())
        << size;
  }
  EXPECT_FALSE(ParseConsumerAssignment(std::string(8, '\xff')).has_value());
  std::string boundless = bytes.substr(0, 2) + std::string("\x7f\xff\xff\xff", 4);
  EXPECT_FALSE(ParseConsumerAssignment(boundless).has_value());
}

}  // namespace
}  // namespace wherry::kafka
