// The APIs of groups whose assignment the server makes, by their rows: no socket.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "absl/strings/str_format.h"
#include "broker/kafka/api_table.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

class ConsumerGroupApisTest : public ClusterFixture {
 protected:
  ConsumerGroupApisTest() {
    On([this] {
      const auto topic = cluster_->topics().Create("t", 2, {}, [](const absl::Status&) {});
      ASSERT_TRUE(topic.ok());
      for (const std::uint8_t byte : (*topic)->id.bytes) id_ += absl::StrFormat("%02x", byte);
    });
  }

  // Joins as "m-1", in version 1.
  json::value Join(const std::string& more = "") {
    return Ask(68, 1, R"({"GroupId": "g", "MemberId": "m-1", "MemberEpoch": 0,
        "RebalanceTimeoutMs": 60000, "SubscribedTopicNames": ["t"], "TopicPartitions": [])" +
                          more + "}");
  }
  // The error of committing offset 7, with this much said of the sender.
  std::int64_t CommitError(std::int16_t version, const std::string& sender) {
    return Ask(8, version, R"({"GroupId": "g", "Topics": [{"Name": "t", "TopicId": ")" + id_ +
                               R"(", "Partitions": [{"PartitionIndex": 0,
        "CommittedOffset": 7}]}])" + sender + "}")
        .at("Topics")
        .at(0)
        .at("Partitions")
        .at(0)
        .at("ErrorCode")
        .as_int64();
  }

  std::string id_;  // of topic t
};

TEST_F(ConsumerGroupApisTest, AMemberJoinsStaysAndLeaves) {
  const json::value joined = Join();
  EXPECT_EQ(joined.at("ErrorCode").as_int64(), 0);
  EXPECT_EQ(joined.at("MemberId").as_string(), "m-1");
  EXPECT_EQ(joined.at("MemberEpoch").as_int64(), 1);
  EXPECT_EQ(joined.at("HeartbeatIntervalMs").as_int64(), 5000);
  const json::value& topic = joined.at("Assignment").at("TopicPartitions").at(0);
  EXPECT_EQ(topic.at("TopicId").as_string(), id_);
  EXPECT_EQ(json::serialize(topic.at("Partitions")), "[0,1]");
  const json::value stays = Ask(68, 0, R"({"GroupId": "g", "MemberId": "m-1", "MemberEpoch": 1})");
  EXPECT_EQ(stays.at("ErrorCode").as_int64(), 0);
  EXPECT_TRUE(stays.at("Assignment").is_null());
  const json::value left = Ask(68, 0, R"({"GroupId": "g", "MemberId": "m-1", "MemberEpoch": -1})");
  EXPECT_EQ(left.at("MemberEpoch").as_int64(), -1);
}

TEST_F(ConsumerGroupApisTest, AGroupHasTheTimesItIsConfiguredWith) {
  // IncrementalAlterConfigs, resource 32: a group.
  EXPECT_THAT(AskText(44, 1, R"({"Resources": [{"ResourceType": 32, "ResourceName": "g",
      "Configs": [{"Name": "consumer.heartbeat.interval.ms", "ConfigOperation": 0,
                   "Value": "10"}]}]})"),
              HasSubstr(R"("ErrorCode":0)"));
  EXPECT_EQ(Join().at("HeartbeatIntervalMs").as_int64(), 10);
}

TEST_F(ConsumerGroupApisTest, NewPartitionsAreAssignedAtTheNextHeartbeat) {
  Join();
  // CreatePartitions.
  EXPECT_THAT(AskText(37, 2, R"({"Topics": [{"Name": "t", "Count": 3}], "TimeoutMs": 1000})"),
              HasSubstr(R"("ErrorCode":0)"));
  const json::value more = Ask(68, 1, R"({"GroupId": "g", "MemberId": "m-1", "MemberEpoch": 1})");
  EXPECT_EQ(more.at("MemberEpoch").as_int64(), 2);
  EXPECT_EQ(json::serialize(more.at("Assignment").at("TopicPartitions").at(0).at("Partitions")),
            "[0,1,2]");
}

TEST_F(ConsumerGroupApisTest, FieldsThatContradictAreRefusedInKafkasWords) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"({"GroupId": ""})", "GroupId can't be empty."},
      {R"({"GroupId": "g", "MemberId": ""})", "MemberId can't be empty."},
      {R"({"GroupId": "g", "MemberId": "m", "InstanceId": ""})", "InstanceId can't be empty."},
      {R"({"GroupId": "g", "MemberId": "m", "MemberEpoch": 0})", "RebalanceTimeoutMs must be"},
      {R"({"GroupId": "g", "MemberId": "m", "RebalanceTimeoutMs": 1})", "TopicPartitions must be"},
      {R"({"GroupId": "g", "MemberId": "m", "RebalanceTimeoutMs": 1, "TopicPartitions": []})",
       "Either SubscribedTopicNames or SubscribedTopicRegex"},
      {R"({"GroupId": "g", "MemberId": "m", "MemberEpoch": -2})", "InstanceId can't be null."},
      {R"({"GroupId": "g", "MemberId": "m", "MemberEpoch": -3})", "MemberEpoch is invalid."}};
  for (const auto& [fields, words] : wrong) {
    const json::value answer = Ask(68, 1, fields);
    EXPECT_EQ(answer.at("ErrorCode").as_int64(), 42) << fields;
    EXPECT_THAT(std::string(answer.at("ErrorMessage").as_string()), HasSubstr(words));
  }
  EXPECT_EQ(Ask(68, 1, R"({"GroupId": "g", "MemberId": "m", "MemberEpoch": 3})")
                .at("ErrorCode")
                .as_int64(),
            69);
  Join();
  EXPECT_EQ(Ask(68, 1, R"({"GroupId": "g", "MemberId": "m", "MemberEpoch": 3})")
                .at("ErrorCode")
                .as_int64(),
            25);
  EXPECT_EQ(Ask(68, 1, R"({"GroupId": "g", "MemberId": "m-1", "MemberEpoch": 3})")
                .at("ErrorCode")
                .as_int64(),
            110);
  EXPECT_EQ(Join(R"(, "ServerAssignor": "x")").at("ErrorCode").as_int64(), 112);
  EXPECT_EQ(Join(R"(, "SubscribedTopicRegex": "[")").at("ErrorCode").as_int64(), 128);
}

