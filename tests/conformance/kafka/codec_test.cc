// Every codec that Kafka knows: stored as sent, and readable.
#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_test.h"
#include "tests/conformance/kafka/kafka_wire.h"

namespace wherry::conformance {
namespace {

struct Codec {
  const char* name;
  int attribute;  // the low three bits of a batch's attributes
};

class KafkaCodecTest : public KafkaTest {
 protected:
  void ExpectRoundTrip(const Codec& codec) {
    constexpr int kRecords = 500;
    const std::string topic = CreateTopic(codec.name, 1);
    // All in one batch: one of a single record is not worth compressing to the client.
    Producer producer(bootstrap(), {{"compression.type", codec.name},
                                    {"linger.ms", "10000"},
                                    {"batch.num.messages", std::to_string(kRecords)}});
    // A record ahead: a client that does not know the topic yet may begin with a batch of few.
    producer.Send(topic, Record{.partition = 0, .value = "ahead", .timestamp = 1});
    producer.FlushWell();
    std::vector<std::string> values;
    for (int i = 0; i < kRecords; ++i) {
      values.push_back("a value that repeats itself, repeats itself " + std::to_string(i));
      producer.Send(topic, Record{.partition = 0,
                                  .key = "k",
                                  .value = values.back(),
                                  .headers = {{"number", std::to_string(i)}},
                                  .timestamp = 1'600'000'000'000 + i});
    }
    producer.FlushWell();

    EXPECT_EQ(FetchBatch(bootstrap(), topic, 1).codec, codec.attribute)
        << "the client did not compress, or the broker stored something else";

    Consumer consumer(bootstrap(), "", {{"check.crcs", "true"}});
    consumer.Assign(topic, 0, 1);
    const std::vector<Record> records = consumer.Read(kRecords);
    ASSERT_EQ(records.size(), values.size());
    for (int i = 0; i < kRecords; ++i) {
      ASSERT_EQ(records[i].offset, i + 1);
      ASSERT_EQ(records[i].value, values[i]);
      ASSERT_EQ(records[i].timestamp, 1'600'000'000'000 + i);
    }
    // Starting inside a batch that nobody but the client can open.
    consumer.Assign(topic, 0, kRecords / 2 + 2);
    EXPECT_EQ(consumer.Next().value_or(Record{}).value, values[kRecords / 2 + 1]);
    if (!IsMock()) {
      EXPECT_EQ(consumer.OffsetForTime(topic, 0, 1'600'000'000'000 + 123), 124);
    }
  }
};

TEST_P(KafkaCodecTest, None) { ExpectRoundTrip({"none", 0}); }
TEST_P(KafkaCodecTest, Gzip) { ExpectRoundTrip({"gzip", 1}); }
TEST_P(KafkaCodecTest, Snappy) { ExpectRoundTrip({"snappy", 2}); }
TEST_P(KafkaCodecTest, Lz4) { ExpectRoundTrip({"lz4", 3}); }
TEST_P(KafkaCodecTest, Zstd) { ExpectRoundTrip({"zstd", 4}); }

INSTANTIATE_TEST_SUITE_P(Store, KafkaCodecTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
