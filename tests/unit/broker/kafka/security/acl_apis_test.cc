// What clients may ask for where there is an authorizer, through the rows of the APIs.
#include <set>

#include <gmock/gmock.h>

#include "broker/kafka/security/authorizer.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

ClusterOptions WithAuthorizer() {
  ClusterOptions options;
  options.security =
      SecuritySettings::Make({.authorizer = true, .super_users = {"User:admin"}}).value();
  return options;
}

class AclApisTest : public ClusterFixture {
 protected:
  AclApisTest() : ClusterFixture(WithAuthorizer()) {
    On([this] {
      for (const char* topic : {"ours", "theirs"}) {
        ASSERT_TRUE(cluster_->topics().Create(topic, 1, {}, [](const absl::Status&) {}).ok());
      }
    });
    Be("ann");
  }

  void Be(const std::string& user) { client_.principal = Principal::User(user); }
  // 2 topic, 3 group, 4 cluster, 5 transactional id. Does it as the super user.
  void Allow(int type, const std::string& name, AclOperation operation, int permission = 3) {
    const Principal who = std::exchange(client_.principal, Principal::User("admin"));
    const json::value answer =
        Ask(30, 1, absl::StrCat(R"({"Creations": [{"ResourceType": )", type,
                                R"(, "ResourceName": ")", name,
                                R"(", "Principal": "User:ann", "Host": "*", "Operation": )",
                                static_cast<int>(operation), R"(, "PermissionType": )", permission,
                                "}]}"));
    EXPECT_EQ(answer.at("Results").at(0).at("ErrorCode").as_int64(), 0);
    client_.principal = who;
  }
  std::int64_t ErrorOf(const json::value& message, const char* name = "ErrorCode") {
    return message.at(name).as_int64();
  }
};

TEST_F(AclApisTest, WhatEachApiNeedsIsSaid) {
  for (const ApiRow* row : ApiTable()) {
    EXPECT_NE(NeedsOf(row->key), nullptr)
        << row->name << ": say in security/needs.cc what a client must be allowed to do";
  }
}

TEST_F(AclApisTest, OnlyTheDeniedTopicsAreRefused) {
  Allow(2, "ours", AclOperation::kDelete);
  const json::value deleted = Ask(20, 1, R"({"TopicNames": ["theirs", "ours", "nobodys"]})");
  const json::array& responses = deleted.at("Responses").as_array();
  ASSERT_EQ(responses.size(), 3u);
  EXPECT_EQ(responses[0].at("Name").as_string(), "ours");
  EXPECT_EQ(ErrorOf(responses[0]), 0);
  EXPECT_EQ(responses[1].at("Name").as_string(), "theirs");
  EXPECT_EQ(ErrorOf(responses[1]), 29);
  EXPECT_EQ(ErrorOf(responses[2]), 29);
  On([this] {
    EXPECT_EQ(cluster_->topics().Find("ours"), nullptr);
    EXPECT_NE(cluster_->topics().Find("theirs"), nullptr);
  });
}

TEST_F(AclApisTest, NoneOfThemIsHandledIfAllAreDenied) {
  EXPECT_THAT(AskText(20, 6, R"({"Topics": [{"Name": "theirs"}, {"Name": "ours"}]})"),
              Not(HasSubstr(R"("ErrorCode":0)")));
  On([this] { EXPECT_NE(cluster_->topics().Find("theirs"), nullptr); });
}

TEST_F(AclApisTest, ATopicIsCreatedByWhoMayCreateItOrAny) {
  const std::string request =
      R"({"Topics": [{"Name": "a", "NumPartitions": 1, "ReplicationFactor": 1},
                     {"Name": "b", "NumPartitions": 1, "ReplicationFactor": 1}]})";
  EXPECT_EQ(ErrorOf(Ask(19, 2, request).at("Topics").at(0)), 29);
  Allow(2, "a", AclOperation::kCreate);
  const json::value some = Ask(19, 2, request);
  EXPECT_EQ(ErrorOf(some.at("Topics").at(0)), 0);
  EXPECT_EQ(ErrorOf(some.at("Topics").at(1)), 29);
  Allow(4, "kafka-cluster", AclOperation::kCreate);
  const json::value all = Ask(19, 2, request);
  EXPECT_EQ(ErrorOf(all.at("Topics").at(0)), 36);
  EXPECT_EQ(ErrorOf(all.at("Topics").at(1)), 0);
}

