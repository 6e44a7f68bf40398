// The direct API and the wire see the same topics, offsets and groups.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class KafkaDirectTest : public ::testing::TestWithParam<bool> {
 protected:
  KafkaDirectTest() {
    Options options;
    if (GetParam()) options.data_dir = folder_.File("data");
    broker_.emplace(Broker::Start(options).value());
  }

  Kafka& kafka() { return broker_->kafka(); }
  std::string bootstrap() const { return broker_->Address("kafka"); }

 private:
  TempFolder folder_;
  std::optional<Broker> broker_;
};

TEST_P(KafkaDirectTest, WhatAClientProducedIsReadDirectly) {
  ASSERT_TRUE(kafka().CreateTopic("t", 1).ok());
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    Producer producer(bootstrap(), {{"compression.type", codec}, {"linger.ms", "100"}});
    for (int i = 0; i < 10; ++i) {
      producer.Send("t", Record{.partition = 0,
                                .key = codec,
                                .value = std::string(100, static_cast<char>('a' + i)),
                                .headers = {{"number", std::to_string(i)}},
                                .timestamp = 1'600'000'000'000 + i});
    }
    producer.FlushWell();
  }
  const std::vector<KafkaRecord> records = kafka().ReadAll("t", 0).value();
  ASSERT_EQ(records.size(), 50u);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const int number = static_cast<int>(i % 10);
    EXPECT_EQ(records[i].offset, static_cast<std::int64_t>(i));
    EXPECT_EQ(records[i].value, std::string(100, static_cast<char>('a' + number)));
    EXPECT_THAT(records[i].headers, ElementsAre(Pair("number", std::to_string(number))));
    EXPECT_EQ(records[i].timestamp, 1'600'000'000'000 + number);
  }
  // From inside a compressed batch.
  EXPECT_EQ(kafka().Read("t", 0, 44, 1).value().at(0).key, "zstd");
}

TEST_P(KafkaDirectTest, WhatWasAppendedDirectlyIsConsumed) {
  ASSERT_TRUE(kafka().CreateTopic("t", 1).ok());
  const KafkaRecord sent{.key = "k",
                         .value = std::nullopt,
                         .headers = {{"h", std::nullopt}},
                         .timestamp = 1'600'000'000'123};
  ASSERT_TRUE(kafka().Append("t", sent).ok());
  Consumer consumer(bootstrap(), "", {{"check.crcs", "true"}});
  consumer.Assign("t", 0);
  const Record got = consumer.Next().value_or(Record{});
  EXPECT_EQ(got.key, sent.key);
  EXPECT_EQ(got.value, std::nullopt);
  EXPECT_EQ(got.headers, sent.headers);
  EXPECT_EQ(got.timestamp, sent.timestamp);
  // A fetch that waits at the end is woken by a direct append, too.
  ASSERT_TRUE(kafka().Append("t", {.value = "next"}).ok());
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "next");
}

TEST_P(KafkaDirectTest, TheSameKeyLandsInTheSamePartition) {
  ASSERT_TRUE(kafka().CreateTopic("t", 7).ok());
  Producer producer(bootstrap(), {{"partitioner", "murmur2"}});
  std::vector<std::int32_t> direct;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key-" + std::to_string(i);
    direct.push_back(kafka().Append("t", {.key = key}).value().partition);
    producer.Send("t", key, "v");
  }
  std::vector<std::int32_t> by_client;
  for (const Delivery& delivery : producer.FlushWell()) by_client.push_back(delivery.partition);
  EXPECT_EQ(direct, by_client);
}

TEST_P(KafkaDirectTest, CommittedOffsetsOfAClientAreSeen) {
  ASSERT_TRUE(kafka().CreateTopic("t", 2).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(kafka().Append("t", {.value = "v"}, 1).ok());
  Consumer consumer(bootstrap(), "group");
  consumer.Assign("t", 1);
  const std::vector<Record> records = consumer.Read(3);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(consumer.Commit("t", records.back()), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_THAT(kafka().CommittedOffsets("group").value(), ElementsAre(Pair(Pair("t", 1), 3)));
  EXPECT_THAT(kafka().CommittedOffsets("other").value(), IsEmpty());
}

TEST_P(KafkaDirectTest, DeletingATopicTakesItsCommittedOffsetsWithIt) {
  ASSERT_TRUE(kafka().CreateTopic("t", 1).ok());
  ASSERT_TRUE(kafka().Append("t", {.value = "v"}).ok());
  Consumer consumer(bootstrap(), "group");
  consumer.Assign("t", 0);
  EXPECT_EQ(consumer.Commit("t", consumer.Next().value_or(Record{})), RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_TRUE(kafka().DeleteTopic("t").ok());
  EXPECT_THAT(kafka().CommittedOffsets("group").value(), IsEmpty());
  ASSERT_TRUE(kafka().CreateTopic("t", 1).ok());
  EXPECT_EQ(consumer.Committed("t", 0), RD_KAFKA_OFFSET_INVALID);
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaDirectTest, ::testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "Disk" : "Memory");
});

}  // namespace
}  // namespace wherry::conformance
