// Transactions, as librdkafka lives through them.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr rd_kafka_resp_err_t kOk = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr int kPatienceMs = static_cast<int>(std::chrono::milliseconds(kPatience).count());
const Settings kCommittedOnly = {{"isolation.level", "read_committed"}};
const Settings kAll = {{"isolation.level", "read_uncommitted"}};

// A producer with transactions. Threads: one at a time. Owned by the test.
class TransactionalProducer : public Producer {
 public:
  TransactionalProducer(const std::string& bootstrap, const std::string& id,
                        const std::string& timeout_ms = "60000")
      : Producer(bootstrap, {{"transactional.id", id},
                             {"transaction.timeout.ms", timeout_ms},
                             {"retry.backoff.ms", "10"}}) {}

  rd_kafka_resp_err_t Init() { return Take(rd_kafka_init_transactions(client(), kPatienceMs)); }
  rd_kafka_resp_err_t Begin() { return Take(rd_kafka_begin_transaction(client())); }
  rd_kafka_resp_err_t Commit() { return Take(rd_kafka_commit_transaction(client(), kPatienceMs)); }
  rd_kafka_resp_err_t Abort() { return Take(rd_kafka_abort_transaction(client(), kPatienceMs)); }
  // The consumer's position in partition 0 becomes its group's, with the transaction.
  rd_kafka_resp_err_t SendOffset(const std::string& topic, std::int64_t offset,
                                 Consumer& consumer) {
    const PartitionList offsets = List(topic, 0, offset);
    rd_kafka_consumer_group_metadata_t* group =
        rd_kafka_consumer_group_metadata(consumer.client());
    const rd_kafka_resp_err_t error =
        Take(rd_kafka_send_offsets_to_transaction(client(), offsets.get(), group, kPatienceMs));
    rd_kafka_consumer_group_metadata_destroy(group);
    return error;
  }
  bool fatal() const { return fatal_; }

 private:
  rd_kafka_resp_err_t Take(rd_kafka_error_t* error) {
    if (error == nullptr) return kOk;
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    fatal_ = rd_kafka_error_is_fatal(error) != 0;
    rd_kafka_error_destroy(error);
    return code;
  }

  bool fatal_ = false;
};

class KafkaTransactionTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsMock() ? "the mock cluster has no stable offsets" : nullptr;
  }

  // The values of partition 0 from the beginning to where such a reader ends.
  std::vector<std::string> Values(const std::string& topic, const Settings& settings) {
    Consumer consumer(bootstrap(), "", settings);
    const std::int64_t end = consumer.QueryWatermarks(topic, 0).high;
    consumer.Assign(topic, 0);
    std::vector<std::string> values;
    // A record behind the end, so that waiting for it tells that all before it have been read.
    Producer producer(bootstrap());
    producer.Send(topic, Record{.partition = 0, .key = "end", .value = std::to_string(end)});
    producer.FlushWell();
    while (const std::optional<Record> record = consumer.Next()) {
      if (record->key == "end") {
        if (record->value == std::to_string(end)) break;
        continue;
      }
      values.push_back(record->value.value_or(""));
    }
    return values;
  }
  std::int64_t End(const std::string& topic, const Settings& settings) {
    return Consumer(bootstrap(), "", settings).QueryWatermarks(topic, 0).high;
  }
  static void Send(Producer& producer, const std::string& topic, const std::string& value) {
    producer.Send(topic, Record{.partition = 0, .value = value});
  }
};

TEST_P(KafkaTransactionTest, CommittedRecordsAreReadAbortedOnesAreNot) {
  const std::string topic = CreateTopic("t", 1);
  TransactionalProducer producer(bootstrap(), Name("x"));
  ASSERT_EQ(producer.Init(), kOk);
  for (const char* value : {"a", "b", "c", "d"}) {
    ASSERT_EQ(producer.Begin(), kOk);
    Send(producer, topic, value);
    const bool commit = *value == 'a' || *value == 'd';
    ASSERT_EQ(commit ? producer.Commit() : producer.Abort(), kOk);
  }
  // Aborting may drop what was not sent yet.
  EXPECT_THAT(Values(topic, kCommittedOnly), ElementsAre("a", "d"));
}

