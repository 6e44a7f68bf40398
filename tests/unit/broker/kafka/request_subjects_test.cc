// What requests and responses are about, found by the names of their fields.
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include "broker/kafka/api_table.h"
#include "protocol/kafka/record_batch.h"
#include "protocol/wire/json.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Place = RequestSubjects::Place;

// Knows one topic, whose id is all ones.
class OneTopic final : public TopicNames {
 public:
  std::string NameOf(const wire::Uuid& id) const override {
    return id.bytes[0] == 0x11 && id.bytes[15] == 0x11 ? "known" : "";
  }
};
constexpr OneTopic kNames;

RequestSubjects SubjectsOf(const Schema& schema, std::int16_t version, bool flexible,
                           const std::string& json) {
  const auto bytes = schema.encode(boost::json::parse(json), version, flexible);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return schema.subjects(*bytes, version, flexible, kNames);
}
RequestSubjects OfRequest(std::int16_t key, std::int16_t version, const std::string& json) {
  const ApiRow& row = *FindApi(key);
  return SubjectsOf(row.request, version, row.IsFlexible(version), json);
}
RequestSubjects OfResponse(std::int16_t key, std::int16_t version, const std::string& json) {
  const ApiRow& row = *FindApi(key);
  return SubjectsOf(row.response, version, row.IsFlexible(version), json);
}

TEST(RequestSubjectsTest, TopicsWithTheirPartitions) {
  const RequestSubjects produce = OfRequest(0, 9, R"({"TopicData": [
      {"Name": "a", "PartitionData": [{"Index": 1}, {"Index": 0}]},
      {"Name": "b", "PartitionData": [{"Index": 2}]}]})");
  EXPECT_THAT(produce.topics, ElementsAre("a", "b"));
  EXPECT_THAT(produce.places, ElementsAre(Place{"a", 1}, Place{"a", 0}, Place{"b", 2}));
  EXPECT_THAT(produce.groups, IsEmpty());

  const RequestSubjects fetch = OfRequest(1, 12, R"({"Topics": [{"Topic": "a", "Partitions": [
      {"Partition": 3, "FetchOffset": 17}]}],
      "ForgottenTopicsData": [{"Topic": "old", "Partitions": [8]}]})");
  EXPECT_THAT(fetch.places, ElementsAre(Place{"a", 3, 17})) << "nothing is asked of the forgotten";

  const RequestSubjects offsets = OfRequest(2, 7, R"({"Topics": [{"Name": "a", "Partitions": [
      {"PartitionIndex": 0, "Timestamp": -2}]}]})");
  EXPECT_THAT(offsets.places, ElementsAre(Place{"a", 0, -2}));
}

TEST(RequestSubjectsTest, TopicsByTheirIds) {
  const std::string known = R"("TopicId": "11111111111111111111111111111111")";
  const std::string unknown = R"("TopicId": "22222222222222222222222222222222")";
  const RequestSubjects produce = OfRequest(
      0, 13, R"({"TopicData": [{)" + known + R"(, "PartitionData": [{"Index": 1}]}, {)" + unknown +
                 R"(, "PartitionData": [{"Index": 2}]}]})");
  EXPECT_THAT(produce.topics, ElementsAre("known"));
  EXPECT_THAT(produce.places, ElementsAre(Place{"known", 1})) << "nobody knows the other's name";
  const RequestSubjects fetched = OfResponse(
      1, 13, R"({"Responses": [{)" + known + R"(, "Partitions": [{"PartitionIndex": 3}]}]})");
  EXPECT_THAT(fetched.places, ElementsAre(Place{"known", 3}));
  EXPECT_THAT(OfRequest(3, 12, R"({"Topics": [{)" + known + R"(, "Name": null}]})").topics,
              ElementsAre("known"));
}

TEST(RequestSubjectsTest, GroupsByEveryNameTheyHave) {
  for (const std::int16_t key : {11, 12, 13, 14}) {
    EXPECT_THAT(OfRequest(key, 3, R"({"GroupId": "g"})").groups, ElementsAre("g")) << key;
  }
  EXPECT_THAT(OfRequest(15, 6, R"({"Groups": ["g", "h", "g"]})").groups, ElementsAre("g", "h"));
  EXPECT_THAT(OfRequest(42, 2, R"({"GroupsNames": ["g"]})").groups, ElementsAre("g"));
  EXPECT_THAT(OfRequest(9, 8, R"({"Groups": [{"GroupId": "g", "Topics": [
      {"Name": "t", "PartitionIndexes": [0, 4]}]}]})")
                  .places,
              ElementsAre(Place{"t", 0}, Place{"t", 4}));
  const RequestSubjects commit = OfRequest(8, 8, R"({"GroupId": "g", "Topics": [
      {"Name": "t", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 5}]}]})");
  EXPECT_THAT(commit.groups, ElementsAre("g"));
  EXPECT_THAT(commit.places, ElementsAre(Place{"t", 0, 5}));
}

