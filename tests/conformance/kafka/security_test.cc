// Stock clients that speak TLS or say who they are (SASL), at listeners that want it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_security.h"
#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/temp_folder.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

// What it takes to be told no.
constexpr rd_kafka_resp_err_t kAuthentication = RD_KAFKA_RESP_ERR__AUTHENTICATION;
constexpr rd_kafka_resp_err_t kSsl = RD_KAFKA_RESP_ERR__SSL;

void ExpectProducesAndConsumes(const std::string& bootstrap, const Settings& settings) {
  Producer producer(bootstrap, settings);
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  Consumer consumer(bootstrap, "g", settings);
  consumer.Assign("orders", 0);
  const auto record = consumer.Next();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->value, "v");
}

// With TLS 1.3 a client has sent its first request when its certificate is looked at; whether it
// meets the alert or the closed connection first is chance.
const auto kRefusedInTls = ::testing::AnyOf(kSsl, RD_KAFKA_RESP_ERR__TRANSPORT);

class KafkaTlsTest : public ::testing::Test {
 protected:
  KafkaSecurityOptions Security(KafkaClientAuth client_auth = KafkaClientAuth::kNone) const {
    KafkaSecurityOptions security;
    security.tls = TlsOptions{
        .cert_file = files_.server, .key_file = files_.server_key, .ca_file = files_.ca};
    security.client_auth = client_auth;
    return security;
  }
  Settings Ssl() const {
    return {{"security.protocol", "ssl"}, {"ssl.ca.location", files_.ca}};
  }
  Settings With(const std::string& certificate, const std::string& key) const {
    Settings settings = Ssl();
    settings.emplace_back("ssl.certificate.location", certificate);
    settings.emplace_back("ssl.key.location", key);
    return settings;
  }

  TempFolder folder_;
  TlsFiles files_{folder_.path()};
};

TEST_F(KafkaTlsTest, AClientProducesAndConsumes) {
  auto broker = StartSecured(Security(), {"kafka+ssl"});
  ASSERT_TRUE(broker.has_value());
  EXPECT_THAT(broker->Url("kafka+ssl"), HasSubstr("kafka+ssl://127.0.0.1:"));
  EXPECT_EQ(broker->Url("kafka"), "");
  ExpectProducesAndConsumes(broker->Address("kafka+ssl"), Ssl());
}