TEST_F(AclApisTest, MetadataShowsWhatMayBeDescribed) {
  EXPECT_THAT(AskText(3, 1, R"({"Topics": null})"), Not(HasSubstr("ours")));
  Allow(2, "ours", AclOperation::kRead);
  const std::string all = AskText(3, 1, R"({"Topics": null})");
  EXPECT_THAT(all, HasSubstr("ours"));
  EXPECT_THAT(all, Not(HasSubstr("theirs")));
  const json::value named = Ask(
      3, 8, R"({"Topics": [{"Name": "theirs"}, {"Name": "ours"}, {"Name": "new"}],
                "AllowAutoTopicCreation": true, "IncludeTopicAuthorizedOperations": true,
                "IncludeClusterAuthorizedOperations": true})");
  for (const json::value& topic : named.at("Topics").as_array()) {
    const bool ours = topic.at("Name").as_string() == "ours";
    EXPECT_EQ(ErrorOf(topic), ours ? 0 : 29) << topic.at("Name").as_string();
    // To read, and so to describe.
    if (!ours) continue;
    EXPECT_EQ(topic.at("TopicAuthorizedOperations").as_int64(), 1 << 3 | 1 << 8);
  }
  EXPECT_EQ(named.at("ClusterAuthorizedOperations").as_int64(), 0);
  On([this] { EXPECT_EQ(cluster_->topics().Find("new"), nullptr); });
  Allow(2, "new", AclOperation::kDescribe);
  Allow(2, "new", AclOperation::kCreate);
  Ask(3, 8, R"({"Topics": [{"Name": "new"}], "AllowAutoTopicCreation": true})");
  On([this] { EXPECT_NE(cluster_->topics().Find("new"), nullptr); });
}

TEST_F(AclApisTest, AGroupIsOneOfItsOwn) {
  EXPECT_EQ(ErrorOf(Ask(10, 2, R"({"Key": "g"})")), 30);
  EXPECT_EQ(ErrorOf(Ask(12, 1, R"({"GroupId": "g", "MemberId": "m"})")), 30);
  Allow(3, "g", AclOperation::kRead);
  EXPECT_EQ(ErrorOf(Ask(10, 2, R"({"Key": "g"})")), 0);
  EXPECT_EQ(ErrorOf(Ask(12, 1, R"({"GroupId": "g", "MemberId": "m"})")), 25);
  const json::value coordinators = Ask(10, 4, R"({"CoordinatorKeys": ["h", "g"]})");
  EXPECT_EQ(ErrorOf(coordinators.at("Coordinators").at(0)), 0);
  EXPECT_EQ(ErrorOf(coordinators.at("Coordinators").at(1)), 30);
  EXPECT_EQ(ErrorOf(Ask(10, 2, R"({"Key": "tx", "KeyType": 1})")), 53);
  const json::value described = Ask(15, 1, R"({"Groups": ["h", "g"]})");
  EXPECT_EQ(ErrorOf(described.at("Groups").at(0)), 0);
  EXPECT_EQ(ErrorOf(described.at("Groups").at(1)), 30);
}

TEST_F(AclApisTest, OffsetsAreOfAGroupAndOfTopics) {
  const std::string commit =
      R"({"GroupId": "g", "Topics": [
          {"Name": "theirs", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]},
          {"Name": "ours", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}]})";
  const auto error = [](const json::value& response, std::size_t topic) {
    return response.at("Topics").at(topic).at("Partitions").at(0).at("ErrorCode").as_int64();
  };
  EXPECT_EQ(error(Ask(8, 2, commit), 0), 30);
  Allow(3, "g", AclOperation::kRead);
  Allow(2, "ours", AclOperation::kRead);
  const json::value committed = Ask(8, 2, commit);
  EXPECT_EQ(error(committed, 0), 0);
  EXPECT_EQ(error(committed, 1), 29);
  const std::string named =
      AskText(9, 5, R"({"GroupId": "g", "Topics": [{"Name": "theirs", "PartitionIndexes": [0]},
                                                   {"Name": "ours", "PartitionIndexes": [0]}]})");
  EXPECT_THAT(named, HasSubstr(R"("ErrorCode":29)"));
  EXPECT_THAT(named, HasSubstr(R"("CommittedOffset":1)"));
  EXPECT_THAT(AskText(9, 5, R"({"GroupId": "h", "Topics": null})"), HasSubstr(R"("ErrorCode":30)"));
}

