// The APIs of configurations, by their rows, and what they have in force.
#include <gmock/gmock.h>

#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

constexpr std::int16_t kDescribe = 32, kAlter = 33, kCreatePartitions = 37, kIncremental = 44,
                       kList = 74;
constexpr std::int64_t kUnknownTopic = 3, kInvalidTopic = 17, kInvalidPartitions = 37,
                       kInvalidAssignment = 39, kInvalidConfig = 40, kInvalidRequest = 42;

class ConfigApisTest : public ClusterFixture {
 protected:
  ConfigApisTest() {
    On([this] {
      ASSERT_TRUE(cluster_->topics().Create("t", 2, {}, [](const absl::Status&) {}).ok());
    });
  }

  // One change of one resource; the error of its answer.
  std::int64_t Change(int type, const std::string& name, int operation, const std::string& config,
                      const std::string& value, bool validate_only = false) {
    const std::string value_json = value == "null" ? "null" : "\"" + value + "\"";
    const json::value answer =
        Ask(kIncremental, 1,
            R"({"Resources": [{"ResourceType": )" + std::to_string(type) +
                R"(, "ResourceName": ")" + name + R"(", "Configs": [{"Name": ")" + config +
                R"(", "ConfigOperation": )" + std::to_string(operation) + R"(, "Value": )" +
                value_json + R"(}]}], "ValidateOnly": )" + (validate_only ? "true" : "false") +
                "}");
    const json::value& response = answer.at("Responses").at(0);
    message_ = response.at("ErrorMessage").is_null()
                   ? ""
                   : std::string(response.at("ErrorMessage").as_string());
    return response.at("ErrorCode").as_int64();
  }
  // One configuration as it is described, with its synonyms; null: it is not.
  json::value Described(int type, const std::string& name, const std::string& config) {
    const json::value answer = Ask(
        kDescribe, 4,
        R"({"Resources": [{"ResourceType": )" + std::to_string(type) + R"(, "ResourceName": ")" +
            name + R"(", "ConfigurationKeys": [")" + config +
            R"("]}], "IncludeSynonyms": true, "IncludeDocumentation": true})");
    const json::value& result = answer.at("Results").at(0);
    EXPECT_EQ(result.at("ErrorCode").as_int64(), 0) << json::serialize(answer);
    const json::array& configs = result.at("Configs").as_array();
    return configs.empty() ? json::value() : configs.at(0);
  }
  std::string Value(int type, const std::string& name, const std::string& config) {
    const json::value described = Described(type, name, config);
    if (described.is_null() || described.at("Value").is_null()) return "(none)";
    return std::string(described.at("Value").as_string());
  }
  TopicSettings Settings() {
    TopicSettings settings;
    On([&] { settings = cluster_->topics().Find("t")->settings; });
    return settings;
  }

  std::string message_;
};

constexpr int kTopic = 2, kBroker = 4, kLogger = 8, kMetrics = 16, kGroup = 32;
constexpr int kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3;

TEST_F(ConfigApisTest, RandomMessagesOfEveryVersionReadBack) {
  wire::RandomFiller::Random random(1);
  for (const std::int16_t key : {std::int16_t{21}, kDescribe, kAlter, kCreatePartitions,
                                 kIncremental, kList}) {
    const ApiRow& row = *FindApi(key);
    for (std::int16_t version = row.min_version; version <= row.max_version; ++version) {
      const bool flexible = row.IsFlexible(version);
      for (const Schema* schema : {&row.request, &row.response}) {
        const std::string bytes = schema->random(random, version, flexible);
        const auto value = schema->decode(bytes, version, flexible);
        ASSERT_TRUE(value.ok()) << row.name << " " << version;
        EXPECT_EQ(schema->encode(*value, version, flexible).value(), bytes) << row.name;
      }
    }
  }
}

TEST_F(ConfigApisTest, ATopicsConfigurationIsInForceAtOnceAndGoesBackToItsDefault) {
  EXPECT_EQ(Value(kTopic, "t", "retention.ms"), "604800000");
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "5000"), 0);
  EXPECT_EQ(Settings().retention_ms, 5000);
  const json::value described = Described(kTopic, "t", "retention.ms");
  EXPECT_EQ(described.at("Value").as_string(), "5000");
  EXPECT_EQ(described.at("ConfigSource").as_int64(), 1);
  EXPECT_EQ(described.at("ConfigType").as_int64(), 5);
  EXPECT_FALSE(described.at("Documentation").as_string().empty());
  EXPECT_EQ(json::serialize(described.at("Synonyms")),
            R"([{"Name":"retention.ms","Value":"5000","Source":1}])");
  EXPECT_EQ(Change(kTopic, "t", kDelete, "retention.ms", "null"), 0);
  EXPECT_EQ(Settings().retention_ms, 604'800'000);
  EXPECT_EQ(Described(kTopic, "t", "retention.ms").at("ConfigSource").as_int64(), 5);
}

