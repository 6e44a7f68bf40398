// Where a consumer starts: the beginning, the end, a time, a committed offset, an impossible one.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kNoon = 1'600'000'000'000;

class KafkaConsumeTest : public KafkaTest {
 protected:
  // Ten records "0" to "9" in partition 0, a second apart, two to a batch.
  std::string TopicOfTen() {
    const std::string topic = CreateTopic("ten", 1);
    Producer producer(bootstrap(), {{"batch.num.messages", "2"}});
    for (int i = 0; i < 10; ++i) {
      producer.Send(topic, Record{.partition = 0,
                                  .key = "k",
                                  .value = std::to_string(i),
                                  .timestamp = kNoon + 1000 * i});
    }
    producer.FlushWell();
    return topic;
  }
  static std::string ValueOf(const std::optional<Record>& record) {
    return record.has_value() ? record->value.value_or("(null)") : "(no record)";
  }
};

TEST_P(KafkaConsumeTest, StartsAtAnyOffset) {
  const std::string topic = TopicOfTen();
  Consumer consumer(bootstrap(), "");
  for (int offset = 0; offset < 10; ++offset) {
    consumer.Assign(topic, 0, offset);
    const std::optional<Record> record = consumer.Next();
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->offset, offset);
    EXPECT_EQ(ValueOf(record), std::to_string(offset));
  }
}

TEST_P(KafkaConsumeTest, SeekingToTheBeginningReadsAllAgain) {
  const std::string topic = TopicOfTen();
  Consumer consumer(bootstrap(), "");
  consumer.Assign(topic, 0);
  ASSERT_EQ(consumer.Read(10).size(), 10u);
  consumer.Seek(topic, 0, RD_KAFKA_OFFSET_BEGINNING);
  EXPECT_EQ(ValueOf(consumer.Next()), "0");
  consumer.Seek(topic, 0, 7);
  EXPECT_EQ(ValueOf(consumer.Next()), "7");
}

TEST_P(KafkaConsumeTest, AtTheEndOnlyNewRecordsCome) {
  const std::string topic = TopicOfTen();
  Consumer consumer(bootstrap(), "");
  consumer.Assign(topic, 0, RD_KAFKA_OFFSET_END);
  consumer.AwaitEnd();
  Producer producer(bootstrap());
  producer.Send(topic, "k", "new");
  producer.FlushWell();
  EXPECT_EQ(ValueOf(consumer.Next()), "new");
}

TEST_P(KafkaConsumeTest, AWaitingFetchIsWokenByANewRecord) {
  const std::string topic = CreateTopic("t", 1);
  // A consumer that lets the broker wait for half a minute.
  Consumer consumer(bootstrap(), "", {{"fetch.wait.max.ms", "30000"}});
  consumer.Assign(topic, 0);
  Producer producer(bootstrap(), {{"linger.ms", "0"}});
  // The end is only reported by an answer, and there is none to a fetch that waits: see one record
  // come, after which the consumer waits again.
  producer.Send(topic, "k", "first");
  EXPECT_EQ(ValueOf(consumer.Next()), "first");
  const auto start = std::chrono::steady_clock::now();
  producer.Send(topic, "k", "wake up");
  EXPECT_EQ(ValueOf(consumer.Next()), "wake up");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_P(KafkaConsumeTest, WatermarksTellTheBounds) {
  const std::string topic = TopicOfTen();
  Consumer consumer(bootstrap(), "");
  EXPECT_EQ(consumer.QueryWatermarks(topic, 0), (Consumer::Watermarks{0, 10}));
  EXPECT_EQ(consumer.QueryWatermarks(CreateTopic("empty", 1), 0), (Consumer::Watermarks{0, 0}));
}

TEST_P(KafkaConsumeTest, ATimeFindsTheFirstRecordAtOrAfterIt) {
  if (IsMock()) GTEST_SKIP() << "the mock cluster cannot look up times";
  const std::string topic = TopicOfTen();
  Consumer consumer(bootstrap(), "");
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, 0), 0);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon), 0);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 1), 1);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 4999), 5);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 5000), 5);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 5001), 6);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 9000), 9);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 9001), RD_KAFKA_OFFSET_END);

  consumer.Assign(topic, 0, consumer.OffsetForTime(topic, 0, kNoon + 4500));
  EXPECT_EQ(ValueOf(consumer.Next()), "5");
}

TEST_P(KafkaConsumeTest, TimesThatGoBackAndForthAreFoundToo) {
  if (IsMock()) GTEST_SKIP() << "the mock cluster cannot look up times";
  const std::string topic = CreateTopic("jumpy", 1);
  Producer producer(bootstrap(), {{"batch.num.messages", "1"}});
  for (const int second : {5, 3, 9, 1, 7}) {
    producer.Send(topic, Record{.partition = 0, .value = "x", .timestamp = kNoon + second});
  }
  producer.FlushWell();
  Consumer consumer(bootstrap(), "");
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon), 0);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 6), 2);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 9), 2);
  EXPECT_EQ(consumer.OffsetForTime(topic, 0, kNoon + 10), RD_KAFKA_OFFSET_END);
}

TEST_P(KafkaConsumeTest, AnOffsetOutOfRangeFallsBackToThePolicy) {
  const std::string topic = TopicOfTen();
  Consumer earliest(bootstrap(), "", {{"auto.offset.reset", "earliest"}});
  earliest.Assign(topic, 0, 1000);
  EXPECT_EQ(ValueOf(earliest.Next()), "0");
  Consumer none(bootstrap(), "", {{"auto.offset.reset", "error"}});
  none.Assign(topic, 0, 1000);
  const Deadline deadline;
  while (none.errors().empty() && !deadline.Passed()) none.Next(kSilence);
  EXPECT_THAT(none.errors(), ElementsAre(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET));
}

TEST_P(KafkaConsumeTest, SmallFetchesStillReadRecordsLargerThanThey) {
  const std::string topic = CreateTopic("t", 1);
  Producer producer(bootstrap(), {{"batch.num.messages", "1"}});
  std::vector<std::string> values;
  for (int i = 0; i < 10; ++i) {
    values.emplace_back(200'000, static_cast<char>('a' + i));
    producer.Send(topic, "k", values.back());
  }
  producer.FlushWell();
  Consumer consumer(bootstrap(), "",
                    {{"fetch.message.max.bytes", "1000"},
                     {"fetch.max.bytes", "1000"},
                     {"message.max.bytes", "1000"}});
  consumer.Assign(topic, 0);
  std::vector<std::string> got;
  for (const Record& record : consumer.Read(values.size())) got.push_back(*record.value);
  EXPECT_EQ(got, values);
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaConsumeTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
