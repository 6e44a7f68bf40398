// Topics by their ids, in every API that takes them (KIP-516), by their rows.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "protocol/kafka/record_batch.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

constexpr const char* kNobody = "00112233445566778899aabbccddeeff";

class TopicIdsTest : public ClusterFixture {
 protected:
  TopicIdsTest() {
    On([this] {
      const auto topic = cluster_->topics().Create("t", 2, {}, [](const absl::Status&) {});
      const wire::Uuid& id = (*topic)->id;
      id_ = wire::ToHex({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    });
  }

  static std::int64_t Number(const json::value& value, std::string_view path) {
    return value.at_pointer(path).to_number<std::int64_t>();
  }

  std::string Produce(const std::string& id, int partition) {
    BatchBuilder batch(Codec::kNone);
    batch.Add(5, "key", "value");
    return R"({"Acks": -1, "TopicData": [{"TopicId": ")" + id +
           R"(", "PartitionData": [{"Index": )" + std::to_string(partition) +
           R"(, "Records": ")" + wire::ToHex(batch.Build()) + R"("}]}]})";
  }
  static std::string Fetch(const std::string& id, int partition) {
    return R"({"MaxBytes": 100000, "Topics": [{"TopicId": ")" + id +
           R"(", "Partitions": [{"Partition": )" + std::to_string(partition) +
           R"(, "FetchOffset": 0, "PartitionMaxBytes": 100000}]}]})";
  }

  std::string id_;
};

TEST_F(TopicIdsTest, ProduceAndFetch) {
  constexpr std::string_view kError = "/Responses/0/PartitionResponses/0/ErrorCode";
  const json::value produced = Ask(0, 13, Produce(id_, 1));
  EXPECT_EQ(Number(produced, kError), 0) << produced;
  EXPECT_EQ(produced.at_pointer("/Responses/0/TopicId").as_string(), id_);
  EXPECT_EQ(Number(produced, "/Responses/0/PartitionResponses/0/BaseOffset"), 0);
  EXPECT_EQ(Number(Ask(0, 13, Produce(kNobody, 1)), kError), 100) << "UNKNOWN_TOPIC_ID";
  EXPECT_EQ(Number(Ask(0, 13, Produce(id_, 2)), kError), 3) << "UNKNOWN_TOPIC_OR_PARTITION";

  constexpr std::string_view kFetchError = "/Responses/0/Partitions/0/ErrorCode";
  for (std::int16_t version = 13; version <= 18; ++version) {
    const json::value fetched = Ask(1, version, Fetch(id_, 1));
    EXPECT_EQ(Number(fetched, kFetchError), 0) << fetched;
    EXPECT_EQ(fetched.at_pointer("/Responses/0/TopicId").as_string(), id_);
    EXPECT_EQ(Number(fetched, "/Responses/0/Partitions/0/HighWatermark"), 1);
    EXPECT_THAT(json::serialize(fetched), HasSubstr(wire::ToHex("keyvalue").substr(0, 6)));
    EXPECT_EQ(Number(Ask(1, version, Fetch(kNobody, 1)), kFetchError), 100);
    EXPECT_EQ(Number(Ask(1, version, Fetch(id_, 2)), kFetchError), 3);
  }
}

TEST_F(TopicIdsTest, MetadataTellsThemAndIsAskedByThem) {
  EXPECT_EQ(Ask(3, 10, R"({"Topics": [{"Name": "t"}]})").at_pointer("/Topics/0/TopicId"),
            json::value(id_));
  const json::value known =
      Ask(3, 12, R"({"Topics": [{"Name": null, "TopicId": ")" + id_ + R"("}]})");
  EXPECT_EQ(known.at_pointer("/Topics/0/Name").as_string(), "t");
  EXPECT_EQ(known.at_pointer("/Topics/0/Partitions").as_array().size(), 2u);
  const json::value unknown = Ask(3, 13, R"({"Topics": [{"Name": null, "TopicId": ")" +
                                             std::string(kNobody) + R"("}]})");
  EXPECT_EQ(Number(unknown, "/Topics/0/ErrorCode"), 100);
  EXPECT_TRUE(unknown.at_pointer("/Topics/0/Name").is_null());
  EXPECT_EQ(unknown.at_pointer("/Topics/0/TopicId").as_string(), kNobody);
  EXPECT_EQ(Number(unknown, "/ErrorCode"), 0);
}

