// Producing, and reading back byte by byte.
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;

class KafkaProduceTest : public KafkaTest {
 protected:
  std::vector<Record> ReadPartition(const std::string& topic, std::int32_t partition,
                                    std::size_t count) {
    Consumer consumer(bootstrap(), "");
    consumer.Assign(topic, partition);
    return consumer.Read(count);
  }

  // Sends numbered records with these settings and reads them back in order.
  void ExpectRoundTrip(const Settings& settings, int count, std::size_t padding) {
    const std::string topic = CreateTopic("t", 1);
    Producer producer(bootstrap(), settings);
    const std::string filler(padding, 'f');
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(producer.Send(topic, "k" + std::to_string(i), std::to_string(i) + filler),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    producer.FlushWell();
    const std::vector<Record> records = ReadPartition(topic, 0, count);
    ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(records[i].offset, i);
      ASSERT_EQ(records[i].key, "k" + std::to_string(i));
      ASSERT_EQ(records[i].value, std::to_string(i) + filler);
    }
  }
};

TEST_P(KafkaProduceTest, AcksAllTellsWhereEachRecordLies) {
  const std::string topic = CreateTopic("t", 1);
  Producer producer(bootstrap(), {{"acks", "all"}});
  for (const char* value : {"a", "b", "c"}) producer.Send(topic, "k", value);
  std::vector<std::int64_t> offsets;
  for (const Delivery& delivery : producer.FlushWell()) offsets.push_back(delivery.offset);
  EXPECT_THAT(offsets, ElementsAre(0, 1, 2));
}

TEST_P(KafkaProduceTest, AcksOneRoundTrips) { ExpectRoundTrip({{"acks", "1"}}, 1000, 100); }

TEST_P(KafkaProduceTest, AcksNoneGetsNoAnswerAndTheRecordsArriveAllTheSame) {
  ExpectRoundTrip({{"acks", "0"}}, 1000, 100);
}

TEST_P(KafkaProduceTest, ManySmallRequestsInFlightKeepTheirOrder) {
  ExpectRoundTrip({{"linger.ms", "0"}, {"batch.num.messages", "1"}}, 2000, 0);
}

