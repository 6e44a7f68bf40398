// What a topic's configuration does to its records, as stock clients see it.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"
#include "tests/conformance/kafka/kafka_wire.h"

namespace wherry::conformance {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

constexpr rd_kafka_resp_err_t kOk = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr std::int64_t kLongAgo = 1'000'000'000'000;  // 2001

class KafkaLogRulesTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsMock() ? "the mock cluster knows no configurations" : nullptr;
  }
  // Starts the broker again, where that loses nothing.
  void RestartIfKept() {
    if (IsWherry() && GetParam() == KafkaServer::Kind::kDisk) server().Restart();
  }
  std::string Create(const std::vector<std::pair<std::string, std::string>>& configs) {
    const std::string topic = Name("t");
    EXPECT_EQ(Admin(bootstrap()).CreateTopic(topic, 1, configs), kOk);
    return topic;
  }
  // Sends one record to partition 0, and waits.
  Delivery Send(const std::string& topic, Record record, const Settings& settings = {}) {
    Producer producer(bootstrap(), settings);
    record.partition = 0;
    producer.Send(topic, record);
    return producer.Flush().at(0);
  }
};

TEST_P(KafkaLogRulesTest, ATopicsConfigurationIsAlteredAndKept) {
  Admin admin(bootstrap());
  const std::string topic = Create({{"retention.ms", "3600000"}});
  EXPECT_EQ(admin.AlterTopicConfigs(topic, {{"max.message.bytes", "1000"}}), kOk);
  for (int i = 0; i < 2; ++i) {
    const auto configs = admin.DescribeTopicConfigs(topic);
    ASSERT_TRUE(configs.has_value());
    EXPECT_THAT(*configs, Contains(std::pair("max.message.bytes", "1000")));
    EXPECT_THAT(*configs, Contains(std::pair("retention.ms", "604800000")));
    EXPECT_EQ(Send(topic, {.value = std::string(2000, 'x')}).error,
              RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    if (i == 0) RestartIfKept();
  }
  EXPECT_EQ(admin.AlterTopicConfigs(topic, {{"max.message.bytes", "-1"}}),
            RD_KAFKA_RESP_ERR_INVALID_CONFIG);
  EXPECT_EQ(admin.AlterTopicConfigs(Name("unknown"), {{"max.message.bytes", "1"}}),
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

TEST_P(KafkaLogRulesTest, PartitionsAreAddedAndWrittenTo) {
  Admin admin(bootstrap());
  const std::string topic = Create({});
  EXPECT_EQ(admin.CreatePartitions(topic, 3), kOk);
  EXPECT_EQ(admin.CountPartitions(topic), 3);
  EXPECT_EQ(admin.CreatePartitions(topic, 2), RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
  Producer producer(bootstrap());
  producer.Send(topic, Record{.partition = 2, .value = "v"});
  EXPECT_EQ(producer.FlushWell().at(0).offset, 0);
  RestartIfKept();
  Consumer consumer(bootstrap(), "");
  consumer.Assign(topic, 2);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "v");
}

TEST_P(KafkaLogRulesTest, LogAppendTimeIsTheBrokers) {
  const std::string topic = Create({{"message.timestamp.type", "LogAppendTime"}});
  EXPECT_EQ(Send(topic, {.value = "v", .timestamp = kLongAgo}, {{"compression.type", "lz4"}}).error,
            kOk);
  Consumer consumer(bootstrap(), "");
  consumer.Assign(topic, 0);
  const std::optional<Record> record = consumer.Next();
  ASSERT_TRUE(record.has_value());
  EXPECT_GT(record->timestamp, kLongAgo);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kLongAgo + 1), 0);
}

TEST_P(KafkaLogRulesTest, ATimestampOutOfBoundsIsRefused) {
  const std::string topic = Create({{"message.timestamp.before.max.ms", "3600000"}});
  EXPECT_EQ(Send(topic, {.value = "v", .timestamp = kLongAgo}).error,
            RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
  EXPECT_EQ(Send(topic, {.value = "v"}).error, kOk);
}

TEST_P(KafkaLogRulesTest, ACompactedTopicTakesNoRecordWithoutAKey) {
  const std::string topic = Create({{"cleanup.policy", "compact"}});
  EXPECT_EQ(Send(topic, {.value = "v"}).error, RD_KAFKA_RESP_ERR_INVALID_RECORD);
  EXPECT_EQ(Send(topic, {.key = "k", .value = "v"}).error, kOk);
}

TEST_P(KafkaLogRulesTest, RecordsAreRecompressedAsTheTopicAsks) {
  for (const auto& [type, codec] : {std::pair{"gzip", 1}, {"snappy", 2}, {"lz4", 3}, {"zstd", 4},
                                    {"uncompressed", 0}}) {
    const std::string topic = Name(std::string("c-") + type);
    ASSERT_EQ(Admin(bootstrap()).CreateTopic(topic, 1, {{"compression.type", type}}), kOk);
    const std::string value(5000, 'x');
    EXPECT_EQ(Send(topic, {.key = "k", .value = value, .headers = {{"h", "1"}}},
                   {{"compression.type", codec == 1 ? "zstd" : "gzip"}})
                  .error,
              kOk);
    EXPECT_EQ(FetchBatch(bootstrap(), topic, 0).codec, codec) << type;
    Consumer consumer(bootstrap(), "");
    consumer.Assign(topic, 0);
    const std::optional<Record> record = consumer.Next();
    ASSERT_TRUE(record.has_value()) << type;
    EXPECT_EQ(record->value, value);
    EXPECT_THAT(record->headers, SizeIs(1));
  }
}

TEST_P(KafkaLogRulesTest, AcksOfAllWantAsManyReplicasAsTheTopicSays) {
  const std::string topic = Create({{"min.insync.replicas", "2"}});
  const Settings once = {{"message.timeout.ms", "1000"}};
  EXPECT_NE(Send(topic, {.value = "v"}, once).error, kOk);
  EXPECT_EQ(Send(topic, {.value = "v"}, {{"acks", "1"}}).error, kOk);
}

TEST_P(KafkaLogRulesTest, DeletedRecordsAreGoneForEveryReader) {
  const std::string topic = Create({});
  Producer producer(bootstrap());
  for (int i = 0; i < 10; ++i) {
    producer.Send(topic, Record{.partition = 0, .value = std::to_string(i)});
    producer.FlushWell();
  }
  Admin admin(bootstrap());
  EXPECT_EQ(admin.DeleteRecords(topic, 0, 11).error, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  const Admin::Deleted deleted = admin.DeleteRecords(topic, 0, 6);
  EXPECT_EQ(deleted.error, kOk);
  EXPECT_EQ(deleted.low_watermark, 6);
  EXPECT_EQ(admin.DeleteRecords(topic, 0, 3).low_watermark, 6);
  Consumer consumer(bootstrap(), "");
  EXPECT_EQ(consumer.QueryWatermarks(topic, 0), (Consumer::Watermarks{6, 10}));
  consumer.Assign(topic, 0);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "6");
  EXPECT_EQ(admin.DeleteRecords(topic, 0, RD_KAFKA_OFFSET_END).low_watermark, 10);
  RestartIfKept();
  EXPECT_EQ(Consumer(bootstrap(), "").QueryWatermarks(topic, 0), (Consumer::Watermarks{10, 10}));
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaLogRulesTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