TEST_F(ConfigApisTest, ListsAreAppendedToAndSubtractedFrom) {
  EXPECT_EQ(Change(kTopic, "t", kAppend, "cleanup.policy", "compact"), 0);
  EXPECT_EQ(Value(kTopic, "t", "cleanup.policy"), "delete,compact");
  EXPECT_TRUE(Settings().compact);
  EXPECT_TRUE(Settings().delete_old);
  EXPECT_EQ(Change(kTopic, "t", kAppend, "cleanup.policy", "compact"), 0);
  EXPECT_EQ(Value(kTopic, "t", "cleanup.policy"), "delete,compact");
  EXPECT_EQ(Change(kTopic, "t", kSubtract, "cleanup.policy", "delete"), 0);
  EXPECT_EQ(Value(kTopic, "t", "cleanup.policy"), "compact");
  EXPECT_EQ(Change(kTopic, "t", kAppend, "retention.ms", "1"), kInvalidConfig);
  EXPECT_THAT(message_, HasSubstr("its type is not LIST"));
}

TEST_F(ConfigApisTest, WhatCannotBeIsRefusedAndChangesNothing) {
  EXPECT_EQ(Change(kTopic, "t", kSet, "no.such", "1"), kInvalidConfig);
  EXPECT_EQ(message_, "Unknown topic config name: no.such");
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "-2"), kInvalidConfig);
  EXPECT_EQ(message_,
            "Invalid value -2 for configuration retention.ms: Value must be at least -1");
  EXPECT_EQ(Change(kTopic, "t", kSet, "cleanup.policy", "shred"), kInvalidConfig);
  EXPECT_EQ(Change(kTopic, "t", kSet, "min.cleanable.dirty.ratio", "1.5"), kInvalidConfig);
  EXPECT_EQ(Change(kTopic, "t", kSet, "preallocate", "perhaps"), kInvalidConfig);
  EXPECT_EQ(Change(kTopic, "t", kSet, "max.message.bytes", "2147483648"), kInvalidConfig);
  EXPECT_EQ(Change(kTopic, "t", kSet, "remote.storage.enable", "true"), kInvalidConfig);
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "null"), kInvalidRequest);
  EXPECT_EQ(Change(kTopic, "t", 9, "retention.ms", "1"), kInvalidRequest);
  EXPECT_EQ(Change(kTopic, "nobody", kSet, "retention.ms", "1"), kUnknownTopic);
  EXPECT_EQ(Change(kTopic, "no name!", kSet, "retention.ms", "1"), kInvalidTopic);
  EXPECT_EQ(Change(kTopic, "", kSet, "retention.ms", "1"), kInvalidRequest);
  EXPECT_EQ(Change(kLogger, "1", kSet, "root", "DEBUG"), kInvalidRequest);
  EXPECT_EQ(Change(77, "t", kSet, "a", "1"), kInvalidRequest);
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", std::string(70'000, '1')), kInvalidConfig);
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "7", true), 0);
  EXPECT_EQ(Settings().retention_ms, 604'800'000);
}

TEST_F(ConfigApisTest, TheLagsOfCompactionMustFitTogether) {
  EXPECT_EQ(Change(kTopic, "t", kSet, "min.compaction.lag.ms", "5000"), 0);
  EXPECT_EQ(Change(kTopic, "t", kSet, "max.compaction.lag.ms", "4999"), kInvalidConfig);
  EXPECT_THAT(message_, HasSubstr("min.compaction.lag.ms (5000) > max.compaction.lag.ms (4999)"));
}

TEST_F(ConfigApisTest, AlterConfigsReplacesAllThatIsSet) {
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "5000"), 0);
  EXPECT_THAT(AskText(kAlter, 2, R"({"Resources": [{"ResourceType": 2, "ResourceName": "t",
                  "Configs": [{"Name": "segment.ms", "Value": "77"}]}]})"),
              HasSubstr(R"("ErrorCode":0)"));
  EXPECT_EQ(Settings().retention_ms, 604'800'000);
  EXPECT_EQ(Settings().segment_ms, 77);
  const std::string twice = AskText(kAlter, 0, R"({"Resources": [
      {"ResourceType": 2, "ResourceName": "t", "Configs": []},
      {"ResourceType": 2, "ResourceName": "t", "Configs": []}]})");
  EXPECT_THAT(twice, HasSubstr("Each resource must appear at most once."));
  EXPECT_EQ(Settings().segment_ms, 77);
}

