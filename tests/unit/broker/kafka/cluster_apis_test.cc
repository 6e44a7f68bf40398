// What a tool asks about the cluster, or wants of it, by the rows: JSON in, JSON out, no socket.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "protocol/kafka/record_batch.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

class ClusterApisTest : public ClusterFixture {
 protected:
  ClusterApisTest() {
    Create("t", 3);
    Create("u", 2);
  }
  void Create(const std::string& name, int partitions) {
    On([&] {
      ASSERT_TRUE(
          cluster_->topics().Create(name, partitions, {}, [](const absl::Status&) {}).ok());
    });
  }
  static std::int64_t Number(const json::value& value, std::string_view path) {
    return value.at_pointer(path).to_number<std::int64_t>();
  }
  // A batch for partition 1 of "t"; its size.
  std::size_t Append() {
    BatchBuilder builder(Codec::kNone);
    builder.Add(5, "key", "value");
    const std::string batch = builder.Build();
    Ask(0, 9, R"({"Acks": -1, "TopicData": [{"Name": "t", "PartitionData": [{"Index": 1,
        "Records": ")" + wire::ToHex(batch) + R"("}]}]})");
    return batch.size();
  }
};

TEST_F(ClusterApisTest, OffsetForLeaderEpochTellsTheEndOfTheOnlyEpoch) {
  Append();
  const auto ask = [&](int current, int epoch, const char* topic = "t") {
    return Ask(23, 4, R"({"Topics": [{"Topic": ")" + std::string(topic) +
                          R"(", "Partitions": [{"Partition": 1, "CurrentLeaderEpoch": )" +
                          std::to_string(current) + R"(, "LeaderEpoch": )" +
                          std::to_string(epoch) + "}]}]}")
        .at_pointer("/Topics/0/Partitions/0");
  };
  EXPECT_EQ(Number(ask(0, 0), "/EndOffset"), 1);
  EXPECT_EQ(Number(ask(-1, 0), "/LeaderEpoch"), 0);
  EXPECT_EQ(Number(ask(0, 1), "/EndOffset"), -1) << "there was no such epoch";
  EXPECT_EQ(Number(ask(0, 1), "/ErrorCode"), 0);
  EXPECT_EQ(Number(ask(7, 0), "/ErrorCode"), 75) << "UNKNOWN_LEADER_EPOCH";
  EXPECT_EQ(Number(ask(0, 0, "x"), "/ErrorCode"), 3);
}

TEST_F(ClusterApisTest, WhoMeantAnotherClusterOrNodeIsSentBackToTheBootstrapServers) {
  constexpr int kRebootstrapRequired = 129;
  const auto ask = [&](const std::string& cluster, int node) {
    const json::value answer =
        Ask(18, 5,
            R"({"ClientSoftwareName": "test", "ClientSoftwareVersion": "1", "ClusterId": )" +
                cluster + R"(, "NodeId": )" + std::to_string(node) + "}");
    EXPECT_EQ(answer.at("ApiKeys").as_array().empty(), answer.at("ErrorCode") != 0);
    return Number(answer, "/ErrorCode");
  };
  const std::string own = "\"" + cluster_->cluster_id() + "\"";
  EXPECT_EQ(ask("null", -1), 0) << "who does not say whom";
  EXPECT_EQ(ask(own, 1), 0);
  EXPECT_EQ(ask(own, 2), kRebootstrapRequired);
  EXPECT_EQ(ask("\"another\"", 1), kRebootstrapRequired);
  EXPECT_EQ(ask("null", 2), kRebootstrapRequired);
}

TEST_F(ClusterApisTest, APartitionThatIsAskedForTwiceHasNoOffset) {
  const json::value answer = Ask(2, 11, R"({"Topics": [{"Name": "t", "Partitions": [
      {"PartitionIndex": 1, "Timestamp": -1}, {"PartitionIndex": 0, "Timestamp": -1},
      {"PartitionIndex": 1, "Timestamp": -2}]}]})");
  EXPECT_EQ(answer.at_pointer("/Topics/0/Partitions").as_array().size(), 2u);
  EXPECT_EQ(Number(answer, "/Topics/0/Partitions/0/PartitionIndex"), 1);
  EXPECT_EQ(Number(answer, "/Topics/0/Partitions/0/ErrorCode"), 42);
  EXPECT_EQ(Number(answer, "/Topics/0/Partitions/1/ErrorCode"), 0);
}

TEST_F(ClusterApisTest, ATimestampThatStandsForAPlaceHasItsVersions) {
  Append();
  const auto ask = [&](std::int16_t version, int timestamp) {
    return Ask(2, version, R"({"Topics": [{"Name": "t", "Partitions": [{"PartitionIndex": 1,
        "Timestamp": )" + std::to_string(timestamp) + "}]}]}")
        .at_pointer("/Topics/0/Partitions/0");
  };
  const std::map<int, int> since = {{-1, 1}, {-2, 1}, {-3, 7}, {-4, 8}, {-5, 9}, {-6, 11}};
  for (const auto& [timestamp, version] : since) {
    for (std::int16_t asked = 1; asked <= 11; ++asked) {
      EXPECT_EQ(Number(ask(asked, timestamp), "/ErrorCode"), asked < version ? 35 : 0)
          << timestamp << " in version " << asked;
    }
  }
  EXPECT_EQ(Number(ask(11, -1), "/Offset"), 1);
  EXPECT_EQ(Number(ask(11, -4), "/Offset"), 0);
  EXPECT_EQ(Number(ask(11, -5), "/Offset"), -1) << "nothing lies in remote storage";
}