TEST_F(ConsumerGroupApisTest, ItIsDescribedWithWhatItsMembersHave) {
  Join(R"(, "SubscribedTopicRegex": "u.*", "RackId": "r")");
  const json::value group = Ask(69, 1, R"({"GroupIds": ["g"]})").at("Groups").at(0);
  EXPECT_EQ(group.at("GroupState").as_string(), "Stable");
  EXPECT_EQ(group.at("GroupEpoch").as_int64(), 1);
  EXPECT_EQ(group.at("AssignmentEpoch").as_int64(), 1);
  EXPECT_EQ(group.at("AssignorName").as_string(), "uniform");
  const json::value& member = group.at("Members").at(0);
  EXPECT_EQ(member.at("MemberId").as_string(), "m-1");
  EXPECT_EQ(member.at("RackId").as_string(), "r");
  EXPECT_EQ(member.at("ClientHost").as_string(), "/127.0.0.1");
  EXPECT_EQ(member.at("SubscribedTopicRegex").as_string(), "u.*");
  EXPECT_EQ(member.at("MemberType").as_int64(), 1);
  for (const char* const which : {"Assignment", "TargetAssignment"}) {
    const json::value& topic = member.at(which).at("TopicPartitions").at(0);
    EXPECT_EQ(topic.at("TopicName").as_string(), "t");
    EXPECT_EQ(json::serialize(topic.at("Partitions")), "[0,1]");
  }
  EXPECT_THAT(AskText(69, 0, R"({"GroupIds": ["h"]})"), HasSubstr(R"("ErrorCode":69)"));
  // Clients ask both ways; the other kind is not found.
  EXPECT_THAT(AskText(15, 6, R"({"Groups": ["g"]})"), HasSubstr("is not a classic group"));
  EXPECT_THAT(AskText(15, 5, R"({"Groups": ["g"]})"), HasSubstr(R"("GroupState":"Dead")"));
  EXPECT_THAT(AskText(16, 5, R"({"TypesFilter": ["consumer"]})"),
              HasSubstr(R"("GroupState":"Stable","GroupType":"consumer")"));
  EXPECT_THAT(AskText(16, 5, R"({"TypesFilter": ["classic"]})"), HasSubstr(R"("Groups":[])"));
}

TEST_F(ConsumerGroupApisTest, CommitsAndFetchesNameTheirEpoch) {
  EXPECT_EQ(CommitError(9, R"(, "MemberId": "m-1", "GenerationIdOrMemberEpoch": 1)"), 69);
  Join();
  EXPECT_EQ(CommitError(9, R"(, "MemberId": "m-1", "GenerationIdOrMemberEpoch": 1)"), 0);
  EXPECT_EQ(CommitError(10, R"(, "MemberId": "m-1", "GenerationIdOrMemberEpoch": 0)"), 113);
  EXPECT_EQ(CommitError(9, R"(, "MemberId": "m-2", "GenerationIdOrMemberEpoch": 1)"), 25);
  EXPECT_EQ(CommitError(8, R"(, "MemberId": "m-1", "GenerationIdOrMemberEpoch": 1)"), 35);
  EXPECT_EQ(CommitError(9, ""), 25);
  const std::pair<const char*, int> senders[] = {{"", 0},
                                                 {R"(, "MemberId": "m-1", "MemberEpoch": 1)", 0},
                                                 {R"(, "MemberId": "m-1", "MemberEpoch": 2)", 113},
                                                 {R"(, "MemberId": "m-2", "MemberEpoch": 1)", 25}};
  for (const auto& [sender, error] : senders) {
    const json::value group =
        Ask(9, 9, std::string(R"({"Groups": [{"GroupId": "g", "Topics": [{"Name": "t",
            "PartitionIndexes": [0]}])") + sender + "}]}")
            .at("Groups")
            .at(0);
    EXPECT_EQ(group.at("ErrorCode").as_int64(), error) << sender;
    if (error != 0) continue;
    EXPECT_EQ(group.at("Topics").at(0).at("Partitions").at(0).at("CommittedOffset").as_int64(), 7);
  }
}

}  // namespace
}  // namespace wherry::kafka