TEST_F(ConfigApisTest, TopicsFollowTheBrokersConfigurations) {
  EXPECT_EQ(Change(kBroker, "", kSet, "log.retention.ms", "1000"), 0);
  EXPECT_EQ(Settings().retention_ms, 1000);
  EXPECT_EQ(Described(kTopic, "t", "retention.ms").at("ConfigSource").as_int64(), 3);
  EXPECT_EQ(Change(kBroker, "1", kSet, "log.retention.ms", "2000"), 0);
  EXPECT_EQ(Settings().retention_ms, 2000);
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "3000"), 0);
  EXPECT_EQ(Settings().retention_ms, 3000);
  EXPECT_EQ(json::serialize(Described(kTopic, "t", "retention.ms").at("Synonyms")),
            R"([{"Name":"retention.ms","Value":"3000","Source":1},)"
            R"({"Name":"log.retention.ms","Value":"2000","Source":2},)"
            R"({"Name":"log.retention.ms","Value":"1000","Source":3},)"
            R"({"Name":"log.retention.hours","Value":"168","Source":5}])");
  EXPECT_EQ(json::serialize(Described(kTopic, "t", "segment.bytes").at("Synonyms")),
            R"([{"Name":"log.segment.bytes","Value":"1073741824","Source":5}])");
  // Of the whole cluster only what is set is described.
  const json::value all = Ask(kDescribe, 1, R"({"Resources": [{"ResourceType": 4,
      "ResourceName": "", "ConfigurationKeys": null}]})");
  EXPECT_EQ(all.at("Results").at(0).at("Configs").as_array().size(), 1u);
}

TEST_F(ConfigApisTest, TheBrokersFixedConfigurationsCannotBeChanged) {
  EXPECT_EQ(Change(kBroker, "1", kSet, "num.partitions", "3"), kInvalidRequest);
  EXPECT_EQ(message_, "Cannot update these configs dynamically: Set(num.partitions)");
  EXPECT_EQ(Change(kBroker, "2", kSet, "log.retention.ms", "3"), kInvalidRequest);
  EXPECT_EQ(message_, "Unexpected broker id, expected 1, but received 2");
  EXPECT_EQ(Change(kBroker, "one", kSet, "log.retention.ms", "3"), kInvalidRequest);
  EXPECT_EQ(Change(kBroker, "1", kSet, "log.retention.ms", "soon"), kInvalidRequest);
  const json::value described = Described(kBroker, "1", "num.partitions");
  EXPECT_EQ(described.at("Value").as_string(), "1");
  EXPECT_TRUE(described.at("ReadOnly").as_bool());
  EXPECT_EQ(described.at("ConfigSource").as_int64(), 4);
  // What nobody knows is kept, as by Kafka, and its value is not told.
  EXPECT_EQ(Change(kBroker, "1", kSet, "my.own", "secret"), 0);
  const json::value unknown = Described(kBroker, "1", "my.own");
  EXPECT_TRUE(unknown.at("IsSensitive").as_bool());
  EXPECT_TRUE(unknown.at("Value").is_null());
}