TEST_F(KafkaTlsTest, AClientInTheClearGetsNoAnswer) {
  auto broker = StartSecured(Security(), {"kafka+ssl"});
  ASSERT_TRUE(broker.has_value());
  EXPECT_NE(FirstError(broker->Address("kafka+ssl"), {}).error, RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_F(KafkaTlsTest, EachListenerHasItsOwnProtocolAndAddress) {
  auto broker = StartSecured(Security(), {"kafka", "kafka+ssl"});
  ASSERT_TRUE(broker.has_value());
  // A client that is sent to the other listener by its metadata would fail.
  ExpectProducesAndConsumes(broker->Address("kafka"), {});
  ExpectProducesAndConsumes(broker->Address("kafka+ssl"), Ssl());
}

TEST_F(KafkaTlsTest, ARequiredCertificateMustBeThereAndGood) {
  auto broker = StartSecured(Security(KafkaClientAuth::kRequired), {"kafka+ssl"});
  ASSERT_TRUE(broker.has_value());
  const std::string address = broker->Address("kafka+ssl");
  EXPECT_THAT(TopicsSeenBy(address, With(files_.client, files_.client_key)), Optional(IsEmpty()));
  EXPECT_THAT(FirstError(address, Ssl()).error, kRefusedInTls);
  EXPECT_THAT(FirstError(address, With(files_.stranger, files_.stranger_key)).error, kRefusedInTls);
}

TEST_F(KafkaTlsTest, ARequestedCertificateMayBeMissingButNotBad) {
  auto broker = StartSecured(Security(KafkaClientAuth::kRequested), {"kafka+ssl"});
  ASSERT_TRUE(broker.has_value());
  const std::string address = broker->Address("kafka+ssl");
  EXPECT_THAT(TopicsSeenBy(address, With(files_.client, files_.client_key)), Optional(IsEmpty()));
  EXPECT_THAT(TopicsSeenBy(address, Ssl()), Optional(IsEmpty()));
  EXPECT_THAT(FirstError(address, With(files_.stranger, files_.stranger_key)).error, kRefusedInTls);
}

TEST_F(KafkaTlsTest, SaslInsideOfTls) {
  KafkaSecurityOptions security = Security();
  security.users = {{"ann", "s3cret", ""}};
  auto broker = StartSecured(security, {"kafka+sasl_ssl"});
  ASSERT_TRUE(broker.has_value());
  Settings settings = Sasl("SCRAM-SHA-512", "ann", "s3cret");
  settings[0].second = "sasl_ssl";
  settings.emplace_back("ssl.ca.location", files_.ca);
  ExpectProducesAndConsumes(broker->Address("kafka+sasl_ssl"), settings);
}

TEST_F(KafkaTlsTest, WhatCannotWorkFailsTheStart) {
  const auto error = [](const KafkaSecurityOptions& security) {
    Options options;
    options.listen = {"kafka+ssl://127.0.0.1:0"};
    options.kafka.security = security;
    const auto started = Broker::Start(options);
    return started.ok() ? "" : started.status().message();
  };
  EXPECT_THAT(error({}), HasSubstr("needs kafka.security.tls"));
  KafkaSecurityOptions security = Security();
  security.tls->key_file = files_.client_key;
  EXPECT_THAT(error(security), HasSubstr("kafka.security.tls.key_file"));
  security = Security();
  security.tls->verify_and_map = true;
  EXPECT_THAT(error(security), HasSubstr("verify_and_map"));
  security = {};
  security.client_auth = KafkaClientAuth::kRequired;
  EXPECT_THAT(error(security), HasSubstr("client_auth"));
}

class KafkaSaslTest : public ::testing::TestWithParam<std::string> {
 protected:
  static KafkaSecurityOptions Ann() {
    KafkaSecurityOptions security;
    security.users = {{"ann", "s3cret", ""}, {"b=o,b", "other", ""}};
    return security;
  }
  std::optional<Broker> broker_ = StartSecured(Ann(), {"kafka+sasl_plaintext"});
  const std::string address_ = broker_.has_value() ? broker_->Address("kafka+sasl_plaintext") : "";
};

TEST_P(KafkaSaslTest, TheRightPasswordOpens) {
  ExpectProducesAndConsumes(address_, Sasl(GetParam(), "ann", "s3cret"));
}

TEST_P(KafkaSaslTest, ANameMayHoldWhatMustBeEscaped) {
  EXPECT_THAT(TopicsSeenBy(address_, Sasl(GetParam(), "b=o,b", "other")), Optional(IsEmpty()));
}

TEST_P(KafkaSaslTest, AWrongPasswordIsToldInKafkasWords) {
  const ClientError error = FirstError(address_, Sasl(GetParam(), "ann", "S3cret"));
  EXPECT_EQ(error.error, kAuthentication);
  EXPECT_THAT(error.text,
              HasSubstr(GetParam() == "PLAIN"
                            ? "Authentication failed: Invalid username or password"
                            : "Authentication failed during authentication due to invalid "
                              "credentials with SASL mechanism " + GetParam()));
  EXPECT_EQ(FirstError(address_, Sasl(GetParam(), "nobody", "s3cret")).error, kAuthentication);
}

INSTANTIATE_TEST_SUITE_P(Mechanism, KafkaSaslTest,
                         ::testing::Values("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

Settings OauthBearer(const std::string& config) {
  return {{"security.protocol", "sasl_plaintext"},
          {"sasl.mechanisms", "OAUTHBEARER"},
          {"enable.sasl.oauthbearer.unsecure.jwt", "true"},
          {"sasl.oauthbearer.config", config}};
}

TEST(KafkaOauthBearerTest, AnUnsignedTokenOpensWhereItIsAskedFor) {
  KafkaSecurityOptions security;
  security.sasl_mechanisms = {"OAUTHBEARER"};
  auto broker = StartSecured(security, {"kafka+sasl_plaintext"});
  ASSERT_TRUE(broker.has_value());
  const std::string address = broker->Address("kafka+sasl_plaintext");
  ExpectProducesAndConsumes(address, OauthBearer("principal=ann"));
  // The client's own claim name, which is not the one that we read.
  EXPECT_EQ(FirstError(address, OauthBearer("principalClaimName=azp principal=ann")).error,
            kAuthentication);
}

TEST(KafkaOauthBearerTest, ItIsNotOfferedUnasked) {
  auto broker = StartSecured({}, {"kafka+sasl_plaintext"});
  ASSERT_TRUE(broker.has_value());
  EXPECT_EQ(FirstError(broker->Address("kafka+sasl_plaintext"), OauthBearer("principal=ann")).error,
            kAuthentication);
}

// A user belongs to a namespace: it sees its own topics wherever it comes in, and nobody else's.
TEST(KafkaNamespaceTest, AUserSelectsIt) {
  KafkaSecurityOptions security;
  security.users = {
      {"ann", "s3cret", "team-a"}, {"bob", "s3cret", "team-b"}, {"cat", "s3cret", ""}};
  for (const bool on_disk : {false, true}) {
    TempFolder folder;
    Options options;
    if (on_disk) options.data_dir = folder.File("data");
    auto broker = StartSecured(security, {"kafka", "kafka+sasl_plaintext"}, options);
    ASSERT_TRUE(broker.has_value());
    const std::string address = broker->Address("kafka+sasl_plaintext");
    const auto sasl = [](const char* user) { return Sasl("SCRAM-SHA-256", user, "s3cret"); };
    const auto produce = [&](const Settings& settings, const std::string& topic) {
      Producer producer(address, settings);
      producer.Send(topic, "k", "v");
      producer.FlushWell();
    };
    produce(sasl("ann"), "a-orders");
    produce(sasl("bob"), "b-orders");
    produce(sasl("cat"), "orders");
    EXPECT_THAT(TopicsSeenBy(address, sasl("ann")), Optional(ElementsAre("a-orders")));
    EXPECT_THAT(TopicsSeenBy(address, Sasl("PLAIN", "bob", "s3cret")),
                Optional(ElementsAre("b-orders")));
    EXPECT_THAT(TopicsSeenBy(broker->Address("kafka"), {}), Optional(ElementsAre("orders")));
    // The same data after a start anew, where there is a disk.
    ASSERT_TRUE(broker->Restart().ok());
    if (on_disk) {
      EXPECT_THAT(TopicsSeenBy(address, sasl("ann")), Optional(ElementsAre("a-orders")));
    } else {
      EXPECT_THAT(TopicsSeenBy(address, sasl("ann")), Optional(IsEmpty()));
    }
    // And in another process.
    if (!on_disk) continue;
    broker.reset();
    broker = StartSecured(security, {"kafka+sasl_plaintext"}, options);
    ASSERT_TRUE(broker.has_value());
    EXPECT_THAT(TopicsSeenBy(broker->Address("kafka+sasl_plaintext"), sasl("bob")),
                Optional(ElementsAre("b-orders")));
  }
}

TEST(KafkaNamespaceTest, ResettingItEndsItsConnectionsAndNoOthers) {
  KafkaSecurityOptions security;
  security.users = {{"ann", "s3cret", "team-a"}, {"cat", "s3cret", ""}};
  auto broker = StartSecured(security, {"kafka+sasl_plaintext"});
  ASSERT_TRUE(broker.has_value());
  const std::string address = broker->Address("kafka+sasl_plaintext");
  Producer ann(address, Sasl("PLAIN", "ann", "s3cret"));
  ann.Send("orders", "k", "v");
  ann.FlushWell();
  Producer cat(address, Sasl("PLAIN", "cat", "s3cret"));
  cat.Send("orders", "k", "v");
  cat.FlushWell();
  const auto reset = broker->Call("reset", R"({"namespace": "team-a"})");
  ASSERT_TRUE(reset.ok()) << reset.status();
  EXPECT_THAT(TopicsSeenBy(address, Sasl("PLAIN", "ann", "s3cret")), Optional(IsEmpty()));
  EXPECT_THAT(TopicsSeenBy(address, Sasl("PLAIN", "cat", "s3cret")),
              Optional(ElementsAre("orders")));
  // It comes back by itself.
  ann.Send("orders", "k", "v");
  ann.FlushWell();
}

}  // namespace
}  // namespace wherry::conformance