TEST(RequestSubjectsTest, ACoordinatorIsAskedForGroupsOrForSomethingElse) {
  for (const std::int16_t version : {0, 3}) {
    EXPECT_THAT(OfRequest(10, version, R"({"Key": "g"})").groups, ElementsAre("g")) << version;
  }
  EXPECT_THAT(OfRequest(10, 3, R"({"Key": "tx", "KeyType": 1})").groups, IsEmpty());
  EXPECT_THAT(OfRequest(10, 4, R"({"CoordinatorKeys": ["g", "h"]})").groups,
              ElementsAre("g", "h"));
  EXPECT_THAT(OfRequest(10, 4, R"({"KeyType": 1, "CoordinatorKeys": ["tx"]})").groups, IsEmpty());
}

TEST(RequestSubjectsTest, ANameIsATopicsOnlyWhereTopicsAre) {
  const RequestSubjects create = OfRequest(19, 7, R"({"Topics": [{"Name": "t", "Configs": [
      {"Name": "retention.ms", "Value": "1"}]}]})");
  EXPECT_THAT(create.topics, ElementsAre("t"));
  EXPECT_THAT(OfRequest(20, 5, R"({"TopicNames": ["t"]})").topics, ElementsAre("t"));
  EXPECT_THAT(OfRequest(20, 6, R"({"Topics": [{"Name": "t"}]})").topics, ElementsAre("t"));
  EXPECT_THAT(OfRequest(11, 3, R"({"GroupId": "g", "Protocols": [{"Name": "range"}]})").topics,
              IsEmpty());
  EXPECT_THAT(OfRequest(32, 4, R"({"Resources": [{"ResourceType": 2, "ResourceName": "t"},
      {"ResourceType": 4, "ResourceName": "1"}]})")
                  .topics,
              ElementsAre("t"));
}

TEST(RequestSubjectsTest, AResponseTellsItsFirstErrorAndWhereRecordsAre) {
  const RequestSubjects produced = OfResponse(0, 9, R"({"Responses": [{"Name": "t",
      "PartitionResponses": [{"Index": 0, "BaseOffset": 41},
      {"Index": 1, "ErrorCode": 6, "BaseOffset": -1}, {"Index": 2, "ErrorCode": 3}]}]})");
  EXPECT_EQ(produced.error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_THAT(produced.places, ElementsAre(Place{"t", 0, 41}, Place{"t", 1}, Place{"t", 2}));

  BatchBuilder builder;
  for (int i = 0; i < 3; ++i) builder.Add(0, "k", "v");
  std::string batch = builder.Build();
  SetBaseOffset(batch, 40);
  const RequestSubjects fetched =
      OfResponse(1, 12, R"({"Responses": [{"Topic": "t", "Partitions": [
      {"PartitionIndex": 1, "HighWatermark": 90, "Records": ")" + wire::ToHex(batch) +
                            R"("}, {"PartitionIndex": 2, "HighWatermark": 7}]}]})");
  EXPECT_EQ(fetched.error, ErrorCode::kNone);
  EXPECT_THAT(fetched.places, ElementsAre(Place{"t", 1, 43}, Place{"t", 2}));
}

TEST(RequestSubjectsTest, AnAssignmentIsWhatSyncGroupAnswers) {
  // Version 0, topic "t" with partitions 2 and 0, no user data.
  const std::string assignment = "0000" "00000001" "000174" "00000002" "00000002" "00000000"
                                 "ffffffff";
  EXPECT_THAT(OfResponse(14, 5, R"({"Assignment": ")" + assignment + R"("})").places,
              ElementsAre(Place{"t", 0}, Place{"t", 2}));
  EXPECT_THAT(OfResponse(14, 5, R"({"Assignment": "0001"})").places, IsEmpty()) << "not Kafka's";
  EXPECT_THAT(OfRequest(14, 5, R"({"GroupId": "g", "Assignments": [{"MemberId": "m",
      "Assignment": ")" + assignment + R"("}]})")
                  .places,
              IsEmpty())
      << "it holds those of other members";
}

TEST(RequestSubjectsTest, BytesThatAreNoRequestAreAboutNothing) {
  EXPECT_THAT(FindApi(0)->request.subjects("\x01\x02", 9, true, kNames).topics, IsEmpty());
}

}  // namespace
}  // namespace wherry::kafka
