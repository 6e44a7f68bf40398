// Kafka without a socket.
#include <atomic>
#include <future>
#include <thread>

#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using KafkaEmbedTest = EmbedTest;

std::vector<std::string> ValuesOf(const std::vector<KafkaRecord>& records) {
  std::vector<std::string> values;
  for (const KafkaRecord& record : records) values.push_back(record.value.value_or("(null)"));
  return values;
}

KafkaRecord Value(std::string value) { return {.value = std::move(value)}; }

TEST_P(KafkaEmbedTest, WhatIsAppendedIsRead) {
  ASSERT_TRUE(kafka().CreateTopic("orders").ok());
  const KafkaRecord sent{.key = "k",
                         .value = std::nullopt,
                         .headers = {{"a", "1"}, {"b", std::nullopt}, {"a", ""}},
                         .timestamp = 1'600'000'000'123};
  const KafkaPosition at = kafka().Append("orders", sent).value();
  EXPECT_EQ(at.partition, 0);
  EXPECT_EQ(at.offset, 0);
  EXPECT_EQ(kafka().Append("orders", Value("second")).value().offset, 1);

  const std::vector<KafkaRecord> records = kafka().ReadAll("orders", 0).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].key, sent.key);
  EXPECT_EQ(records[0].value, sent.value);
  EXPECT_EQ(records[0].headers, sent.headers);
  EXPECT_EQ(records[0].timestamp, sent.timestamp);
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_GT(records[1].timestamp, sent.timestamp) << "the broker's clock";
}

TEST_P(KafkaEmbedTest, AKeyGoesWhereTheJavaClientSendsIt) {
  ASSERT_TRUE(kafka().CreateTopic("keyed", 10).ok());
  // murmur2("21") is -973932308 without its sign bit 1173551340; murmur2("foobar") 1357151166.
  EXPECT_EQ(kafka().Append("keyed", {.key = "21"}).value().partition, 0);
  EXPECT_EQ(kafka().Append("keyed", {.key = "foobar"}).value().partition, 6);
  EXPECT_EQ(kafka().Append("keyed", {.key = "21"}, 7).value().partition, 7) << "as told";
}

TEST_P(KafkaEmbedTest, RecordsWithoutAKeyTakeTurns) {
  ASSERT_TRUE(kafka().CreateTopic("spread", 3).ok());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(kafka().Append("spread", Value("x")).ok());
  for (int partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(kafka().Bounds("spread", partition).value().high_watermark, 2) << partition;
  }
}

TEST_P(KafkaEmbedTest, ReadingBeginsAndEndsWhereAsked) {
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  for (const char* value : {"a", "b", "c", "d"})
    ASSERT_TRUE(kafka().Append("t", Value(value)).ok());
  EXPECT_THAT(ValuesOf(kafka().Read("t", 0, 1, 2).value()), ElementsAre("b", "c"));
  EXPECT_THAT(ValuesOf(kafka().Read("t", 0, 3).value()), ElementsAre("d"));
  EXPECT_THAT(kafka().Read("t", 0, 4).value(), IsEmpty());
  EXPECT_THAT(kafka().Read("t", 0, 0, 0).value(), IsEmpty());
  EXPECT_EQ(CodeOf(kafka().Read("t", 0, 5)), StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf(kafka().Read("t", 0, -1)), StatusCode::kOutOfRange);
}

