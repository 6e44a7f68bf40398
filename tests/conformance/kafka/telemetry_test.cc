// The metrics of a client, from the wire to whoever owns the broker. A stock client that pushes
// them is newer than Debian's: tools/conformance java has one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/conformance/kafka/kafka_wire.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using std::chrono::seconds;
using std::string_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int16_t kGetSubscriptions = 71, kPush = 72;
constexpr std::int16_t kThrottled = 89;

// MetricsData with one metric, "queue.time".
const std::string kMetrics = "\x0a\x10\x12\x0e\x12\x0c\x0a\x0aqueue.time"s;
const std::string kNoTags = "\0"s;

class KafkaTelemetryTest : public ::testing::Test {
 protected:
  static Options VirtualTime() {
    Options options;
    options.clock = ClockMode::kVirtual;
    return options;
  }

  // What follows the correlation id and the tagged fields of the header.
  std::string Ask(std::int16_t api, const std::string& fields) {
    socket_.Send(KafkaRequest(api, 0, 7, kNoTags + fields + kNoTags));
    const std::string response = ReadResponse(socket_);
    return response.substr(std::min<std::size_t>(response.size(), 5));
  }
  std::int16_t AskForSubscription() {
    const std::string answer = Ask(kGetSubscriptions, id_);
    KafkaReader reader(answer);
    reader.Int32();  // the throttle time
    const std::int16_t error = reader.Int16();
    if (error == 0) {
      id_ = reader.Raw(16);
      subscription_ = reader.Int32();
    }
    return error;
  }
  std::int16_t Push(const std::string& metrics, bool terminating = false) {
    const std::string answer =
        Ask(kPush, KafkaBytes()
                       .Raw(id_)
                       .Int32(subscription_)
                       .Int8(terminating ? 1 : 0)
                       .Int8(0)
                       .Int8(static_cast<std::int8_t>(metrics.size() + 1))
                       .Raw(metrics)
                       .bytes());
    KafkaReader reader(answer);
    reader.Int32();
    return reader.Int16();
  }

  Broker broker_ = Broker::Start(VirtualTime()).value();
  RawSocket socket_{broker_.Address("kafka")};
  std::string id_ = std::string(16, '\0');
  std::int32_t subscription_ = 0;
};

TEST_F(KafkaTelemetryTest, WhatAClientPushesIsShown) {
  Kafka& kafka = broker_.kafka();
  ASSERT_TRUE(
      kafka.SubscribeTelemetry("all", {.metrics = {"queue."}, .interval = seconds(2)}).ok());
  ASSERT_EQ(AskForSubscription(), 0);
  std::vector<ClientTelemetry> clients = kafka.Telemetry().value();
  ASSERT_THAT(clients, SizeIs(1));
  EXPECT_EQ(clients[0].client_instance_id.size(), 22u);
  EXPECT_EQ(clients[0].interval, seconds(2));
  EXPECT_THAT(clients[0].wanted, ElementsAre("queue."));
  EXPECT_THAT(clients[0].metrics, IsEmpty());

  ASSERT_EQ(Push(kMetrics), 0);
  clients = kafka.Telemetry().value();
  ASSERT_THAT(clients, SizeIs(1));
  EXPECT_THAT(clients[0].metrics, ElementsAre("queue.time"));
  EXPECT_EQ(clients[0].payload, kMetrics);
  EXPECT_EQ(clients[0].pushes, 1u);
  EXPECT_EQ(clients[0].pushed, broker_.clock().Now());
  std::ostringstream text;
  text << clients[0];
  EXPECT_THAT(text.str(), HasSubstr("1 push, the last of 1 metrics"));
}

TEST_F(KafkaTelemetryTest, TheIntervalIsOfTheBrokersClock) {
  ASSERT_TRUE(broker_.kafka().SubscribeTelemetry("all", {.interval = seconds(2)}).ok());
  ASSERT_EQ(AskForSubscription(), 0);
  ASSERT_EQ(Push(kMetrics), 0);
  EXPECT_EQ(Push(kMetrics), kThrottled);
  EXPECT_EQ(AskForSubscription(), kThrottled);
  ASSERT_TRUE(broker_.clock().Advance(seconds(2)).ok());
  EXPECT_EQ(Push(kMetrics), 0);
  EXPECT_EQ(Push(kMetrics, true), 0);
  EXPECT_TRUE(broker_.kafka().Telemetry()->front().terminating);
}

TEST_F(KafkaTelemetryTest, AnotherConnectionIsAnotherAcquaintance) {
  ASSERT_TRUE(broker_.kafka().SubscribeTelemetry("all").ok());
  ASSERT_EQ(AskForSubscription(), 0);
  ASSERT_EQ(AskForSubscription(), kThrottled);
  socket_ = RawSocket(broker_.Address("kafka"));
  EXPECT_EQ(AskForSubscription(), 0);
  EXPECT_EQ(Push(kMetrics), 0);
  EXPECT_THAT(broker_.kafka().Telemetry().value(), SizeIs(1));
}

TEST_F(KafkaTelemetryTest, SubscriptionsThatCannotBeAreRefusedWithWhy) {
  Kafka& kafka = broker_.kafka();
  const Status quick = kafka.SubscribeTelemetry("s", {.interval = std::chrono::milliseconds(1)});
  EXPECT_EQ(quick.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(quick.message(), HasSubstr("interval.ms"));
  const Status strange = kafka.SubscribeTelemetry("s", {.match = {"client_name=x"}});
  EXPECT_EQ(strange.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(strange.message(), HasSubstr("client_name=x"));
  EXPECT_EQ(kafka.SubscribeTelemetry("").code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(kafka.UnsubscribeTelemetry("absent").ok());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(kafka.SubscribeTelemetry("s" + std::to_string(i)).ok());
  }
  EXPECT_EQ(kafka.SubscribeTelemetry("more").code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace wherry::conformance
