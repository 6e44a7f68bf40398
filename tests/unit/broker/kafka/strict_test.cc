// Topics that ask for more nodes than there are, in a strict cluster and in one that is not.
#include <gmock/gmock.h>

#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

namespace json = boost::json;

constexpr std::int64_t kInvalidReplicationFactor = 38, kInvalidReplicaAssignment = 39;

class KafkaStrictTest : public ClusterFixture, public ::testing::WithParamInterface<bool> {
 protected:
  KafkaStrictTest() : ClusterFixture({.nodes = 2, .strict = GetParam()}) {}

  // The error, which a cluster has only if it is strict, and the message that goes with it.
  void ExpectIfStrict(const json::value& result, std::int64_t error, const std::string& message) {
    const json::value& said = result.at("ErrorMessage");
    EXPECT_EQ(result.at("ErrorCode").as_int64(), GetParam() ? error : 0);
    EXPECT_EQ(said.is_null() ? "" : said.as_string(), GetParam() ? message : "");
  }
  json::value Create(const std::string& name, int factor, const std::string& assignments = "[]") {
    return Ask(19, 7, R"({"Topics": [{"Name": ")" + name + R"(", "NumPartitions": )" +
                          (factor == -1 ? "-1" : "1") + R"(, "ReplicationFactor": )" +
                          std::to_string(factor) + R"(, "Assignments": )" + assignments +
                          R"(, "Configs": []}], "timeoutMs": 1000, "validateOnly": false})")
        .at("Topics")
        .at(0);
  }
};

INSTANTIATE_TEST_SUITE_P(Cluster, KafkaStrictTest, ::testing::Bool(), [](const auto& info) {
  return info.param ? "Strict" : "Lenient";
});

TEST_P(KafkaStrictTest, AReplicationFactorAboveTheNumberOfNodes) {
  EXPECT_EQ(Create("two", 2).at("ErrorCode"), 0);
  EXPECT_EQ(Create("as it likes", -1).at("ErrorCode"), 17) << "a name that cannot be";
  EXPECT_EQ(Create("default", -1).at("ErrorCode"), 0);
  ExpectIfStrict(Create("three", 3), kInvalidReplicationFactor,
                 "Unable to replicate the partition 3 time(s): The target replication factor of 3 "
                 "cannot be reached because only 2 broker(s) are registered.");
  EXPECT_EQ(Create("none", 0).at("ErrorCode"), kInvalidReplicationFactor);
}

TEST_P(KafkaStrictTest, ReplicasAtANodeThatThereIsNot) {
  const std::string message =
      "The manual partition assignment includes broker 7, but no such broker is registered.";
  ExpectIfStrict(Create("t", -1, R"([{"PartitionIndex": 0, "BrokerIds": [1, 7]}])"),
                 kInvalidReplicaAssignment, message);
  ASSERT_EQ(Create("u", 1).at("ErrorCode"), 0);
  const json::value more =
      Ask(37, 3, R"({"Topics": [{"Name": "u", "Count": 2, "Assignments": [{"BrokerIds": [7]}]}],
                     "TimeoutMs": 1000, "ValidateOnly": false})");
  ExpectIfStrict(more.at("Results").at(0), kInvalidReplicaAssignment, message);
}

}  // namespace
}  // namespace wherry::kafka
