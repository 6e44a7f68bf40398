// Administration: topics, their settings, groups; and what happens to topics that nobody created.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"

namespace wherry::conformance {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::SizeIs;

constexpr rd_kafka_resp_err_t kOk = RD_KAFKA_RESP_ERR_NO_ERROR;

class KafkaAdminTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsMock() ? "the mock cluster knows no administration" : nullptr;
  }
};

TEST_P(KafkaAdminTest, TopicsAreCreatedOnceWithTheirPartitions) {
  Admin admin(bootstrap());
  const std::string topic = Name("t");
  EXPECT_EQ(admin.CountPartitions(topic), 0);
  EXPECT_EQ(admin.CreateTopic(topic, 7), kOk);
  EXPECT_EQ(admin.CountPartitions(topic), 7);
  EXPECT_EQ(admin.CreateTopic(topic, 7), RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
}

TEST_P(KafkaAdminTest, WhatCannotBeCreatedIsRefusedWithItsReason) {
  Admin admin(bootstrap());
  EXPECT_EQ(admin.CreateTopic("not/a/name", 1), RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
  EXPECT_EQ(admin.CreateTopic(std::string(250, 'x'), 1), RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
  EXPECT_EQ(admin.CreateTopic("..", 1), RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
  EXPECT_EQ(admin.CreateTopic(Name("t"), 1, {{"no.such.setting", "1"}}),
            RD_KAFKA_RESP_ERR_INVALID_CONFIG);
  EXPECT_EQ(admin.CountPartitions(Name("t")), 0);
}

TEST_P(KafkaAdminTest, ADeletedTopicIsGoneWithItsRecords) {
  Admin admin(bootstrap());
  const std::string topic = CreateTopic("t", 2);
  Producer producer(bootstrap());
  producer.Send(topic, "k", "old");
  producer.FlushWell();
  EXPECT_EQ(admin.DeleteTopic(topic), kOk);
  EXPECT_EQ(admin.CountPartitions(topic), 0);
  EXPECT_EQ(admin.DeleteTopic(topic), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);

  CreateTopic("t", 1);
  EXPECT_EQ(Consumer(bootstrap(), "").QueryWatermarks(topic, 0), (Consumer::Watermarks{0, 0}));
}

TEST_P(KafkaAdminTest, ATopicsSettingsAreDescribed) {
  Admin admin(bootstrap());
  const std::string topic = Name("t");
  ASSERT_EQ(admin.CreateTopic(topic, 1, {{"retention.ms", "3600000"}}), kOk);
  const auto configs = admin.DescribeTopicConfigs(topic);
  ASSERT_TRUE(configs.has_value());
  EXPECT_THAT(*configs, Contains(std::pair("retention.ms", "3600000")));
  EXPECT_THAT(*configs, Contains(std::pair("cleanup.policy", "delete")));
  EXPECT_THAT(*configs, Contains(std::pair("compression.type", "producer")));
  EXPECT_FALSE(admin.DescribeTopicConfigs(Name("unknown")).has_value());
}

TEST_P(KafkaAdminTest, GroupsAreListedDescribedAndDeleted) {
  Admin admin(bootstrap());
  const std::string topic = CreateTopic("t", 4);
  const std::string group = Name("g");
  EXPECT_THAT(admin.ListGroups(), Not(Contains(group)));
  {
    Consumer member(bootstrap(), group, {{"client.id", "reader"}});
    member.Subscribe(topic);
    const Deadline deadline;
    while (member.Assignment().size() < 4 && !deadline.Passed()) member.Next(kSilence);

    EXPECT_THAT(admin.ListGroups(), Contains(group));
    const Admin::Group described = admin.DescribeGroup(group);
    EXPECT_EQ(described.error, kOk);
    EXPECT_EQ(described.state, RD_KAFKA_CONSUMER_GROUP_STATE_STABLE);
    EXPECT_EQ(described.assignor, "range");
    EXPECT_THAT(described.client_ids, ElementsAre("reader"));
    EXPECT_THAT(described.assignments, SizeIs(4));
    EXPECT_EQ(admin.DeleteGroup(group), RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP);

    Producer producer(bootstrap());
    producer.Send(topic, Record{.partition = 0, .value = "x"});
    producer.FlushWell();
    const std::optional<Record> record = member.Next();
    ASSERT_TRUE(record.has_value());
    ASSERT_EQ(member.Commit(topic, *record), kOk);
  }
  EXPECT_EQ(admin.DescribeGroup(group).state, RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY);
  EXPECT_EQ(admin.DeleteGroup(group), kOk);
  EXPECT_THAT(admin.ListGroups(), Not(Contains(group)));
  EXPECT_EQ(admin.DeleteGroup(group), RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND);
  EXPECT_EQ(Consumer(bootstrap(), group).Committed(topic, 0), RD_KAFKA_OFFSET_INVALID);
}

TEST_P(KafkaAdminTest, AGroupNobodyKnowsIsDead) {
  EXPECT_EQ(Admin(bootstrap()).DescribeGroup(Name("nobody")).state,
            RD_KAFKA_CONSUMER_GROUP_STATE_DEAD);
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaAdminTest, BothStores(), StoreName);

class KafkaUnknownTopicTest : public KafkaTest {};

TEST_P(KafkaUnknownTopicTest, ProducingToItCreatesIt) {
  const std::string topic = Name("new");
  Producer producer(bootstrap());
  producer.Send(topic, "k", "v");
  const Delivery delivery = producer.FlushWell().at(0);
  EXPECT_EQ(delivery.offset, 0);
  Consumer consumer(bootstrap(), "");
  consumer.Assign(topic, delivery.partition);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "v");
}

TEST_P(KafkaUnknownTopicTest, ANameThatCannotBeIsRefusedPromptly) {
  if (IsMock()) GTEST_SKIP() << "the mock cluster takes any name";
  Producer producer(bootstrap());
  producer.Send("not a name!", "k", "v");
  EXPECT_EQ(producer.Flush().at(0).error, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
}

TEST_P(KafkaUnknownTopicTest, APartitionThatIsNotThereIsUnknown) {
  const std::string topic = CreateTopic("t", 2);
  Producer producer(bootstrap());
  producer.Send(topic, Record{.partition = 2, .value = "v"});
  EXPECT_EQ(producer.Flush().at(0).error, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaUnknownTopicTest, BothStores(), StoreName);

class KafkaNoAutoCreateTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsWherry() ? nullptr : "needs a broker that does not create topics by itself";
  }
  KafkaOptions options() const override { return {.auto_create_topics = false}; }
};

TEST_P(KafkaNoAutoCreateTest, ProducingFailsAndCreatesNothing) {
  const std::string topic = Name("new");
  Producer producer(bootstrap(), {{"topic.metadata.propagation.max.ms", "200"}});
  producer.Send(topic, "k", "v");
  // The client's own error, or the broker's as the client repeats it.
  EXPECT_THAT(producer.Flush().at(0).error,
              AnyOf(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
  EXPECT_EQ(Admin(bootstrap()).CountPartitions(topic), 0);
}

TEST_P(KafkaNoAutoCreateTest, AConsumerIsToldThatTheTopicIsUnknown) {
  Consumer consumer(bootstrap(), "g");
  consumer.Subscribe(Name("new"));
  const Deadline deadline;
  while (consumer.errors().empty() && !deadline.Passed()) consumer.Next(kSilence);
  EXPECT_THAT(consumer.errors(), Contains(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaNoAutoCreateTest, BothStores(), StoreName);

class KafkaDefaultPartitionsTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsWherry() ? nullptr : "needs a broker with options of our own";
  }
  KafkaOptions options() const override { return {.default_partitions = 5}; }
};

TEST_P(KafkaDefaultPartitionsTest, ATopicMadeByProducingHasAsManyAsTheOptionSays) {
  const std::string topic = Name("new");
  Producer producer(bootstrap());
  producer.Send(topic, "k", "v");
  producer.FlushWell();
  EXPECT_EQ(Admin(bootstrap()).CountPartitions(topic), 5);
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaDefaultPartitionsTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