TEST_P(KafkaEmbedTest, ErrorsNameWhatIsMissing) {
  ASSERT_TRUE(kafka().CreateTopic("t", 2).ok());
  const Status no_topic = kafka().Append("absent", Value("x")).status();
  EXPECT_EQ(no_topic.code(), StatusCode::kNotFound);
  EXPECT_THAT(no_topic.message(), HasSubstr("'absent'"));
  const Status no_partition = kafka().Append("t", Value("x"), 2).status();
  EXPECT_EQ(no_partition.code(), StatusCode::kNotFound);
  EXPECT_THAT(no_partition.message(), HasSubstr("no partition 2"));
  EXPECT_EQ(CodeOf(kafka().Append("t", Value("x"), -2)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(kafka().Read("absent", 0, 0)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(kafka().ReadAll("t", 2)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(kafka().Bounds("absent", 0)), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(kafka().DeleteTopic("absent")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(kafka().CreateTopic("t")), StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(kafka().CreateTopic("no/slash")), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(kafka().CreateTopic("none", 0)), StatusCode::kInvalidArgument);
}

TEST_P(KafkaEmbedTest, ADeletedTopicBeginsAnew) {
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  ASSERT_TRUE(kafka().Append("t", Value("old")).ok());
  ASSERT_TRUE(kafka().DeleteTopic("t").ok());
  EXPECT_THAT(kafka().Topics().value(), IsEmpty());
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  EXPECT_THAT(kafka().ReadAll("t", 0).value(), IsEmpty());
  EXPECT_EQ(kafka().Append("t", Value("new")).value().offset, 0);
}

TEST_P(KafkaEmbedTest, ARestartKeepsWhatADataDirectoryHolds) {
  ASSERT_TRUE(kafka().CreateTopic("t", 2).ok());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(kafka().Append("t", Value(std::to_string(i)), i % 2).ok());
  }
  Restart();
  if (GetParam() == Store::kMemory) {
    EXPECT_THAT(kafka().Topics().value(), IsEmpty()) << "hermetic: nothing is left";
    return;
  }
  EXPECT_THAT(kafka().Topics().value(), ElementsAre("t"));
  const std::vector<KafkaRecord> odd = kafka().ReadAll("t", 1).value();
  ASSERT_EQ(odd.size(), 50u);
  for (std::size_t i = 0; i < odd.size(); ++i) EXPECT_EQ(odd[i].value, std::to_string(2 * i + 1));
  EXPECT_EQ(kafka().Append("t", Value("on"), 1).value().offset, 50);
}

TEST_P(KafkaEmbedTest, ThreadsAppendAtOnceAndNothingIsLost) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 200;
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  std::vector<std::jthread> threads;
  std::atomic<int> failed = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kRecords; ++i) {
        const KafkaRecord record{.key = std::to_string(thread), .value = std::to_string(i)};
        if (!kafka().Append("t", record).ok()) ++failed;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(failed, 0);
  std::map<std::string, int> next;
  for (const KafkaRecord& record : kafka().ReadAll("t", 0).value()) {
    EXPECT_EQ(*record.value, std::to_string(next[*record.key]++)) << *record.key;
  }
  for (int thread = 0; thread < kThreads; ++thread) {
    EXPECT_EQ(next[std::to_string(thread)], kRecords);
  }
}

TEST_P(KafkaEmbedTest, AGroupThatNeverCommittedHasNoOffsets) {
  EXPECT_THAT(kafka().CommittedOffsets("nobody").value(), IsEmpty());
}

TEST_P(KafkaEmbedTest, ACallbackMayNotWaitForTheBroker) {
  std::promise<StatusCode> code;
  const NatsSubscription subscription =
      broker()
          .nats()
          .Subscribe("go", [&](const NatsMessage&) { code.set_value(CodeOf(kafka().Topics())); })
          .value();
  ASSERT_TRUE(broker().nats().Publish("go", "").ok());
  EXPECT_EQ(code.get_future().get(), StatusCode::kFailedPrecondition);
}

TEST_P(KafkaEmbedTest, AStoppedBrokerSaysSo) {
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  ASSERT_TRUE(broker().Stop().ok());
  EXPECT_EQ(CodeOf(kafka().Append("t", Value("x"))), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(kafka().Topics()), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(kafka().CommittedOffsets("g")), StatusCode::kUnavailable);
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaEmbedTest, ::testing::Values(Store::kMemory, Store::kDisk),
                         StoreName);

TEST(KafkaMemoryLimitTest, AFullBrokerSaysSoAndTakesMoreOnceSomethingIsDeleted) {
  Broker broker = Broker::Start({.memory_limit = 100'000}).value();
  Kafka& kafka = broker.kafka();
  ASSERT_TRUE(kafka.CreateTopic("t").ok());
  int stored = 0;
  Status refused;
  while (refused.ok() && stored < 1000) {
    refused = kafka.Append("t", Value(std::string(1000, 'x'))).status();
    if (refused.ok()) ++stored;
  }
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("100000"));
  EXPECT_GT(stored, 50);
  EXPECT_EQ(kafka.ReadAll("t", 0).value().size(), static_cast<std::size_t>(stored));
  ASSERT_TRUE(kafka.DeleteTopic("t").ok());
  ASSERT_TRUE(kafka.CreateTopic("t").ok());
  EXPECT_TRUE(kafka.Append("t", Value(std::string(1000, 'x'))).ok());
}

}  // namespace
}  // namespace wherry
