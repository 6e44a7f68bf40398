// A broker that is stopped and started again on the same data directory and port.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;

class KafkaRestartTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsWherry() ? nullptr : "only a broker of our own can be restarted from here";
  }
};

TEST_P(KafkaRestartTest, RecordsAndTopicsAreThere) {
  const std::string topic = CreateTopic("t", 3);
  {
    Producer producer(bootstrap(), {{"compression.type", "lz4"}});
    for (int i = 0; i < 300; ++i) {
      producer.Send(topic, Record{.partition = i % 3, .value = std::to_string(i)});
    }
    producer.FlushWell();
  }
  server().Restart();

  EXPECT_EQ(Admin(bootstrap()).CountPartitions(topic), 3);
  Consumer consumer(bootstrap(), "");
  for (int partition = 0; partition < 3; ++partition) {
    consumer.Assign(topic, partition);
    const std::vector<Record> records = consumer.Read(100);
    ASSERT_EQ(records.size(), 100u);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(records[i].offset, i);
      EXPECT_EQ(records[i].value, std::to_string(3 * i + partition));
    }
  }
}

TEST_P(KafkaRestartTest, AGroupResumesAtItsCommittedOffset) {
  const std::string topic = CreateTopic("t", 1);
  Producer producer(bootstrap());
  for (int i = 0; i < 10; ++i) producer.Send(topic, "k", std::to_string(i));
  producer.FlushWell();
  {
    Consumer consumer(bootstrap(), "g");
    consumer.Subscribe(topic);
    const std::vector<Record> records = consumer.Read(4);
    ASSERT_EQ(records.size(), 4u);
    ASSERT_EQ(consumer.Commit(topic, records.back()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  server().Restart();

  Consumer consumer(bootstrap(), "g");
  consumer.Subscribe(topic);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "4");
}

TEST_P(KafkaRestartTest, ClientsThatStayConnectedGoOnWithoutLossOrRepetition) {
  const std::string topic = CreateTopic("t", 1);
  Producer producer(bootstrap(), {{"enable.idempotence", "true"}});
  Consumer consumer(bootstrap(), "g");
  consumer.Subscribe(topic);
  std::vector<std::string> sent;
  std::vector<std::string> got;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      sent.push_back(std::to_string(sent.size()));
      producer.Send(topic, "k", sent.back());
    }
    producer.FlushWell();
    for (const Record& record : consumer.Read(100)) {
      got.push_back(*record.value);
      EXPECT_EQ(record.offset + 1, static_cast<std::int64_t>(got.size()));
    }
    ASSERT_EQ(got, sent);
    if (round < 2) server().Restart();
  }
}

TEST_P(KafkaRestartTest, DeletedTopicsStayDeleted) {
  const std::string topic = CreateTopic("t", 1);
  {
    Producer producer(bootstrap());
    producer.Send(topic, "k", "v");
    producer.FlushWell();
  }
  ASSERT_EQ(Admin(bootstrap()).DeleteTopic(topic), RD_KAFKA_RESP_ERR_NO_ERROR);
  server().Restart();
  EXPECT_EQ(Admin(bootstrap()).CountPartitions(topic), 0);
  // A new topic of the old name starts from nothing.
  CreateTopic("t", 1);
  EXPECT_EQ(Consumer(bootstrap(), "").QueryWatermarks(topic, 0), (Consumer::Watermarks{0, 0}));
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaRestartTest, ::testing::Values(KafkaServer::Kind::kDisk),
                         StoreName);

}  // namespace
}  // namespace wherry::conformance
