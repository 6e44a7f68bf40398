// The APIs of consumer groups, by their rows: JSON in, JSON out, no socket.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "broker/kafka/api_table.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

constexpr std::int16_t kGroupApis[] = {8, 9, 10, 11, 12, 13, 14, 15, 16, 42, 68, 69};

class GroupApisTest : public ClusterFixture {
 protected:
  GroupApisTest() {
    On([this] {
      ASSERT_TRUE(cluster_->topics().Create("t", 2, {}, [](const absl::Status&) {}).ok());
    });
  }

  // A stable group "g" of one member; its id.
  std::string StableGroup() {
    const json::value joined = Ask(11, 3, R"({"GroupId": "g", "SessionTimeoutMs": 10000,
        "RebalanceTimeoutMs": 10000, "ProtocolType": "consumer",
        "Protocols": [{"Name": "range", "Metadata": "0102"}]})");
    EXPECT_EQ(joined.at("ErrorCode").as_int64(), 0);
    EXPECT_EQ(joined.at("Members").at(0).at("Metadata").as_string(), "0102");
    const std::string id(joined.at("MemberId").as_string());
    const json::value synced =
        Ask(14, 3,
            R"({"GroupId": "g", "GenerationId": 1, "MemberId": ")" + id +
                R"(", "Assignments": [{"MemberId": ")" + id + R"(", "Assignment": "0304"}]})");
    EXPECT_EQ(synced.at("Assignment").as_string(), "0304");
    return id;
  }
};

TEST_F(GroupApisTest, RandomMessagesOfEveryVersionReadBack) {
  wire::RandomFiller::Random random(1);
  for (const std::int16_t key : kGroupApis) {
    const ApiRow& row = *FindApi(key);
    for (std::int16_t version = row.min_version; version <= row.max_version; ++version) {
      const bool flexible = row.IsFlexible(version);
      for (const Schema* schema : {&row.request, &row.response}) {
        const std::string bytes = schema->random(random, version, flexible);
        const auto value = schema->decode(bytes, version, flexible);
        ASSERT_TRUE(value.ok()) << row.name << " " << version;
        EXPECT_EQ(schema->encode(*value, version, flexible).value(), bytes)
            << row.name << " " << version;
      }
    }
  }
}

TEST_F(GroupApisTest, TheCoordinatorIsWhereTheClientReachedUs) {
  EXPECT_THAT(AskText(10, 2, R"({"Key": "g"})"), HasSubstr(R"("Host":"127.0.0.1","Port":9092)"));
  EXPECT_THAT(AskText(10, 4, R"({"CoordinatorKeys": ["a", "b"]})"), HasSubstr(R"("Key":"b")"));
  EXPECT_THAT(AskText(10, 2, R"({"Key": "g", "KeyType": 7})"), HasSubstr(R"("ErrorCode":42)"));
}

