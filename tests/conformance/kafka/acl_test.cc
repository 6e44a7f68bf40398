// Stock clients where there is an authorizer: what they may do, and what they are told if not.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_security.h"
#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/temp_folder.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr auto kOk = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr auto kTopicDenied = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;

using Filter = std::unique_ptr<rd_kafka_AclBindingFilter_t, void (*)(rd_kafka_AclBinding_t*)>;

Settings As(const std::string& user) { return Sasl("PLAIN", user, "s3cret"); }

class KafkaAclTest : public ::testing::TestWithParam<bool> {
 protected:
  KafkaAclTest() {
    security_.users = {{"admin", "s3cret", ""}, {"ann", "s3cret", ""}, {"bob", "s3cret", ""}};
    security_.authorizer = true;
    security_.super_users = {"User:admin"};
    if (GetParam()) options_.data_dir = folder_.File("data");
    broker_ = StartSecured(security_, {"kafka+sasl_plaintext"}, options_);
  }
  std::string address() const { return broker_->Address("kafka+sasl_plaintext"); }

  // As `user`; what it is answered.
  rd_kafka_resp_err_t Allow(const std::string& user, rd_kafka_ResourceType_t type,
                            const std::string& name, rd_kafka_AclOperation_t operation,
                            rd_kafka_ResourcePatternType_t pattern =
                                RD_KAFKA_RESOURCE_PATTERN_LITERAL) {
    std::array<char, 256> error{};
    Producer client(address(), As(user));
    rd_kafka_AclBinding_t* entry =
        rd_kafka_AclBinding_new(type, name.c_str(), pattern, "User:ann", "*", operation,
                                RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error.data(), error.size());
    EXPECT_NE(entry, nullptr) << error.data();
    rd_kafka_queue_t* const queue = rd_kafka_queue_new(client.client());
    rd_kafka_CreateAcls(client.client(), &entry, 1, nullptr, queue);
    rd_kafka_event_t* const event =
        rd_kafka_queue_poll(queue, static_cast<int>(kPatience.count()));
    rd_kafka_resp_err_t result = RD_KAFKA_RESP_ERR__TIMED_OUT;
    std::size_t count = 0;
    if (event != nullptr) {
      const auto* const* results = rd_kafka_CreateAcls_result_acls(
          rd_kafka_event_CreateAcls_result(event), &count);
      result = count == 1 ? rd_kafka_error_code(rd_kafka_acl_result_error(results[0]))
                          : rd_kafka_event_error(event);
      rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AclBinding_destroy(entry);
    return result;
  }

  static Filter Everything() {
    std::array<char, 256> error{};
    return {rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, nullptr,
                                          RD_KAFKA_RESOURCE_PATTERN_ANY, nullptr, nullptr,
                                          RD_KAFKA_ACL_OPERATION_ANY,
                                          RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error.data(),
                                          error.size()),
            rd_kafka_AclBinding_destroy};
  }
  // The names of the resources that entries speak of.
  std::vector<std::string> DescribeAcls() {
    Producer client(address(), As("admin"));
    const Filter filter = Everything();
    rd_kafka_queue_t* const queue = rd_kafka_queue_new(client.client());
    rd_kafka_DescribeAcls(client.client(), filter.get(), nullptr, queue);
    rd_kafka_event_t* const event =
        rd_kafka_queue_poll(queue, static_cast<int>(kPatience.count()));
    std::vector<std::string> names;
    std::size_t count = 0;
    const auto* const* acls =
        rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &count);
    for (std::size_t i = 0; i < count; ++i) names.emplace_back(rd_kafka_AclBinding_name(acls[i]));
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    return names;
  }
  std::size_t DeleteAcls() {
    Producer client(address(), As("admin"));
    const Filter filter = Everything();
    rd_kafka_AclBindingFilter_t* filters = filter.get();
    rd_kafka_queue_t* const queue = rd_kafka_queue_new(client.client());
    rd_kafka_DeleteAcls(client.client(), &filters, 1, nullptr, queue);
    rd_kafka_event_t* const event =
        rd_kafka_queue_poll(queue, static_cast<int>(kPatience.count()));
    std::size_t count = 0, deleted = 0;
    const auto* const* responses = rd_kafka_DeleteAcls_result_responses(
        rd_kafka_event_DeleteAcls_result(event), &count);
    if (count == 1) rd_kafka_DeleteAcls_result_response_matching_acls(responses[0], &deleted);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    return deleted;
  }

  rd_kafka_resp_err_t Produce(const std::string& user, const std::string& topic) {
    Settings settings = As(user);
    Producer producer(address(), settings);
    producer.Send(topic, "k", "v");
    const std::vector<Delivery> deliveries = producer.Flush();
    return deliveries.empty() ? RD_KAFKA_RESP_ERR__TIMED_OUT : deliveries[0].error;
  }
  // What `user` reads first of the topic, as a member of the group; or the error that it gets.
  std::pair<std::optional<std::string>, rd_kafka_resp_err_t> Consume(const std::string& user,
                                                                     const std::string& group,
                                                                     const std::string& topic) {
    Settings settings = As(user);
    settings.emplace_back("auto.offset.reset", "earliest");
    Consumer consumer(address(), group, settings);
    consumer.Subscribe(topic);
    const Deadline deadline;
    while (!deadline.Passed() && consumer.errors().empty()) {
      const auto record = consumer.Next(std::chrono::milliseconds(200));
      if (record.has_value()) return {record->value, kOk};
    }
    return {std::nullopt, consumer.errors().empty() ? RD_KAFKA_RESP_ERR__TIMED_OUT
                                                    : consumer.errors().front()};
  }

  TempFolder folder_;
  KafkaSecurityOptions security_;
  Options options_;
  std::optional<Broker> broker_;
};