TEST_P(KafkaProduceTest, EverythingOfARecordSurvives) {
  const std::string topic = CreateTopic("t", 1);
  const std::string binary("\0\xff\r\n\x80", 5);
  const std::vector<Record> sent = {
      {.key = "key", .value = "value", .timestamp = 1'600'000'000'123},
      {.key = std::nullopt, .value = "no key", .timestamp = 1'600'000'000'124},
      {.key = "", .value = "empty key", .timestamp = 1'600'000'000'125},
      {.key = "tombstone", .value = std::nullopt, .timestamp = 1'600'000'000'126},
      {.key = "empty value", .value = "", .timestamp = 1'600'000'000'127},
      {.key = binary, .value = binary, .timestamp = 1'600'000'000'128},
      {.key = "headers",
       .value = "x",
       .headers =
           {{"one", "1"}, {"two", binary}, {"one", "again"}, {"null", std::nullopt}, {"empty", ""}},
       .timestamp = 1'600'000'000'120},
  };
  Producer producer(bootstrap());
  for (Record record : sent) {
    record.partition = 0;
    ASSERT_EQ(producer.Send(topic, record), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  producer.FlushWell();

  const std::vector<Record> got = ReadPartition(topic, 0, sent.size());
  ASSERT_EQ(got.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(got[i].offset, static_cast<std::int64_t>(i));
    EXPECT_EQ(got[i].key, sent[i].key) << i;
    EXPECT_EQ(got[i].value, sent[i].value) << i;
    EXPECT_EQ(got[i].headers, sent[i].headers) << i;
    EXPECT_EQ(got[i].timestamp, sent[i].timestamp) << i;
  }
}

TEST_P(KafkaProduceTest, AKeyAlwaysLandsInItsPartitionAndKeepsItsOrder) {
  constexpr int kPartitions = 4;
  constexpr int kKeys = 50;
  const std::string topic = CreateTopic("t", kPartitions);
  Producer producer(bootstrap(), {{"partitioner", "murmur2_random"}});
  for (int round = 0; round < 10; ++round) {
    for (int key = 0; key < kKeys; ++key) {
      producer.Send(topic, "key" + std::to_string(key), std::to_string(round));
    }
  }
  std::map<std::int32_t, std::size_t> counts;
  for (const Delivery& delivery : producer.FlushWell()) ++counts[delivery.partition];
  EXPECT_EQ(counts.size(), static_cast<std::size_t>(kPartitions)) << "all partitions are used";

  std::map<std::string, std::int32_t> homes;
  std::map<std::string, int> rounds;
  for (const auto& [partition, count] : counts) {
    for (const Record& record : ReadPartition(topic, partition, count)) {
      const auto [home, is_new] = homes.emplace(*record.key, partition);
      EXPECT_EQ(home->second, partition) << *record.key;
      EXPECT_EQ(*record.value, std::to_string(rounds[*record.key]++)) << *record.key;
    }
  }
  EXPECT_EQ(homes.size(), static_cast<std::size_t>(kKeys));
}

TEST_P(KafkaProduceTest, AnIdempotentProducerStoresEachRecordOnceInOrder) {
  ExpectRoundTrip({{"enable.idempotence", "true"},
                   {"max.in.flight.requests.per.connection", "5"},
                   {"batch.num.messages", "10"},
                   {"linger.ms", "0"}},
                  5000, 20);
}

TEST_P(KafkaProduceTest, TwoIdempotentProducersDoNotDisturbEachOther) {
  const std::string topic = CreateTopic("t", 1);
  Producer red(bootstrap(), {{"enable.idempotence", "true"}});
  Producer blue(bootstrap(), {{"enable.idempotence", "true"}});
  for (int i = 0; i < 500; ++i) {
    red.Send(topic, "red", std::to_string(i));
    blue.Send(topic, "blue", std::to_string(i));
  }
  red.FlushWell();
  blue.FlushWell();
  std::map<std::string, int> next;
  for (const Record& record : ReadPartition(topic, 0, 1000)) {
    EXPECT_EQ(*record.value, std::to_string(next[*record.key]++));
  }
  EXPECT_THAT(next, ElementsAre(std::pair("blue", 500), std::pair("red", 500)));
}

TEST_P(KafkaProduceTest, ALargeRecordUpToTheLimitRoundTrips) { ExpectRoundTrip({}, 4, 990'000); }

TEST_P(KafkaProduceTest, ARecordAboveTheTopicsLimitIsRefusedAndTheRestGoesOn) {
  if (IsMock()) GTEST_SKIP() << "the mock cluster has no limit";
  const std::string topic = CreateTopic("t", 1);
  Producer producer(bootstrap(), {{"message.max.bytes", "10000000"}});
  producer.Send(topic, "k", std::string(2'000'000, 'x'));
  EXPECT_EQ(producer.Flush()[0].error, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  producer.Send(topic, "k", "small");
  EXPECT_EQ(producer.FlushWell()[0].offset, 0);
}

TEST_P(KafkaProduceTest, ManyTopicsAtOnce) {
  constexpr int kTopics = 50;
  std::vector<std::string> topics;
  Producer producer(bootstrap());
  for (int i = 0; i < kTopics; ++i) {
    topics.push_back(CreateTopic("t" + std::to_string(i), 2));
    producer.Send(topics.back(), Record{.partition = 1, .value = std::to_string(i)});
  }
  producer.FlushWell();
  Consumer consumer(bootstrap(), "");
  for (int i = 0; i < kTopics; ++i) {
    consumer.Assign(topics[i], 1);
    EXPECT_EQ(consumer.Next().value_or(Record{}).value, std::to_string(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaProduceTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