TEST_F(GroupApisTest, AMemberJoinsBeatsAndLeaves) {
  const json::value refused = Ask(11, 5, R"({"GroupId": "g", "SessionTimeoutMs": 10000,
      "RebalanceTimeoutMs": 10000, "ProtocolType": "consumer",
      "Protocols": [{"Name": "range", "Metadata": ""}]})");
  EXPECT_EQ(refused.at("ErrorCode").as_int64(), 79);  // MEMBER_ID_REQUIRED
  EXPECT_EQ(Ask(13, 2,
                R"({"GroupId": "g", "MemberId": ")" +
                    std::string(refused.at("MemberId").as_string()) + R"("})")
                .at("ErrorCode")
                .as_int64(),
            0);
  const std::string id = StableGroup();
  const std::string claim = R"({"GroupId": "g", "GenerationId": 1, "MemberId": ")" + id + "\"}";
  EXPECT_EQ(Ask(12, 3, claim).at("ErrorCode").as_int64(), 0);
  const std::string described = AskText(15, 4, R"({"Groups": ["g"]})");
  EXPECT_THAT(described, HasSubstr(R"("GroupState":"Stable")"));
  EXPECT_THAT(described, HasSubstr(R"("ClientHost":"/127.0.0.1")"));
  EXPECT_THAT(AskText(42, 1, R"({"GroupsNames": ["g"]})"), HasSubstr(R"("ErrorCode":68)"));
  const std::string left = AskText(13, 3,
                                   R"({"GroupId": "g", "Members": [{"MemberId": ")" + id +
                                       R"("}, {"MemberId": "", "GroupInstanceId": "nobody"}]})");
  EXPECT_THAT(left, HasSubstr(R"("ErrorCode":25)"));
  EXPECT_EQ(Ask(12, 3, claim).at("ErrorCode").as_int64(), 25);
  EXPECT_THAT(AskText(16, 4, R"({"StatesFilter": ["empty"]})"), HasSubstr(R"("GroupId":"g")"));
  EXPECT_THAT(AskText(16, 4, R"({"StatesFilter": ["Stable"]})"), HasSubstr(R"("Groups":[])"));
  EXPECT_THAT(AskText(42, 1, R"({"GroupsNames": ["g", "h"]})"), HasSubstr(R"("ErrorCode":69)"));
  EXPECT_THAT(AskText(15, 6, R"({"Groups": ["g"]})"), HasSubstr(R"("ErrorCode":69)"));
  EXPECT_THAT(AskText(15, 5, R"({"Groups": ["g"]})"), HasSubstr(R"("GroupState":"Dead")"));
}

TEST_F(GroupApisTest, OffsetsAreCommittedAndFound) {
  const std::string commit = R"({"GroupId": "g", "Topics": [
      {"Name": "t", "Partitions": [{"PartitionIndex": 1, "CommittedOffset": 7},
                                   {"PartitionIndex": 2, "CommittedOffset": 7}]},
      {"Name": "u", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 7}]}]})";
  const json::value answer = Ask(8, 6, commit);
  const json::value& t = answer.at("Topics").at(0).at("Partitions");
  EXPECT_EQ(t.at(0).at("ErrorCode").as_int64(), 0);
  EXPECT_EQ(t.at(1).at("ErrorCode").as_int64(), 3);
  EXPECT_EQ(answer.at("Topics").at(1).at("Partitions").at(0).at("ErrorCode").as_int64(), 3);
  const json::value found =
      Ask(9, 5, R"({"GroupId": "g", "Topics": [{"Name": "t", "PartitionIndexes": [0, 1]}]})");
  const json::value& partitions = found.at("Topics").at(0).at("Partitions");
  EXPECT_EQ(partitions.at(0).at("CommittedOffset").as_int64(), -1);
  EXPECT_EQ(partitions.at(1).at("CommittedOffset").as_int64(), 7);
  const json::value all = Ask(9, 8, R"({"Groups": [{"GroupId": "g", "Topics": null}]})");
  EXPECT_EQ(all.at("Groups").at(0).at("Topics").as_array().size(), 1u);

  const std::string metadata(5000, 'm');
  EXPECT_THAT(AskText(8, 6,
                      R"({"GroupId": "g", "Topics": [{"Name": "t", "Partitions": [
      {"PartitionIndex": 0, "CommittedOffset": 1, "CommittedMetadata": ")" +
                          metadata + R"("}]}]})"),
              HasSubstr(R"("ErrorCode":12)"));
  AskText(20, 1, R"({"TopicNames": ["t"], "TimeoutMs": 1000})");
  EXPECT_THAT(AskText(9, 2, R"({"GroupId": "g", "Topics": null})"), HasSubstr(R"("Topics":[])"));
}

TEST_F(GroupApisTest, OnlyMembersCommitToAGroupWithMembers) {
  StableGroup();
  EXPECT_THAT(AskText(8, 6, R"({"GroupId": "g", "Topics": [
      {"Name": "t", "Partitions": [{"PartitionIndex": 1, "CommittedOffset": 7}]}]})"),
              HasSubstr(R"("ErrorCode":25)"));
}

}  // namespace
}  // namespace wherry::kafka
