// Crashes, restarts and disks that fail, as librdkafka lives through them.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/support/raw_socket.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Settings kQuick = {{"reconnect.backoff.ms", "10"},
                         {"reconnect.backoff.max.ms", "20"},
                         {"retry.backoff.ms", "10"},
                         {"enable.idempotence", "true"}};

class KafkaCrashTest : public ::testing::Test {
 protected:
  void Start(Options options) {
    StatusOr<Broker> started = Broker::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
    ASSERT_TRUE(broker_->kafka().CreateTopic("orders").ok());
  }
  Broker& broker() { return *broker_; }
  std::string bootstrap() { return broker_->Address("kafka"); }
  std::vector<std::string> Values() {
    std::vector<std::string> values;
    const auto records = broker_->kafka().ReadAll("orders", 0);
    EXPECT_TRUE(records.ok()) << records.status();
    if (!records.ok()) return values;
    for (const KafkaRecord& record : records.value()) values.push_back(record.value.value_or(""));
    return values;
  }

  TempFolder folder_;
  std::optional<Broker> broker_;
};

TEST_F(KafkaCrashTest, WhatWasAcknowledgedSurvivesAndClientsGoOn) {
  Start({.simulated_disk = true});
  Producer producer(bootstrap(), kQuick);
  Consumer consumer(bootstrap(), "g", {{"reconnect.backoff.ms", "10"}});
  consumer.Subscribe("orders");
  const std::string address = bootstrap();
  std::vector<std::string> sent;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      sent.push_back(std::to_string(sent.size()));
      producer.Send("orders", "k", sent.back());
    }
    producer.FlushWell();
    ASSERT_TRUE(broker().Crash().ok());
    // It comes while nobody is there.
    sent.push_back("meanwhile " + std::to_string(round));
    producer.Send("orders", "k", sent.back());
    ASSERT_TRUE(broker().Restart().ok());
    EXPECT_EQ(bootstrap(), address);
    producer.FlushWell();
  }
  EXPECT_EQ(Values(), sent);
  std::vector<std::string> got;
  std::set<std::int64_t> offsets;
  while (offsets.size() < sent.size()) {
    const std::optional<Record> record = consumer.Next();
    ASSERT_TRUE(record.has_value()) << offsets.size();
    offsets.insert(record->offset);
  }
}

TEST_F(KafkaCrashTest, WhatWasNotSyncedIsLost) {
  Start({.sync = SyncMode::kOs, .simulated_disk = true});
  ASSERT_TRUE(broker().Restart().ok());
  Producer producer(bootstrap(), kQuick);
  producer.Send("orders", "k", "lost");
  producer.FlushWell();
  ASSERT_TRUE(broker().Crash(CrashKind::kKeepWritten).ok());
  ASSERT_TRUE(broker().Restart().ok());
  EXPECT_THAT(Values(), ElementsAre("lost")) << "only the process had died";
  ASSERT_TRUE(broker().Crash(CrashKind::kLoseUnsynced).ok());
  ASSERT_TRUE(broker().Restart().ok());
  EXPECT_THAT(broker().kafka().Topics().value(), IsEmpty());
}

TEST_F(KafkaCrashTest, ADataDirectorySurvivesACrash) {
  Start({.data_dir = folder_.File("data")});
  Producer producer(bootstrap(), kQuick);
  producer.Send("orders", "k", "1");
  producer.FlushWell();
  ASSERT_TRUE(broker().Crash().ok());
  EXPECT_FALSE(Accepts(PortOf(bootstrap())));
  EXPECT_FALSE(CanListen(PortOf(bootstrap()))) << "the port stays ours";
  ASSERT_TRUE(broker().Restart().ok());
  producer.Send("orders", "k", "2");
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("1", "2"));
}