TEST_P(KafkaTransactionTest, AReaderOfCommittedWaitsForTheCommit) {
  const std::string topic = CreateTopic("t", 1);
  TransactionalProducer producer(bootstrap(), Name("x"));
  ASSERT_EQ(producer.Init(), kOk);
  Consumer committed(bootstrap(), "", kCommittedOnly);
  Consumer all(bootstrap(), "", kAll);
  committed.Assign(topic, 0);
  all.Assign(topic, 0);
  ASSERT_EQ(producer.Begin(), kOk);
  Send(producer, topic, "v");
  producer.FlushWell();
  EXPECT_EQ(all.Next().value_or(Record{}).value, "v");
  EXPECT_EQ(End(topic, kAll), 1);
  EXPECT_EQ(End(topic, kCommittedOnly), 0);
  EXPECT_FALSE(committed.Next(std::chrono::milliseconds(50)).has_value());
  ASSERT_EQ(producer.Commit(), kOk);
  EXPECT_EQ(committed.Next().value_or(Record{}).value, "v");
  EXPECT_EQ(End(topic, kCommittedOnly), 2) << "behind the marker";
}

TEST_P(KafkaTransactionTest, AbortedRecordsAreThereForThoseWhoWantAll) {
  const std::string topic = CreateTopic("t", 1);
  TransactionalProducer producer(bootstrap(), Name("x"));
  ASSERT_EQ(producer.Init(), kOk);
  ASSERT_EQ(producer.Begin(), kOk);
  Send(producer, topic, "v");
  producer.FlushWell();
  ASSERT_EQ(producer.Abort(), kOk);
  EXPECT_THAT(Values(topic, kAll), ElementsAre("v"));
  EXPECT_THAT(Values(topic, kCommittedOnly), IsEmpty());
}

TEST_P(KafkaTransactionTest, ASecondProducerOfTheIdFencesTheFirst) {
  const std::string topic = CreateTopic("t", 1);
  TransactionalProducer first(bootstrap(), Name("x"));
  ASSERT_EQ(first.Init(), kOk);
  ASSERT_EQ(first.Begin(), kOk);
  Send(first, topic, "lost");
  first.FlushWell();
  TransactionalProducer second(bootstrap(), Name("x"));
  ASSERT_EQ(second.Init(), kOk);
  EXPECT_EQ(first.Commit(), RD_KAFKA_RESP_ERR__FENCED);
  EXPECT_TRUE(first.fatal());
  ASSERT_EQ(second.Begin(), kOk);
  Send(second, topic, "kept");
  ASSERT_EQ(second.Commit(), kOk);
  EXPECT_THAT(Values(topic, kCommittedOnly), ElementsAre("kept"));
}

TEST_P(KafkaTransactionTest, OffsetsMoveWithTheTransaction) {
  const std::string in = CreateTopic("in", 1);
  const std::string out = CreateTopic("out", 1);
  Producer source(bootstrap());
  for (const char* value : {"1", "2"}) Send(source, in, value);
  source.FlushWell();
  Consumer consumer(bootstrap(), Name("g"), {{"enable.auto.commit", "false"}});
  consumer.Subscribe(in);
  TransactionalProducer producer(bootstrap(), Name("x"));
  ASSERT_EQ(producer.Init(), kOk);
  for (const bool commit : {true, false}) {
    const std::optional<Record> record = consumer.Next();
    ASSERT_TRUE(record.has_value());
    ASSERT_EQ(producer.Begin(), kOk);
    Send(producer, out, "of " + *record->value);
    ASSERT_EQ(producer.SendOffset(in, record->offset + 1, consumer), kOk);
    ASSERT_EQ(commit ? producer.Commit() : producer.Abort(), kOk);
    EXPECT_EQ(consumer.Committed(in, 0), 1) << commit;
  }
  EXPECT_THAT(Values(out, kCommittedOnly), ElementsAre("of 1"));
}

TEST_P(KafkaTransactionTest, ATransactionOverSeveralPartitionsEndsInAll) {
  constexpr int kPartitions = 5;
  const std::string topic = CreateTopic("t", kPartitions);
  TransactionalProducer producer(bootstrap(), Name("x"));
  ASSERT_EQ(producer.Init(), kOk);
  for (const bool commit : {false, true}) {
    ASSERT_EQ(producer.Begin(), kOk);
    for (int i = 0; i < 100; ++i) {
      producer.Send(topic, Record{.partition = i % kPartitions, .value = std::to_string(commit)});
    }
    producer.FlushWell();
    ASSERT_EQ(commit ? producer.Commit() : producer.Abort(), kOk);
  }
  Consumer consumer(bootstrap(), "", kCommittedOnly);
  for (int partition = 0; partition < kPartitions; ++partition) {
    consumer.Assign(topic, partition);
    for (const Record& record : consumer.Read(100 / kPartitions)) EXPECT_EQ(record.value, "1");
  }
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaTransactionTest, BothStores(), StoreName);

