// Starting, stopping, and the options that cannot work.
#include <fstream>

#include "broker/core/partition.h"
#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Status Refusal(const Options& options) { return Broker::Start(options).status(); }

TEST(BrokerTest, ListensForEveryProtocolOnFreePortsOfLoopback) {
  Broker broker = Broker::Start({}).value();
  EXPECT_THAT(broker.Urls(),
              ElementsAre(StartsWith("nats://127.0.0.1:"), StartsWith("kafka://127.0.0.1:"),
                          StartsWith("http://127.0.0.1:")));
  EXPECT_EQ(broker.Url("kafka"), "kafka://" + broker.Address("kafka"));
  EXPECT_EQ(broker.Url("amqp"), "");
  EXPECT_EQ(broker.Address("amqp"), "");
}

TEST(BrokerTest, ListensOnlyWhereItIsTold) {
  Broker broker = Broker::Start({.listen = {"kafka://localhost:0"}}).value();
  EXPECT_THAT(broker.Urls(), ElementsAre(StartsWith("kafka://localhost:")));
  EXPECT_EQ(broker.Url("nats"), "");
}

TEST(BrokerTest, AnOptionThatCannotWorkIsNamed) {
  const auto refused = [](const Options& options, const char* named) {
    const Status status = Refusal(options);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << named;
    EXPECT_THAT(status.message(), HasSubstr(named));
  };
  refused({.nats = {.max_payload = 0}}, "nats.max_payload");
  refused({.nats = {.max_control_line = -1}}, "nats.max_control_line");
  refused({.nats = {.max_pending = 0}}, "nats.max_pending");
  refused({.nats = {.max_connections = 0}}, "nats.max_connections");
  refused({.kafka = {.default_partitions = 0}}, "kafka.default_partitions");
  refused({.kafka = {.nodes = 0}}, "kafka.nodes");
  refused({.kafka = {.nodes = 101}}, "kafka.nodes");
  refused({.kafka = {.initial_rebalance_delay = std::chrono::milliseconds(-1)}},
          "kafka.initial_rebalance_delay");
  refused({.nats = {.token = "t", .user = "u"}}, "token");
  refused({.listen = {"gopher://127.0.0.1:0"}}, "gopher");
  refused({.listen = {"nats://127.0.0.1:70000"}}, "70000");
  refused({.listen = {"4222"}}, "4222");
  for (const char* address : {":9092", "host:", "host:0", "host:65536", "host:90a", "[::1]:"}) {
    refused({.advertise = address}, address);
  }
}

TEST(BrokerTest, APortInUseIsNamed) {
  Broker first = Broker::Start({.listen = {"nats://127.0.0.1:0"}}).value();
  const Status status = Refusal({.listen = {"http://127.0.0.1:0", first.Url("nats")}});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr(first.Address("nats")));
}

TEST(BrokerTest, ADataDirectoryBelongsToOne) {
  const storage::TestFolder folder;
  const Options options{.data_dir = folder.path() + "/data"};
  std::optional<Broker> first = Broker::Start(options).value();
  const Status locked = Refusal(options);
  EXPECT_EQ(locked.code(), StatusCode::kUnavailable) << locked;
  EXPECT_THAT(locked.message(), HasSubstr(options.data_dir));
  first.reset();
  EXPECT_TRUE(Broker::Start(options).ok());
}

TEST(BrokerTest, ADataDirectoryThatCannotBeIsNamed) {
  const storage::TestFolder folder;
  std::ofstream(folder.path() + "/file") << "in the way";
  const Status status = Refusal({.data_dir = folder.path() + "/file/data"});
  EXPECT_NE(status.code(), StatusCode::kInternal) << status;
  EXPECT_THAT(status.message(), HasSubstr(folder.path() + "/file/data"));
}

TEST(BrokerTest, StopsTwiceAndMovesWhileRunning) {
  Broker broker = Broker::Start({}).value();
  NatsSubscription subscription = broker.nats().Subscribe("s").value();
  Broker moved = std::move(broker);
  EXPECT_TRUE(moved.nats().Publish("s", "still").ok());
  EXPECT_EQ(subscription.Next(kPatience).value().payload, "still");
  moved = Broker::Start({}).value();
  EXPECT_EQ(CodeOf(subscription.Next(kPatience)), StatusCode::kUnavailable) << "the old one ended";
  EXPECT_TRUE(moved.Stop().ok());
  EXPECT_TRUE(moved.Stop().ok());
}

TEST(BrokerTest, WhatIsKeptBesideALogGoesWithIt) {
  const storage::TestFolder folder;
  const Options options{.data_dir = folder.path() + "/data"};
  ASSERT_TRUE(Broker::Start(options).value().kafka().CreateTopic("t").ok());
  // As a kill leaves them, between forgetting a namespace and the end.
  constexpr storage::LogId kGone = 999;
  const std::string aborted = core::Partition::AbortedPrefix(kGone) + std::string(8, '\1');
  const std::string snapshot = core::Partition::SnapshotKey(kGone);
  std::string present;
  {
    const auto store = storage::OpenDiskLogStore(options.data_dir).value();
    ASSERT_EQ(store->Logs().size(), 1u);
    present = core::Partition::SnapshotKey(store->Logs().front());
    storage::CommitBatch batch;
    for (const std::string& key : {aborted, snapshot, present}) {
      batch.Put(key, core::ProducerTable().Encode(0));
    }
    ASSERT_TRUE(store->Commit(batch, storage::Durability::kSynced).ok());
  }
  ASSERT_TRUE(Broker::Start(options).ok());
  const auto store = storage::OpenDiskLogStore(options.data_dir).value();
  EXPECT_FALSE(store->Get(aborted).value().has_value());
  EXPECT_FALSE(store->Get(snapshot).value().has_value());
  EXPECT_TRUE(store->Get(present).value().has_value());
}

TEST(BrokerTest, AListenerThatFailsLeavesNothingRunning) {
  const storage::TestFolder folder;
  const Options options{.data_dir = folder.path() + "/data",
                        .listen = {"nats://127.0.0.1:0", "gopher://127.0.0.1:0"}};
  EXPECT_EQ(Refusal(options).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(Broker::Start({.data_dir = options.data_dir}).ok()) << "its lock is free";
}

}  // namespace
}  // namespace wherry