TEST_F(ClusterApisTest, ManualAssignmentsAreChecked) {
  const auto create = [&](const std::string& assignments, int partitions = -1,
                          int replication = -1) {
    return Ask(19, 7, R"({"validateOnly": true, "Topics": [{"Name": "new", "NumPartitions": )" +
                          std::to_string(partitions) + R"(, "ReplicationFactor": )" +
                          std::to_string(replication) + R"(, "Assignments": [)" + assignments +
                          "]}]}")
        .at_pointer("/Topics/0");
  };
  const std::string first = R"({"PartitionIndex": 0, "BrokerIds": [1, 2]})";
  const auto second = [](const char* index, const char* brokers) {
    return std::string(R"(, {"PartitionIndex": )") + index + R"(, "BrokerIds": [)" + brokers + "]}";
  };
  const json::value right = create(first + second("1", "2, 3"));
  EXPECT_EQ(Number(right, "/ErrorCode"), 0) << right;
  EXPECT_EQ(Number(right, "/NumPartitions"), 2);
  EXPECT_EQ(Number(create(first, 1), "/ErrorCode"), 42);
  EXPECT_EQ(Number(create(first, -1, 2), "/ErrorCode"), 42);
  EXPECT_EQ(Number(create(first + second("2", "2, 3")), "/ErrorCode"), 39);
  EXPECT_EQ(Number(create(first + second("0", "2, 3")), "/ErrorCode"), 39);
  EXPECT_EQ(Number(create(first + second("1", "")), "/ErrorCode"), 39);
  EXPECT_EQ(Number(create(first + second("1", "2, 2")), "/ErrorCode"), 39);
  EXPECT_EQ(Number(create(first + second("1", "2")), "/ErrorCode"), 39);
  EXPECT_EQ(Number(create(first + second("1", "2, -1")), "/ErrorCode"), 39);
  EXPECT_EQ(create(first + second("1", "2, 2")).at("ErrorMessage").as_string(),
            "The manual partition assignment includes the broker 2 more than once.");
}

TEST_F(ClusterApisTest, LogDirsTellWhatPartitionsTake) {
  const auto bytes = static_cast<std::int64_t>(Append());
  const json::value all = Ask(35, 5, R"({"Topics": null})");
  EXPECT_EQ(all.at_pointer("/Results/0/LogDir").as_string(), "memory");
  EXPECT_EQ(all.at_pointer("/Results/0/Topics").as_array().size(), 2u);
  EXPECT_EQ(Number(all, "/Results/0/Topics/0/Partitions/1/PartitionSize"), bytes);
  EXPECT_EQ(Number(all, "/Results/0/Topics/0/Partitions/0/PartitionSize"), 0);
  const json::value some = Ask(35, 1, R"({"Topics": [{"Topic": "t", "Partitions": [1, 1, 9]},
      {"Topic": "x", "Partitions": [0]}]})");
  EXPECT_EQ(some.at_pointer("/Results/0/Topics").as_array().size(), 1u);
  EXPECT_EQ(some.at_pointer("/Results/0/Topics/0/Partitions").as_array().size(), 1u);

  const auto move = [&](const char* dir, const char* topic) {
    return Number(Ask(34, 2, R"({"Dirs": [{"Path": ")" + std::string(dir) +
                                 R"(", "Topics": [{"Name": ")" + topic +
                                 R"(", "Partitions": [0]}]}]})"),
                  "/Results/0/Partitions/0/ErrorCode");
  };
  EXPECT_EQ(move("memory", "t"), 0);
  EXPECT_EQ(move("memory", "x"), 3);
  EXPECT_EQ(move("/var/elsewhere", "t"), 57) << "LOG_DIR_NOT_FOUND";
}

TEST_F(ClusterApisTest, NoElectionIsNeeded) {
  const json::value answer = Ask(43, 2, R"({"ElectionType": 0, "TopicPartitions": [
      {"Topic": "t", "Partitions": [0, 3]}, {"Topic": "x", "Partitions": [0]}]})");
  constexpr std::string_view kT = "/ReplicaElectionResults/0/PartitionResult";
  EXPECT_EQ(Number(answer.at_pointer(kT), "/0/ErrorCode"), 84) << "ELECTION_NOT_NEEDED";
  EXPECT_EQ(Number(answer.at_pointer(kT), "/1/ErrorCode"), 3);
  EXPECT_EQ(Number(answer, "/ReplicaElectionResults/1/PartitionResult/0/ErrorCode"), 3);
  const json::value all = Ask(43, 2, R"({"ElectionType": 1, "TopicPartitions": null})");
  EXPECT_EQ(Number(all, "/ErrorCode"), 0);
  EXPECT_EQ(json::serialize(all.at("ReplicaElectionResults")),
            R"([{"Topic":"t","PartitionResult":[]},{"Topic":"u","PartitionResult":[]}])");
  EXPECT_EQ(Number(Ask(43, 2, R"({"ElectionType": 2})"), "/ErrorCode"), 42);
}

