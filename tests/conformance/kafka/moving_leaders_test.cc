// Stock clients while leaders move and nodes stop.
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr std::string_view kScheme = "kafka://";
constexpr int kNodes = 3;
constexpr int kPartitions = 3;

class MovingLeadersTest : public ::testing::Test {
 protected:
  MovingLeadersTest() {
    broker_.emplace(Broker::Start({.kafka = {.nodes = kNodes}}).value());
    EXPECT_TRUE(kafka().CreateTopic("t", kPartitions, kNodes).ok());
  }

  Kafka& kafka() { return broker_->kafka(); }
  // All nodes: a client must find its way when it begins with one that is down.
  std::string bootstrap() const {
    std::string all;
    for (const std::string& url : broker_->Urls()) {
      if (url.starts_with(kScheme)) all += url.substr(kScheme.size()) + ",";
    }
    return all;
  }
  std::vector<std::int32_t> Leaders(const std::string& topic) {
    std::vector<std::int32_t> nodes;
    for (const KafkaLeader& leader : kafka().DescribeTopic(topic).value().leaders) {
      nodes.push_back(leader.node);
    }
    return nodes;
  }
  // To each partition, numbered on from those before.
  void Send(Producer& producer, int count) {
    for (int i = 0; i < count; ++i, ++sent_) {
      for (int p = 0; p < kPartitions; ++p) {
        producer.Send("t", Record{.partition = p, .value = std::to_string(sent_)});
      }
    }
  }
  // Everything that was sent lies there once, in order.
  void ExpectAllInOrder() {
    for (int p = 0; p < kPartitions; ++p) {
      const std::vector<KafkaRecord> records = kafka().ReadAll("t", p).value();
      ASSERT_THAT(records, SizeIs(sent_)) << p;
      for (int i = 0; i < sent_; ++i) {
        ASSERT_EQ(records[static_cast<std::size_t>(i)].value, std::to_string(i)) << p;
      }
    }
  }

  std::optional<Broker> broker_;
  int sent_ = 0;  // to each partition
};

TEST_F(MovingLeadersTest, ClientsFollowALeader) {
  Producer producer(bootstrap(), {{"enable.idempotence", "true"}, {"linger.ms", "0"}});
  Consumer consumer(bootstrap(), "g", {{"auto.offset.reset", "earliest"}});
  consumer.Subscribe("t");
  std::size_t read = 0;
  for (std::int32_t round = 0; round < 6; ++round) {
    Send(producer, 50);
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      ASSERT_TRUE(kafka().MoveLeader("t", p, (p + round) % kNodes + 1).ok());
    }
    Send(producer, 50);
    read += consumer.Read(kPartitions * 100u).size();
  }
  producer.FlushWell();
  EXPECT_EQ(read, static_cast<std::size_t>(sent_) * kPartitions);
  ExpectAllInOrder();
  EXPECT_THAT(Leaders("t"), ElementsAre(3, 1, 2));
}

TEST_F(MovingLeadersTest, WorkGoesOnWhileANodeIsDown) {
  Producer producer(bootstrap(), {{"enable.idempotence", "true"}});
  Consumer consumer(bootstrap(), "g", {{"auto.offset.reset", "earliest"}});
  consumer.Subscribe("t");
  for (std::int32_t node = 1; node <= kNodes; ++node) {
    Send(producer, 20);
    ASSERT_TRUE(kafka().StopNode(node).ok());
    for (const std::int32_t leader : Leaders("t")) EXPECT_NE(leader, node);
    Send(producer, 20);
    producer.FlushWell();
    EXPECT_THAT(consumer.Read(kPartitions * 40u), SizeIs(kPartitions * 40u)) << node;
    ASSERT_TRUE(kafka().StartNode(node).ok());
  }
  ExpectAllInOrder();
}

TEST_F(MovingLeadersTest, AGroupCommitsToAnotherCoordinator) {
  Producer producer(bootstrap());
  Send(producer, 1);
  producer.FlushWell();
  for (std::int32_t node = 1; node <= kNodes; ++node) {
    const std::string group = "g" + std::to_string(node);
    Consumer consumer(bootstrap(), group, {{"auto.offset.reset", "earliest"}});
    consumer.Subscribe("t");
    const std::optional<Record> record = consumer.Next();
    ASSERT_TRUE(record.has_value());
    ASSERT_TRUE(kafka().StopNode(node).ok());
    EXPECT_EQ(consumer.Commit("t", *record), RD_KAFKA_RESP_ERR_NO_ERROR) << node;
    ASSERT_TRUE(kafka().StartNode(node).ok());
    EXPECT_EQ(kafka().CommittedOffsets(group).value().size(), 1u);
  }
}