TEST_P(KafkaAclTest, ProducersAndConsumersNeedLeave) {
  ASSERT_TRUE(broker_.has_value());
  ASSERT_EQ(Produce("admin", "orders"), kOk);
  EXPECT_EQ(Produce("ann", "orders"), kTopicDenied);
  EXPECT_EQ(Allow("admin", RD_KAFKA_RESOURCE_TOPIC, "orders", RD_KAFKA_ACL_OPERATION_WRITE), kOk);
  EXPECT_EQ(Produce("ann", "orders"), kOk);
  EXPECT_EQ(Produce("bob", "orders"), kTopicDenied);

  EXPECT_EQ(Consume("ann", "g", "orders").second, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  EXPECT_EQ(Allow("admin", RD_KAFKA_RESOURCE_GROUP, "g", RD_KAFKA_ACL_OPERATION_READ), kOk);
  EXPECT_EQ(Consume("ann", "g", "orders").second, kTopicDenied);
  EXPECT_EQ(Allow("admin", RD_KAFKA_RESOURCE_TOPIC, "ord", RD_KAFKA_ACL_OPERATION_READ,
                  RD_KAFKA_RESOURCE_PATTERN_PREFIXED),
            kOk);
  EXPECT_EQ(Consume("ann", "g", "orders").first, "v");
}

TEST_P(KafkaAclTest, TopicsAreSeenByWhoMayDescribeThem) {
  ASSERT_TRUE(broker_.has_value());
  ASSERT_EQ(Produce("admin", "orders"), kOk);
  EXPECT_THAT(TopicsSeenBy(address(), As("ann")), Optional(IsEmpty()));
  EXPECT_EQ(Allow("admin", RD_KAFKA_RESOURCE_TOPIC, "orders", RD_KAFKA_ACL_OPERATION_DESCRIBE),
            kOk);
  EXPECT_THAT(TopicsSeenBy(address(), As("ann")), Optional(ElementsAre("orders")));
}

TEST_P(KafkaAclTest, EntriesAreTheAdministratorsAndAreKept) {
  ASSERT_TRUE(broker_.has_value());
  EXPECT_EQ(Allow("ann", RD_KAFKA_RESOURCE_TOPIC, "orders", RD_KAFKA_ACL_OPERATION_READ),
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  EXPECT_EQ(Allow("admin", RD_KAFKA_RESOURCE_TOPIC, "orders", RD_KAFKA_ACL_OPERATION_READ), kOk);
  EXPECT_EQ(Allow("admin", RD_KAFKA_RESOURCE_GROUP, "g", RD_KAFKA_ACL_OPERATION_READ), kOk);
  EXPECT_THAT(DescribeAcls(), ElementsAre("orders", "g"));
  if (GetParam()) {
    ASSERT_TRUE(broker_->Restart().ok());
    EXPECT_THAT(DescribeAcls(), ElementsAre("orders", "g"));
  }
  EXPECT_EQ(DeleteAcls(), 2u);
  EXPECT_THAT(DescribeAcls(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaAclTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Disk" : "Memory"; });

// A certificate's subject is the principal.
TEST(KafkaAclOfCertificateTest, TheSubjectIsThePrincipal) {
  TempFolder folder;
  const Certificate authority = Certificate::Authority("test");
  const Certificate server =
      authority.Issue({{{"CN", "localhost"}}, "DNS:localhost,IP:127.0.0.1"});
  const Certificate client = authority.Issue({{{"C", "DE"}, {"O", "a, b"}, {"CN", "ann"}}, ""});
  authority.WriteCertificate(folder.File("ca.pem"));
  server.WriteCertificate(folder.File("server.pem"));
  server.WriteKey(folder.File("server.key"));
  client.WriteCertificate(folder.File("client.pem"));
  client.WriteKey(folder.File("client.key"));
  KafkaSecurityOptions security;
  security.tls = TlsOptions{.cert_file = folder.File("server.pem"),
                            .key_file = folder.File("server.key"),
                            .ca_file = folder.File("ca.pem")};
  security.client_auth = KafkaClientAuth::kRequested;
  security.authorizer = true;
  security.super_users = {R"(User:CN=ann,O=a\, b,C=DE)"};
  auto broker = StartSecured(security, {"kafka+ssl"});
  ASSERT_TRUE(broker.has_value());
  const std::string address = broker->Address("kafka+ssl");
  ASSERT_TRUE(broker->kafka().CreateTopic("orders").ok());
  const Settings nobody = {{"security.protocol", "ssl"},
                           {"ssl.ca.location", folder.File("ca.pem")}};
  EXPECT_THAT(TopicsSeenBy(address, nobody), Optional(IsEmpty()));
  Settings ann = nobody;
  ann.emplace_back("ssl.certificate.location", folder.File("client.pem"));
  ann.emplace_back("ssl.key.location", folder.File("client.key"));
  EXPECT_THAT(TopicsSeenBy(address, ann), Optional(ElementsAre("orders")));
}

}  // namespace
}  // namespace wherry::conformance