TEST_F(KafkaCrashTest, MemoryAloneIsGone) {
  Start({});
  ASSERT_TRUE(broker().kafka().Append("orders", {.value = "v"}).ok());
  Kafka& kafka = broker().kafka();
  ASSERT_TRUE(broker().Crash().ok());
  EXPECT_EQ(kafka.Topics().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(broker().Crash().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(broker().Restart().ok());
  EXPECT_THAT(kafka.Topics().value(), IsEmpty());
  EXPECT_TRUE(kafka.CreateTopic("orders").ok());
}

TEST_F(KafkaCrashTest, ARestartInOrderKeepsWhatIsOnTheDisk) {
  Start({.sync = SyncMode::kOs, .simulated_disk = true, .listen = {"kafka://localhost:0"}});
  Producer producer(bootstrap(), kQuick);
  producer.Send("orders", "k", "1");
  producer.FlushWell();
  ASSERT_TRUE(broker().Restart().ok());
  producer.Send("orders", "k", "2");
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("1", "2"));
}

TEST_F(KafkaCrashTest, NamespacesCrashWithTheirBroker) {
  Start({.simulated_disk = true});
  Namespace world = broker().NewNamespace("world").value();
  ASSERT_TRUE(world.kafka().CreateTopic("theirs").ok());
  ASSERT_TRUE(world.kafka().Append("theirs", {.value = "v"}).ok());
  const std::string address = world.Address("kafka");
  std::optional<Namespace> gone = broker().NewNamespace("gone").value();
  ASSERT_TRUE(broker().Crash().ok());
  EXPECT_EQ(broker().NewNamespace("late").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(world.Reset().code(), StatusCode::kUnavailable);
  gone.reset();
  ASSERT_TRUE(broker().Restart().ok());
  EXPECT_EQ(world.Address("kafka"), address);
  Consumer consumer(address, "");
  consumer.Assign("theirs", 0);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "v");
  EXPECT_THAT(broker().kafka().Topics().value(), ElementsAre("orders"));
  EXPECT_TRUE(broker().NewNamespace("gone").ok());
}

TEST_F(KafkaCrashTest, RequestsUnderWayAtACrashAreNeverAnswered) {
  Start({.simulated_disk = true});
  Producer producer(bootstrap(), kQuick);
  Consumer waiting(bootstrap(), "g", {{"reconnect.backoff.ms", "10"}});
  waiting.Subscribe("orders");  // a join, then a long poll
  producer.Send("orders", "k", "0");
  producer.FlushWell();
  ASSERT_TRUE(waiting.Next().has_value());
  ASSERT_TRUE(broker().faults().Storage(StorageFault::Slow(std::chrono::hours(1))).ok());
  producer.Send("orders", "k", "1");
  producer.Poll();
  Hold hold = broker().faults().Hold(Fault::On("kafka.Produce").AfterApply()).value();
  ASSERT_TRUE(broker().Crash().ok());
  ASSERT_TRUE(broker().faults().Storage(StorageFault::None()).ok());
  ASSERT_TRUE(broker().Restart().ok());
  hold.Release();
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("0", "1"));
}

TEST_F(KafkaCrashTest, AFullDiskRefusesAndLosesNothing) {
  for (const bool disk : {false, true}) {
    Start({.simulated_disk = disk});
    Producer producer(bootstrap(), {{"retries", "0"}, {"enable.idempotence", "false"}});
    producer.Send("orders", "k", "before");
    producer.FlushWell();
    ASSERT_TRUE(broker().faults().Storage(StorageFault::DiskFull()).ok());
    producer.Send("orders", "k", "no room");
    const std::vector<Delivery> refused = producer.Flush();
    ASSERT_THAT(refused, SizeIs(1));
    EXPECT_EQ(refused[0].error, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    EXPECT_EQ(Admin(bootstrap()).CreateTopic("more", 1), RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    Consumer consumer(bootstrap(), "g");
    EXPECT_EQ(consumer.Commit("orders", Record{.partition = 0, .offset = 0}),
              RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    ASSERT_TRUE(broker().faults().Storage(StorageFault::None()).ok());
    producer.Send("orders", "k", "after");
    producer.FlushWell();
    EXPECT_THAT(Values(), ElementsAre("before", "after"));
    EXPECT_THAT(broker().kafka().Topics().value(), ElementsAre("orders"));
  }
}

TEST_F(KafkaCrashTest, AProducerLivesThroughADiskThatIsFullForAWhile) {
  Start({.simulated_disk = true});
  Producer producer(bootstrap(), kQuick);
  ASSERT_TRUE(broker().faults().Storage(StorageFault::DiskFull(2)).ok());
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaCrashTest, ASlowDiskTakesItsTime) {
  for (const bool disk : {false, true}) {
    Start({.simulated_disk = disk});
    Producer producer(bootstrap());
    ASSERT_TRUE(broker().faults().Storage(StorageFault::Slow(milliseconds(100))).ok());
    const auto begin = steady_clock::now();
    producer.Send("orders", "k", "v");
    producer.FlushWell();
    EXPECT_GE(steady_clock::now() - begin, milliseconds(100)) << disk;
    EXPECT_THAT(Values(), ElementsAre("v"));
  }
}

TEST_F(KafkaCrashTest, OptionsThatExcludeEachOtherAreNamed) {
  const Status status =
      Broker::Start({.data_dir = folder_.File("data"), .simulated_disk = true}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  Start({});
  EXPECT_EQ(broker().faults().Storage(StorageFault::DiskFull(0)).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(broker().faults().Storage(StorageFault::Slow({})).code(), StatusCode::kInvalidArgument);
}

TEST_F(KafkaCrashTest, ItStopsWhileItIsDown) {
  Start({});
  ASSERT_TRUE(broker().Crash().ok());
  EXPECT_TRUE(broker().Stop().ok());
  EXPECT_EQ(broker().Restart().code(), StatusCode::kUnavailable);
  EXPECT_EQ(broker().Crash().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace wherry::conformance