TEST_F(ConfigApisTest, GroupsAndMetricsHaveConfigurations) {
  EXPECT_EQ(Value(kGroup, "g", "consumer.session.timeout.ms"), "45000");
  EXPECT_EQ(Change(kGroup, "g", kSet, "consumer.session.timeout.ms", "6000"), 0);
  EXPECT_EQ(Value(kGroup, "g", "consumer.session.timeout.ms"), "6000");
  On([this] {
    EXPECT_EQ(cluster_->configurations().GroupNumber("g", "consumer.session.timeout.ms"), 6000);
    EXPECT_EQ(cluster_->configurations().GroupNumber("h", "consumer.session.timeout.ms"), 45000);
  });
  EXPECT_EQ(Change(kGroup, "g", kSet, "consumer.session.timeout.ms", "5000"), kInvalidConfig);
  EXPECT_EQ(Change(kGroup, "g", kSet, "retention.ms", "1"), kInvalidConfig);
  EXPECT_EQ(message_, "Unknown group config name: retention.ms");
  EXPECT_EQ(Change(kGroup, "", kSet, "share.auto.offset.reset", "earliest"), kInvalidRequest);
  EXPECT_EQ(Change(kGroup, "g", kSet, "share.auto.offset.reset", "earliest"), 0);
  EXPECT_EQ(Change(kMetrics, "m", kSet, "interval.ms", "99"), kInvalidConfig);
  EXPECT_EQ(Change(kMetrics, "m", kSet, "match", "client_id=a.*"), 0);
  EXPECT_EQ(Change(kMetrics, "m", kAppend, "match", "shoe_size=44"), kInvalidConfig);

  EXPECT_EQ(AskText(kList, 0, "{}"),
            R"({"ThrottleTimeMs":0,"ErrorCode":0,"ConfigResources":[{"ResourceName":"m"}]})");
  EXPECT_THAT(AskText(kList, 1, R"({"ResourceTypes": [32, 2]})"),
              AllOf(HasSubstr(R"({"ResourceName":"g","ResourceType":32})"),
                    HasSubstr(R"({"ResourceName":"t","ResourceType":2})"),
                    Not(HasSubstr(R"("ResourceType":16)"))));
  EXPECT_THAT(AskText(kList, 1, R"({"ResourceTypes": []})"),
              AllOf(HasSubstr(R"({"ResourceName":"1","ResourceType":4})"),
                    HasSubstr(R"({"ResourceName":"m","ResourceType":16})")));
  EXPECT_THAT(AskText(kList, 1, R"({"ResourceTypes": [3]})"), HasSubstr(R"("ErrorCode":35)"));
}

TEST_F(ConfigApisTest, WhatIsSetSurvivesARestart) {
  EXPECT_EQ(Change(kTopic, "t", kSet, "retention.ms", "5000"), 0);
  EXPECT_EQ(Change(kGroup, "g", kSet, "share.auto.offset.reset", "earliest"), 0);
  EXPECT_EQ(Change(kBroker, "", kSet, "log.segment.bytes", "2000000"), 0);
  EXPECT_EQ(Change(kGroup, "h", kSet, "share.auto.offset.reset", "earliest"), 0);
  EXPECT_EQ(Change(kGroup, "h", kDelete, "share.auto.offset.reset", "null"), 0);
  On([this] {
    cluster_.reset();
    cluster_ = Cluster::Open({"default"}, {},
                             {store_, commits_, reader_, budget_, tails_, shard_, nullptr})
                   .value();
    EXPECT_EQ(cluster_->configurations().all().size(), 2u);
  });
  EXPECT_EQ(Settings().retention_ms, 5000);
  EXPECT_EQ(Settings().segment_bytes, 2'000'000);
  EXPECT_EQ(Value(kGroup, "g", "share.auto.offset.reset"), "earliest");
}

TEST_F(ConfigApisTest, PartitionsAreAdded) {
  const auto create = [this](const std::string& topic) {
    const json::value answer =
        Ask(kCreatePartitions, 2, R"({"Topics": [)" + topic + R"(], "TimeoutMs": 1000})");
    return answer.at("Results").at(0).at("ErrorCode").as_int64();
  };
  EXPECT_EQ(create(R"({"Name": "t", "Count": 5, "Assignments": null})"), 0);
  On([this] { EXPECT_EQ(cluster_->topics().Find("t")->partitions.size(), 5u); });
  EXPECT_EQ(create(R"({"Name": "t", "Count": 5, "Assignments": null})"), kInvalidPartitions);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 4, "Assignments": null})"), kInvalidPartitions);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 20000, "Assignments": null})"), kInvalidPartitions);
  EXPECT_EQ(create(R"({"Name": "no", "Count": 4, "Assignments": null})"), kUnknownTopic);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 7, "Assignments": [{"BrokerIds": [1]}]})"),
            kInvalidAssignment);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 6, "Assignments": [{"BrokerIds": []}]})"),
            kInvalidAssignment);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 6, "Assignments": [{"BrokerIds": [1, 1]}]})"),
            kInvalidAssignment);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 6, "Assignments": [{"BrokerIds": [1]}]})"), 0);
  EXPECT_EQ(create(R"({"Name": "t", "Count": 8, "Assignments": null},
                      {"Name": "t", "Count": 9, "Assignments": null})"),
            kInvalidRequest);
  // They are there after a restart, with what was written to them.
  On([this] {
    cluster_.reset();
    cluster_ = Cluster::Open({"default"}, {},
                             {store_, commits_, reader_, budget_, tails_, shard_, nullptr})
                   .value();
    EXPECT_EQ(cluster_->topics().Find("t")->partitions.size(), 6u);
  });
}

}  // namespace
}  // namespace wherry::kafka