TEST_F(MovingLeadersTest, ATransactionEndsWithoutItsNode) {
  for (std::int32_t node = 1; node <= kNodes; ++node) {
    Producer producer(bootstrap(), {{"transactional.id", "tx"}});
    ASSERT_EQ(rd_kafka_init_transactions(producer.client(), 20'000), nullptr);
    ASSERT_EQ(rd_kafka_begin_transaction(producer.client()), nullptr);
    Send(producer, 5);
    ASSERT_TRUE(kafka().StopNode(node).ok());
    Send(producer, 5);
    EXPECT_EQ(rd_kafka_commit_transaction(producer.client(), 20'000), nullptr) << node;
    ASSERT_TRUE(kafka().StartNode(node).ok());
  }
  ExpectAllInOrder();
}

TEST_F(MovingLeadersTest, WhatHasOneReplicaWaitsForItsNode) {
  ASSERT_TRUE(kafka().CreateTopic("alone", kPartitions).ok());
  Producer producer(bootstrap());
  producer.Send("alone", Record{.partition = 1, .value = "first"});
  producer.FlushWell();
  ASSERT_TRUE(kafka().StopNode(2).ok());
  EXPECT_THAT(Leaders("alone"), ElementsAre(1, -1, 3));
  producer.Send("alone", Record{.partition = 1, .value = "second"});
  producer.Send("alone", Record{.partition = 0, .value = "other"});
  const Deadline deadline;
  while (producer.settled() < 1 && !deadline.Passed()) {
    rd_kafka_poll(producer.client(), 10);
  };
  EXPECT_EQ(producer.settled(), 1u);  // the other
  ASSERT_TRUE(kafka().StartNode(2).ok());
  producer.FlushWell();
  EXPECT_THAT(kafka().ReadAll("alone", 1).value(), SizeIs(2));
}

TEST_F(MovingLeadersTest, AConsumerThatWaitsGetsWhatTheNextLeaderTakes) {
  Producer producer(bootstrap());
  Consumer consumer(bootstrap(), "", {{"fetch.wait.max.ms", "60000"}});
  consumer.Assign("t", 0);
  for (std::int32_t node = 2; node <= kNodes; ++node) {
    producer.Send("t", Record{.partition = 0, .value = "v"});
    EXPECT_TRUE(consumer.Next().has_value());
    ASSERT_TRUE(kafka().MoveLeader("t", 0, node).ok());
    producer.Send("t", Record{.partition = 0, .value = "v"});
    EXPECT_TRUE(consumer.Next().has_value());
  }
}

TEST_F(MovingLeadersTest, ANodeThatIsDownIsNowhere) {
  ASSERT_TRUE(kafka().StopNode(2).ok());
  ASSERT_TRUE(kafka().StopNode(2).ok());
  Producer client(bootstrap());
  const rd_kafka_metadata_t* metadata = nullptr;
  ASSERT_EQ(rd_kafka_metadata(client.client(), 1, nullptr, &metadata, 10'000),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  std::set<std::int32_t> ids;
  for (int i = 0; i < metadata->broker_cnt; ++i) ids.insert(metadata->brokers[i].id);
  rd_kafka_metadata_destroy(metadata);
  EXPECT_THAT(ids, ElementsAre(1, 3));
  EXPECT_EQ(kafka().StopNode(4).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(kafka().MoveLeader("t", 0, 2).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(kafka().MoveLeader("t", 9, 2).code(), StatusCode::kNotFound);
}

TEST_F(MovingLeadersTest, ARestartAndAResetBringNodesBack) {
  ASSERT_TRUE(kafka().StopNode(1).ok());
  ASSERT_TRUE(broker_->Restart().ok());
  Producer producer(bootstrap());
  ASSERT_TRUE(kafka().CreateTopic("again", kPartitions).ok());
  for (int p = 0; p < kPartitions; ++p) {
    producer.Send("again", Record{.partition = p, .value = "v"});
  }
  producer.FlushWell();
  ASSERT_TRUE(kafka().StopNode(1).ok());
  ASSERT_TRUE(broker_->Reset().ok());
  ASSERT_TRUE(kafka().CreateTopic("anew", kPartitions).ok());
  Producer other(bootstrap());
  other.Send("anew", Record{.partition = 0, .value = "v"});
  other.FlushWell();
}

TEST(MovedLeaders, AreKept) {
  TempFolder folder;
  const Options options{.data_dir = folder.File("data"), .kafka = {.nodes = kNodes}};
  {
    Broker broker = Broker::Start(options).value();
    ASSERT_TRUE(broker.kafka().CreateTopic("t", 2, 2).ok());
    ASSERT_TRUE(broker.kafka().MoveLeader("t", 0, 2).ok());
    ASSERT_TRUE(broker.kafka().StopNode(3).ok());
  }
  Broker broker = Broker::Start(options).value();
  EXPECT_THAT(broker.kafka().DescribeTopic("t").value().leaders,
              ElementsAre(KafkaLeader{2, 1}, KafkaLeader{2, 0}));
}

}  // namespace
}  // namespace wherry::conformance