TEST_F(AclApisTest, ConfigurationsAreOfWhatTheyConfigure) {
  Allow(2, "ours", AclOperation::kDescribeConfigs);
  const json::value described =
      Ask(32, 1, R"({"Resources": [{"ResourceType": 2, "ResourceName": "ours"},
                                   {"ResourceType": 2, "ResourceName": "theirs"},
                                   {"ResourceType": 4, "ResourceName": "1"}]})");
  std::map<std::string, std::int64_t> errors;
  for (const json::value& result : described.at("Results").as_array()) {
    errors[std::string(result.at("ResourceName").as_string())] = ErrorOf(result);
  }
  EXPECT_EQ(errors, (std::map<std::string, std::int64_t>{{"ours", 0}, {"theirs", 29}, {"1", 31}}));
}

TEST_F(AclApisTest, ProducersWriteIdempotentlyIfTheyMayWriteAtAll) {
  const std::string request = R"({"TransactionalId": null, "TransactionTimeoutMs": 1000})";
  EXPECT_EQ(ErrorOf(Ask(22, 0, request)), 31);
  Allow(2, "ours", AclOperation::kWrite);
  EXPECT_EQ(ErrorOf(Ask(22, 0, request)), 0);
  EXPECT_EQ(ErrorOf(Ask(22, 0, R"({"TransactionalId": "tx", "TransactionTimeoutMs": 1000})")), 53);
}

TEST_F(AclApisTest, AclsThemselvesAreTheClusters) {
  const std::string filter =
      R"({"ResourceTypeFilter": 1, "ResourceNameFilter": null, "PatternTypeFilter": 1,
          "PrincipalFilter": null, "HostFilter": null, "Operation": 1, "PermissionType": 1})";
  EXPECT_EQ(ErrorOf(Ask(29, 1, filter)), 31);
  Allow(2, "ours", AclOperation::kRead);
  Allow(4, "kafka-cluster", AclOperation::kDescribe);
  const json::value described = Ask(29, 2, filter);
  EXPECT_EQ(described.at("Resources").as_array().size(), 2u);
  const std::string deletion = R"({"Filters": [)" + filter + "]}";
  EXPECT_EQ(ErrorOf(Ask(31, 1, deletion).at("FilterResults").at(0)), 31);
  Allow(4, "kafka-cluster", AclOperation::kAlter);
  const json::value deleted = Ask(31, 3, deletion);
  EXPECT_EQ(deleted.at("FilterResults").at(0).at("MatchingAcls").as_array().size(), 3u);
  EXPECT_EQ(ErrorOf(Ask(29, 1, filter)), 31);
}

TEST_F(AclApisTest, AnEntryThatCannotBeIsRefusedByItself) {
  Be("admin");
  const json::value created = Ask(30, 1, R"({"Creations": [
      {"ResourceType": 4, "ResourceName": "x", "Principal": "User:a", "Host": "*", "Operation": 3,
       "PermissionType": 3},
      {"ResourceType": 2, "ResourceName": "t", "Principal": "nobody", "Host": "*", "Operation": 3,
       "PermissionType": 3},
      {"ResourceType": 2, "ResourceName": "t", "ResourcePatternType": 2, "Principal": "User:a",
       "Host": "*", "Operation": 3, "PermissionType": 3},
      {"ResourceType": 2, "ResourceName": "t", "Principal": "User:a", "Host": "*", "Operation": 1,
       "PermissionType": 3},
      {"ResourceType": 2, "ResourceName": "t", "Principal": "User:a", "Host": "*", "Operation": 3,
       "PermissionType": 3}]})");
  const json::array& results = created.at("Results").as_array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(ErrorOf(results[i]), i == 4 ? 0 : 42) << i;
  }
}

class NoAuthorizerTest : public ClusterFixture {};

TEST_F(NoAuthorizerTest, ThereAreNoAcls) {
  const std::string filter =
      R"({"ResourceTypeFilter": 1, "ResourceNameFilter": null, "PatternTypeFilter": 1,
          "PrincipalFilter": null, "HostFilter": null, "Operation": 1, "PermissionType": 1})";
  EXPECT_THAT(AskText(29, 1, filter), HasSubstr("No Authorizer is configured."));
  EXPECT_THAT(AskText(31, 1, R"({"Filters": [)" + filter + "]}"), HasSubstr(R"("ErrorCode":54)"));
  EXPECT_THAT(AskText(30, 1, R"({"Creations": [{"ResourceType": 2, "ResourceName": "t",
      "Principal": "User:a", "Host": "*", "Operation": 3, "PermissionType": 3}]})"),
              HasSubstr(R"("ErrorCode":54)"));
}

}  // namespace
}  // namespace wherry::kafka
