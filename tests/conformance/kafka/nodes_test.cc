// One process poses as three brokers: stock clients find their way among them.
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/kafka/kafka_wire.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kPartitions = 6;

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

class KafkaNodesTest : public ::testing::Test {
 protected:
  KafkaNodesTest() {
    broker_.emplace(Broker::Start({.kafka = {.nodes = 3}}).value());
    EXPECT_TRUE(broker_->kafka().CreateTopic("t", kPartitions).ok());
  }

  std::string bootstrap() const { return broker_->Address("kafka"); }
  Metadata MetadataOf(rd_kafka_t* client) {
    const rd_kafka_metadata_t* metadata = nullptr;
    EXPECT_EQ(rd_kafka_metadata(client, 1, nullptr, &metadata, 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    return Metadata(metadata);
  }
  // Where a client that reached node 1 is told to find a node.
  std::string AddressOf(std::int32_t node) {
    Producer client(bootstrap());
    const Metadata metadata = MetadataOf(client.client());
    for (int i = 0; i < metadata->broker_cnt; ++i) {
      const rd_kafka_metadata_broker_t& one = metadata->brokers[i];
      if (one.id == node) return std::string(one.host) + ":" + std::to_string(one.port);
    }
    ADD_FAILURE() << "no node " << node;
    return "";
  }

  std::optional<Broker> broker_;
};

TEST_F(KafkaNodesTest, MetadataNamesEachNodeOnceAndSpreadsTheLeaders) {
  Producer client(bootstrap());
  const Metadata metadata = MetadataOf(client.client());
  std::set<std::int32_t> ids;
  std::set<int> ports;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    ids.insert(metadata->brokers[i].id);
    ports.insert(metadata->brokers[i].port);
  }
  EXPECT_THAT(ids, ElementsAre(1, 2, 3));
  EXPECT_EQ(ports.size(), 3u);
  EXPECT_EQ(rd_kafka_controllerid(client.client(), 10'000), 1);
  ASSERT_EQ(metadata->topic_cnt, 1);
  std::vector<std::int32_t> leaders;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    leaders.push_back(metadata->topics[0].partitions[i].leader);
  }
  EXPECT_THAT(leaders, ElementsAre(1, 2, 3, 1, 2, 3));
}

TEST_F(KafkaNodesTest, EveryPartitionIsProducedToAndConsumedAtItsLeader) {
  Producer producer(bootstrap(), {{"enable.idempotence", "true"}});
  for (int i = 0; i < 600; ++i) {
    producer.Send("t", Record{.partition = i % kPartitions, .value = std::to_string(i)});
  }
  producer.FlushWell();
  Consumer consumer(bootstrap(), "g", {{"auto.offset.reset", "earliest"}});
  consumer.Subscribe("t");
  std::set<std::string> values;
  for (const Record& record : consumer.Read(600)) values.insert(*record.value);
  EXPECT_EQ(values.size(), 600u);
  EXPECT_THAT(consumer.errors(), IsEmpty());
}

TEST_F(KafkaNodesTest, GroupsOfEveryCoordinatorWork) {
  Producer producer(bootstrap());
  producer.Send("t", Record{.partition = 0, .value = "v"});
  producer.FlushWell();
  for (int i = 0; i < 6; ++i) {
    const std::string group = "g" + std::to_string(i);
    Consumer consumer(bootstrap(), group, {{"auto.offset.reset", "earliest"}});
    consumer.Subscribe("t");
    const std::optional<Record> record = consumer.Next();
    ASSERT_TRUE(record.has_value()) << group;
    EXPECT_EQ(consumer.Commit("t", *record), RD_KAFKA_RESP_ERR_NO_ERROR) << group;
    EXPECT_EQ(consumer.Committed("t", 0), 1) << group;
  }
}

TEST_F(KafkaNodesTest, TransactionsOfEveryCoordinatorWork) {
  for (int i = 0; i < 4; ++i) {
    Producer producer(bootstrap(), {{"transactional.id", "tx" + std::to_string(i)}});
    ASSERT_EQ(rd_kafka_init_transactions(producer.client(), 10'000), nullptr);
    ASSERT_EQ(rd_kafka_begin_transaction(producer.client()), nullptr);
    for (int p = 0; p < kPartitions; ++p) {
      producer.Send("t", Record{.partition = p, .value = "v"});
    }
    ASSERT_EQ(rd_kafka_commit_transaction(producer.client(), 10'000), nullptr);
  }
  for (int p = 0; p < kPartitions; ++p) {
    EXPECT_EQ(broker_->kafka().ReadAll("t", p).value().size(), 4u) << p;
  }
}

TEST_F(KafkaNodesTest, AnyNodeIsAWayIn) {
  for (std::int32_t node = 1; node <= 3; ++node) {
    Producer producer(AddressOf(node));
    for (int p = 0; p < kPartitions; ++p) {
      producer.Send("t", Record{.partition = p, .value = "v"});
    }
    producer.FlushWell();
  }
}

// ListOffsets version 1, of partition 1 of "t".
std::int16_t ErrorOfListOffsets(const std::string& address) {
  RawSocket socket(address);
  KafkaBytes body;
  body.Int32(-1).Int32(1).String("t").Int32(1).Int32(1).Int64(-1);
  socket.Send(KafkaRequest(2, 1, 7, body.bytes()));
  const std::string answer = ReadResponse(socket);
  KafkaReader reader(answer);
  EXPECT_EQ(reader.Int32(), 7);
  EXPECT_EQ(reader.Int32(), 1);
  EXPECT_EQ(reader.String(), "t");
  EXPECT_EQ(reader.Int32(), 1);
  EXPECT_EQ(reader.Int32(), 1);
  return reader.Int16();
}

struct FetchAnswer {
  std::int16_t error = -1;
  std::int32_t preferred_replica = -2;
  std::int32_t bytes = -2;
};

// Fetch version 11, of partition 0 of `topic`, by a consumer in `rack` that may wait; `meanwhile`
// is done once it is sent.
FetchAnswer FetchFrom(
    const std::string& address, const std::string& topic, const std::string& rack,
    std::int32_t leader_epoch = -1, const std::function<void()>& meanwhile = [] {}) {
  RawSocket socket(address);
  KafkaBytes body;
  body.Int32(-1).Int32(60'000).Int32(1).Int32(1 << 20).Int8(0).Int32(0).Int32(-1);
  body.Int32(1).String(topic).Int32(1);
  body.Int32(0).Int32(leader_epoch).Int64(0).Int64(-1).Int32(1 << 20);
  body.Int32(0).String(rack);
  socket.Send(KafkaRequest(1, 11, 8, body.bytes()));
  meanwhile();
  const std::string answer = ReadResponse(socket);
  KafkaReader reader(answer);
  EXPECT_EQ(reader.Int32(), 8);
  reader.Raw(4 + 2 + 4);  // throttle time, error, session
  EXPECT_EQ(reader.Int32(), 1);
  EXPECT_EQ(reader.String(), topic);
  EXPECT_EQ(reader.Int32(), 1);
  EXPECT_EQ(reader.Int32(), 0);
  FetchAnswer fetched;
  fetched.error = reader.Int16();
  reader.Raw(3 * 8 + 4);  // offsets, and no aborted transactions
  fetched.preferred_replica = reader.Int32();
  fetched.bytes = reader.Int32();
  EXPECT_TRUE(reader.ok());
  return fetched;
}

void CreateReplicated(rd_kafka_t* client, const char* topic, int replicas) {
  char error[512];
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic, 1, replicas, error, sizeof(error));
  ASSERT_NE(wanted, nullptr) << error;
  const std::unique_ptr<rd_kafka_queue_t, RdKafkaDeleter> queue(rd_kafka_queue_new(client));
  rd_kafka_CreateTopics(client, &wanted, 1, nullptr, queue.get());
  rd_kafka_NewTopic_destroy(wanted);
  const std::unique_ptr<rd_kafka_event_t, RdKafkaDeleter> event(
      rd_kafka_queue_poll(queue.get(), 10'000));
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_F(KafkaNodesTest, OnlyTheLeaderTellsOffsets) {
  EXPECT_EQ(ErrorOfListOffsets(AddressOf(2)), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(ErrorOfListOffsets(AddressOf(1)), RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
}

TEST_F(KafkaNodesTest, AConsumerReadsFromTheReplicaInItsRack) {
  Producer producer(bootstrap());
  ASSERT_NO_FATAL_FAILURE(CreateReplicated(producer.client(), "r", 3));
  for (int i = 0; i < 50; ++i) producer.Send("r", Record{.partition = 0, .value = "v"});
  producer.FlushWell();
  // The leader sends it there at once, with no records; a replica serves it.
  const FetchAnswer sent_away = FetchFrom(AddressOf(1), "r", "rack-3");
  EXPECT_EQ(sent_away.error, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(sent_away.preferred_replica, 3);
  EXPECT_EQ(sent_away.bytes, 0);
  const FetchAnswer served = FetchFrom(AddressOf(3), "r", "rack-3");
  EXPECT_EQ(served.error, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(served.preferred_replica, -1);
  EXPECT_GT(served.bytes, 0);
  // A rack of its own leader, or none of anybody's, sends it nowhere.
  EXPECT_GT(FetchFrom(AddressOf(1), "r", "rack-1").bytes, 0);
  EXPECT_GT(FetchFrom(AddressOf(1), "r", "elsewhere").bytes, 0);

  Consumer consumer(bootstrap(), "", {{"client.rack", "rack-3"}});
  consumer.Assign("r", 0);
  EXPECT_EQ(consumer.Read(50).size(), 50u);
  EXPECT_THAT(consumer.errors(), IsEmpty());
}

TEST_F(KafkaNodesTest, ANodeThatHasNoReplicaServesNoFetch) {
  EXPECT_EQ(FetchFrom(AddressOf(2), "t", "").error, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
}

TEST_F(KafkaNodesTest, AFetchThatWaitsIsToldThatItsLeaderIsNoMore) {
  ASSERT_TRUE(broker_->kafka().CreateTopic("r", 1, 3).ok());
  constexpr std::int16_t kFencedLeaderEpoch = 74;
  const auto move = [this] { EXPECT_TRUE(broker_->kafka().MoveLeader("r", 0, 2).ok()); };
  EXPECT_EQ(FetchFrom(AddressOf(1), "r", "", 0, move).error, kFencedLeaderEpoch);
}

}  // namespace
}  // namespace wherry::conformance
