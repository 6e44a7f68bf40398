// The Kafka load's checks, against librdkafka's mock broker: they must fail when a log holds
// anything else than what was produced.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "tests/bench/kafka_runs.h"

namespace wherry::bench {
namespace {

using ::testing::HasSubstr;

class KafkaCheck : public ::testing::Test {
 protected:
  void SetUp() override {
    char error[256] = "";
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    ASSERT_NE(client_, nullptr) << error;
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    ASSERT_NE(cluster_, nullptr);
    rd_kafka_mock_topic_create(cluster_, "bench", 2, 1);
    load_.bootstrap = rd_kafka_mock_cluster_bootstraps(cluster_);
    load_.partitions = 2;
    load_.payload = 100;
    load_.per_partition = 50;
    load_.stall_seconds = 2;
  }
  void TearDown() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }

  KafkaLoad load_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST_F(KafkaCheck, PassesWhenTheBrokerIsRight) {
  ASSERT_TRUE(CreateTopic(load_).ok());
  const auto produced = Produce(load_);
  ASSERT_TRUE(produced.ok()) << produced.status();
  EXPECT_EQ(produced->operations, 100u);
  const auto consumed = Consume(load_);
  ASSERT_TRUE(consumed.ok()) << consumed.status();
}

TEST_F(KafkaCheck, LatencyIsTakenOfEveryRecord) {
  load_.per_partition = 5;
  const auto measured = MeasureLatency(load_, 1000);
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_EQ(measured->latencies.size(), 10u);
}

TEST_F(KafkaCheck, AnotherNumberOfPartitionsFails) {
  load_.partitions = 3;
  EXPECT_THAT(Message(CreateTopic(load_)), HasSubstr("has 2 partitions instead of 3"));
}

TEST_F(KafkaCheck, AnOffsetThatWasNotDueFails) {
  ASSERT_TRUE(Produce(load_).ok());
  EXPECT_THAT(Message(Produce(load_).status()), HasSubstr("offset 50 while 0 was due"));
}

TEST_F(KafkaCheck, MissingRecordsFail) {
  ASSERT_TRUE(Produce(load_).ok());
  load_.per_partition = 60;
  EXPECT_THAT(Message(Consume(load_).status()), HasSubstr("100 of 120 records"));
}

TEST_F(KafkaCheck, RecordsTooManyFail) {
  ASSERT_TRUE(Produce(load_).ok());
  load_.per_partition = 40;
  EXPECT_FALSE(Consume(load_).ok());
}

TEST_F(KafkaCheck, OtherContentFails) {
  ASSERT_TRUE(Produce(load_).ok());
  load_.payload = 101;
  EXPECT_THAT(Message(Consume(load_).status()), HasSubstr("holds another record"));
}

TEST_F(KafkaCheck, ARefusedRecordFails) {
  rd_kafka_mock_push_request_errors(cluster_, 0 /* Produce */, 1,
                                    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_THAT(Message(Produce(load_).status()), HasSubstr("not delivered"));
}

}  // namespace
}  // namespace wherry::bench