TEST_F(ClusterApisTest, PartitionsLieOnTheOnlyNode) {
  const auto reassign = [&](const std::string& partition, const char* topic = "t") {
    return Ask(45, 1, R"({"Topics": [{"Name": ")" + std::string(topic) +
                          R"(", "Partitions": [)" + partition + "]}]}")
        .at_pointer("/Responses/0/Partitions/0");
  };
  EXPECT_EQ(Number(reassign(R"({"PartitionIndex": 0, "Replicas": [1]})"), "/ErrorCode"), 0);
  EXPECT_EQ(Number(reassign(R"({"PartitionIndex": 0, "Replicas": null})"), "/ErrorCode"), 85);
  const json::value other = reassign(R"({"PartitionIndex": 0, "Replicas": [1, 2]})");
  EXPECT_EQ(Number(other, "/ErrorCode"), 39) << "INVALID_REPLICA_ASSIGNMENT";
  EXPECT_THAT(json::serialize(other), HasSubstr("broker 2, but no such broker"));
  EXPECT_EQ(Number(reassign(R"({"PartitionIndex": 0, "Replicas": []})"), "/ErrorCode"), 39);
  EXPECT_EQ(Number(reassign(R"({"PartitionIndex": 3, "Replicas": [1]})"), "/ErrorCode"), 3);
  EXPECT_EQ(Number(reassign(R"({"PartitionIndex": 0, "Replicas": [1]})", "x"), "/ErrorCode"), 3);
  EXPECT_TRUE(Ask(46, 0, R"({"Topics": null})").at("Topics").as_array().empty());
}

TEST_F(ClusterApisTest, DescribeClusterTellsTheOnlyNode) {
  const json::value cluster = Ask(60, 2, R"({"IncludeClusterAuthorizedOperations": true})");
  EXPECT_EQ(cluster.at("ClusterId").as_string(), cluster_->cluster_id());
  EXPECT_EQ(Number(cluster, "/ControllerId"), 1);
  EXPECT_EQ(Number(cluster, "/Brokers/0/BrokerId"), 1);
  EXPECT_EQ(Number(cluster, "/Brokers/0/Port"), 9092);
  EXPECT_EQ(Number(cluster, "/ClusterAuthorizedOperations"), 8096);
  EXPECT_EQ(Number(Ask(60, 0, "{}"), "/ClusterAuthorizedOperations"), INT32_MIN);
  EXPECT_EQ(Number(Ask(60, 1, R"({"EndpointType": 2})"), "/ErrorCode"), 114);
  EXPECT_EQ(Number(Ask(60, 1, R"({"EndpointType": 3})"), "/ErrorCode"), 115);
}

// "t-0 t-1", as one page tells them.
std::string Page(const json::value& answer) {
  std::string page;
  for (const json::value& topic : answer.at("Topics").as_array()) {
    for (const json::value& partition : topic.at("Partitions").as_array()) {
      page += (page.empty() ? "" : " ") + std::string(topic.at("Name").as_string()) + "-" +
              std::to_string(partition.at("PartitionIndex").as_int64());
    }
  }
  return page;
}

TEST_F(ClusterApisTest, TopicPartitionsComeInPages) {
  const json::value whole = Ask(75, 0, "{}");
  EXPECT_EQ(Page(whole), "t-0 t-1 t-2 u-0 u-1");
  EXPECT_TRUE(whole.at("NextCursor").is_null());
  EXPECT_EQ(Number(whole, "/Topics/0/TopicAuthorizedOperations"), 3576);

  std::vector<std::string> pages;
  std::string cursor = "null";
  while (pages.size() < 10) {
    const json::value page =
        Ask(75, 0, R"({"ResponsePartitionLimit": 2, "Cursor": )" + cursor + "}");
    pages.push_back(Page(page));
    if (page.at("NextCursor").is_null()) break;
    cursor = json::serialize(page.at("NextCursor"));
  }
  EXPECT_THAT(pages, ElementsAre("t-0 t-1", "t-2 u-0", "u-1"));
  const json::value exact = Ask(75, 0, R"({"ResponsePartitionLimit": 3})");
  EXPECT_EQ(json::serialize(exact.at("NextCursor")), R"({"TopicName":"u","PartitionIndex":0})");

  const json::value unknown = Ask(75, 0, R"({"Topics": [{"Name": "x"}, {"Name": "u"}]})");
  EXPECT_EQ(Page(unknown), "u-0 u-1");
  EXPECT_EQ(Number(unknown, "/Topics/1/ErrorCode"), 3);
  EXPECT_EQ(Number(Ask(75, 0, R"({"Topics": [{"Name": "t"}],
      "Cursor": {"TopicName": "t", "PartitionIndex": -1}})"), "/Topics/0/ErrorCode"), 42);
}

}  // namespace
}  // namespace wherry::kafka