class KafkaTransactionCrashTest : public ::testing::Test {
 protected:
  void Start(Options options) {
    StatusOr<Broker> started = Broker::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
    ASSERT_TRUE(broker_->kafka().CreateTopic("t").ok());
  }
  std::string bootstrap() { return broker_->Address("kafka"); }
  // What a reader of committed records finds up to its end.
  std::int64_t StableEnd() {
    return Consumer(bootstrap(), "", kCommittedOnly).QueryWatermarks("t", 0).high;
  }
  std::int64_t End() { return Consumer(bootstrap(), "", kAll).QueryWatermarks("t", 0).high; }

  TempFolder folder_;
  std::optional<Broker> broker_;
};

TEST_F(KafkaTransactionCrashTest, AnOpenTransactionGoesOnAfterACrash) {
  for (const bool on_disk : {false, true}) {
    Options options{.simulated_disk = !on_disk};
    if (on_disk) options.data_dir = folder_.File("data");
    Start(options);
    TransactionalProducer producer(bootstrap(), "x");
    ASSERT_EQ(producer.Init(), kOk);
    ASSERT_EQ(producer.Begin(), kOk);
    producer.Send("t", "k", "before");
    producer.FlushWell();
    ASSERT_TRUE(broker_->Crash().ok());
    ASSERT_TRUE(broker_->Restart().ok());
    EXPECT_EQ(StableEnd(), 0);
    producer.Send("t", "k", "after");
    ASSERT_EQ(producer.Commit(), kOk);
    EXPECT_EQ(StableEnd(), 3);
    ASSERT_TRUE(broker_->Crash().ok());
    ASSERT_TRUE(broker_->Restart().ok());
    EXPECT_EQ(StableEnd(), 3);
    broker_.reset();
  }
}

TEST_F(KafkaTransactionCrashTest, WhoComesAfterACrashEndsWhatWasOpen) {
  Start({.data_dir = folder_.File("data")});
  {
    TransactionalProducer producer(bootstrap(), "x");
    ASSERT_EQ(producer.Init(), kOk);
    ASSERT_EQ(producer.Begin(), kOk);
    producer.Send("t", "k", "lost");
    producer.FlushWell();
    ASSERT_TRUE(broker_->Crash().ok());
  }
  ASSERT_TRUE(broker_->Restart().ok());
  EXPECT_EQ(StableEnd(), 0);
  TransactionalProducer next(bootstrap(), "x");
  ASSERT_EQ(next.Init(), kOk);
  EXPECT_EQ(StableEnd(), 2);
  Consumer consumer(bootstrap(), "", kCommittedOnly);
  consumer.Assign("t", 0);
  ASSERT_EQ(next.Begin(), kOk);
  next.Send("t", "k", "kept");
  ASSERT_EQ(next.Commit(), kOk);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "kept");
}

TEST_F(KafkaTransactionCrashTest, ATransactionEndsWhenItsTimeIsUp) {
  Start({.clock = ClockMode::kVirtual});
  TransactionalProducer producer(bootstrap(), "x", "120000");
  ASSERT_EQ(producer.Init(), kOk);
  ASSERT_EQ(producer.Begin(), kOk);
  producer.Send("t", "k", "late");
  producer.FlushWell();
  ASSERT_TRUE(broker_->clock().Advance(std::chrono::seconds(119)).ok());
  EXPECT_EQ(StableEnd(), 0);
  ASSERT_TRUE(broker_->clock().Advance(std::chrono::seconds(2)).ok());
  EXPECT_EQ(StableEnd(), 2);
  EXPECT_EQ(End(), 2);
  EXPECT_NE(producer.Commit(), kOk);
  EXPECT_TRUE(producer.fatal());
  EXPECT_EQ(broker_->kafka().ReadAll("t", 0).value().size(), 1u) << "markers are no records";
}

}  // namespace
}  // namespace wherry::conformance