TEST_F(TopicIdsTest, MetadataTellsOperationsIfAsked) {
  const json::value told = Ask(3, 8, R"({"Topics": [{"Name": "t"}],
      "IncludeClusterAuthorizedOperations": true, "IncludeTopicAuthorizedOperations": true})");
  EXPECT_EQ(Number(told, "/Topics/0/TopicAuthorizedOperations"), 3576);
  EXPECT_EQ(Number(told, "/ClusterAuthorizedOperations"), 8096);
  const json::value untold = Ask(3, 8, R"({"Topics": [{"Name": "t"}]})");
  EXPECT_EQ(Number(untold, "/Topics/0/TopicAuthorizedOperations"), INT32_MIN);
  EXPECT_EQ(Number(untold, "/ClusterAuthorizedOperations"), INT32_MIN);
}

TEST_F(TopicIdsTest, CommittedOffsets) {
  const auto commit = [](const std::string& id, int offset) {
    return R"({"GroupId": "g", "Topics": [{"TopicId": ")" + id +
           R"(", "Partitions": [{"PartitionIndex": 1, "CommittedOffset": )" +
           std::to_string(offset) + R"(, "CommittedMetadata": null}]}]})";
  };
  constexpr std::string_view kError = "/Topics/0/Partitions/0/ErrorCode";
  EXPECT_EQ(Number(Ask(8, 10, commit(id_, 7)), kError), 0);
  EXPECT_EQ(Number(Ask(8, 10, commit(kNobody, 8)), kError), 100);

  const auto fetch = [](const std::string& id) {
    return R"({"Groups": [{"GroupId": "g", "Topics": [{"TopicId": ")" + id +
           R"(", "PartitionIndexes": [1]}]}]})";
  };
  const json::value found = Ask(9, 10, fetch(id_));
  EXPECT_EQ(Number(found, "/Groups/0/Topics/0/Partitions/0/CommittedOffset"), 7);
  EXPECT_EQ(found.at_pointer("/Groups/0/Topics/0/TopicId").as_string(), id_);
  const json::value unknown = Ask(9, 10, fetch(kNobody));
  EXPECT_EQ(Number(unknown, "/Groups/0/Topics/0/Partitions/0/ErrorCode"), 100);
  const json::value all = Ask(9, 10, R"({"Groups": [{"GroupId": "g", "Topics": null}]})");
  EXPECT_EQ(all.at_pointer("/Groups/0/Topics/0/TopicId").as_string(), id_);
  // The same offset, by the topic's name.
  const json::value by_name = Ask(9, 9, R"({"Groups": [{"GroupId": "g", "MemberId": null,
      "Topics": [{"Name": "t", "PartitionIndexes": [1]}]}]})");
  EXPECT_EQ(Number(by_name, "/Groups/0/Topics/0/Partitions/0/CommittedOffset"), 7);
}

TEST_F(TopicIdsTest, DeletedTopicIsUnknown) {
  const auto remove = [](const std::string& id) {
    return R"({"Topics": [{"Name": null, "TopicId": ")" + id + R"("}]})";
  };
  EXPECT_EQ(Number(Ask(20, 6, remove(kNobody)), "/Responses/0/ErrorCode"), 100);
  // Asked for twice, or by both, or by neither, is not asked for.
  const json::value twice = Ask(20, 6, R"({"Topics": [{"Name": "t"}, {"Name": "t"}]})");
  EXPECT_EQ(twice.at("Responses").as_array().size(), 1u);
  EXPECT_EQ(Number(twice, "/Responses/0/ErrorCode"), 42);
  const json::value both = Ask(20, 6, R"({"Topics": [{"Name": "t", "TopicId": ")" + id_ + R"("},
      {"Name": null}]})");
  EXPECT_EQ(Number(both, "/Responses/0/ErrorCode"), 42);
  EXPECT_EQ(Number(both, "/Responses/1/ErrorCode"), 42);
  const json::value removed = Ask(20, 6, remove(id_));
  EXPECT_EQ(Number(removed, "/Responses/0/ErrorCode"), 0);
  EXPECT_EQ(removed.at_pointer("/Responses/0/Name").as_string(), "t");
  EXPECT_EQ(Number(Ask(20, 6, remove(id_)), "/Responses/0/ErrorCode"), 100);
  // One of the same name is another.
  const json::value again = Ask(19, 7, R"({"Topics": [{"Name": "t", "NumPartitions": 1,
      "ReplicationFactor": 1}]})");
  EXPECT_NE(again.at_pointer("/Topics/0/TopicId").as_string(), id_);
  EXPECT_EQ(Number(Ask(1, 13, Fetch(id_, 0)), "/Responses/0/Partitions/0/ErrorCode"), 100);
}

}  // namespace
}  // namespace wherry::kafka
