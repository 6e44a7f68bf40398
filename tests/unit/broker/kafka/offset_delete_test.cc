// OffsetDelete and DeleteGroups by their rows: no socket.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

class OffsetDeleteTest : public ClusterFixture {
 protected:
  OffsetDeleteTest() {
    On([this] {
      for (const char* const name : {"t", "u"}) {
        ASSERT_TRUE(cluster_->topics().Create(name, 2, {}, [](const absl::Status&) {}).ok());
      }
    });
    // As an administrator sets a group's offsets.
    for (const std::string name : {"t", "u"}) {
      Ask(8, 7, R"({"GroupId": "g", "Topics": [{"Name": ")" + name +
                    R"(", "Partitions": [{"PartitionIndex": 1, "CommittedOffset": 7}]}]})");
    }
  }

  // The error of the only partition.
  std::int64_t DeleteOf(const std::string& topic) {
    const json::value answer = Ask(47, 0, R"({"GroupId": "g", "Topics": [{"Name": ")" + topic +
                                              R"(", "Partitions": [{"PartitionIndex": 1}]}]})");
    EXPECT_EQ(answer.at("ErrorCode").as_int64(), 0);
    return answer.at("Topics").at(0).at("Partitions").at(0).at("ErrorCode").as_int64();
  }
  std::string Kept() { return AskText(9, 7, R"({"GroupId": "g", "Topics": null})"); }
};

TEST_F(OffsetDeleteTest, OffsetsOfAnEmptyGroupGo) {
  EXPECT_EQ(DeleteOf("t"), 0);
  EXPECT_THAT(Kept(), ::testing::Not(HasSubstr(R"("Name":"t")")));
  EXPECT_THAT(Kept(), HasSubstr(R"("Name":"u")"));
  EXPECT_EQ(DeleteOf("nothing"), 3);
  EXPECT_THAT(AskText(47, 0, R"({"GroupId": "h", "Topics": []})"), HasSubstr(R"("ErrorCode":69)"));
}

TEST_F(OffsetDeleteTest, WhatAMemberReadsStays) {
  Ask(68, 1, R"({"GroupId": "g", "MemberId": "m", "MemberEpoch": 0, "RebalanceTimeoutMs": 60000,
      "SubscribedTopicNames": ["t"], "TopicPartitions": []})");
  EXPECT_EQ(DeleteOf("t"), 86);
  EXPECT_EQ(DeleteOf("u"), 0);
  EXPECT_THAT(Kept(), HasSubstr(R"("Name":"t")"));
  const std::string refused = AskText(42, 3, R"({"GroupsNames": ["g", "h"]})");
  EXPECT_THAT(refused, HasSubstr(R"("ErrorCode":68,"ErrorMessage":"The group is not empty.")"));
  EXPECT_THAT(refused, HasSubstr(R"("ErrorCode":69,"ErrorMessage":"Group h not found.")"));
}

TEST_F(OffsetDeleteTest, ASubscriptionOfTheClassicProtocolCounts) {
  // ConsumerProtocolSubscription, version 0: topic "t", no user data.
  Ask(11, 3, R"({"GroupId": "g", "SessionTimeoutMs": 10000, "RebalanceTimeoutMs": 10000,
      "ProtocolType": "consumer",
      "Protocols": [{"Name": "range", "Metadata": "00000000000100017400000000"}]})");
  EXPECT_EQ(DeleteOf("t"), 86);
  EXPECT_EQ(DeleteOf("u"), 0);
}

}  // namespace
}  // namespace wherry::kafka
