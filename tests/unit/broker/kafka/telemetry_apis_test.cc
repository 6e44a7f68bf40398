// GetTelemetrySubscriptions and PushTelemetry by their rows: what is wanted of whom, when, and what
// is kept of it.
#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "protocol/kafka/codec.h"
#include "protocol/wire/cursor.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

constexpr std::int16_t kApiVersions = 18, kIncremental = 44, kAsk = 71, kPush = 72;
constexpr std::int64_t kInvalidRequest = 42, kInvalidConfig = 40, kPolicyViolation = 44,
                       kUnsupportedCompression = 76, kInvalidRecord = 87, kThrottled = 89,
                       kUnknownSubscription = 117, kTooLarge = 118;

// MetricsData with one metric.
std::string Metrics(const std::string& name) {
  const auto field = [](char key, const std::string& bytes) {
    return key + std::string(1, static_cast<char>(bytes.size())) + bytes;
  };
  return field('\x0a', field('\x12', field('\x12', field('\x0a', name))));
}

class TelemetryApisTest : public ClusterFixture {
 protected:
  // The error of a subscription that is set.
  std::int64_t Subscribe(const std::string& name, const std::string& metrics,
                         const std::string& interval = "60000", const std::string& match = "") {
    const auto set = [](const std::string& config, const std::string& value) {
      return R"({"Name": ")" + config + R"(", "ConfigOperation": 0, "Value": ")" + value + R"("})";
    };
    const json::value answer =
        Ask(kIncremental, 1,
            R"({"Resources": [{"ResourceType": 16, "ResourceName": ")" + name +
                R"(", "Configs": [)" + set("metrics", metrics) + "," +
                set("interval.ms", interval) + "," + set("match", match) +
                R"(]}], "ValidateOnly": false})");
    const json::value& response = answer.at("Responses").at(0);
    if (!response.at("ErrorMessage").is_null()) {
      message_ = std::string(response.at("ErrorMessage").as_string());
    }
    return response.at("ErrorCode").as_int64();
  }
  void Unsubscribe(const std::string& name) {
    Ask(kIncremental, 1,
        R"({"Resources": [{"ResourceType": 16, "ResourceName": ")" + name +
            R"(", "Configs": [{"Name": "metrics", "ConfigOperation": 1, "Value": null},)"
            R"({"Name": "interval.ms", "ConfigOperation": 1, "Value": null},)"
            R"({"Name": "match", "ConfigOperation": 1, "Value": null}]}], "ValidateOnly": false})");
  }
  bool Offered() {
    const json::value answer = Ask(kApiVersions, 0, "{}");
    for (const json::value& api : answer.at("ApiKeys").as_array()) {
      if (api.at("ApiKey") == kAsk) return true;
    }
    return false;
  }

  // Asks as the client that was given an id, or as a new one; keeps what it is told.
  std::int64_t AskAgain() {
    const json::value answer =
        Ask(kAsk, 0, R"({"ClientInstanceId": )" + json::serialize(id_) + "}");
    const std::int64_t error = answer.at("ErrorCode").as_int64();
    if (error != 0) return error;
    told_ = answer;
    id_ = answer.at("ClientInstanceId");
    subscription_ = answer.at("SubscriptionId").as_int64();
    return 0;
  }
  std::vector<std::string> Wanted() {
    EXPECT_EQ(AskAgain(), 0);
    return json::value_to<std::vector<std::string>>(told_.at("RequestedMetrics"));
  }
  std::int64_t Push(const std::string& metrics, int codec = 0, bool terminating = false) {
    json::object fields = {{"ClientInstanceId", id_},
                           {"SubscriptionId", subscription_},
                           {"Terminating", terminating},
                           {"CompressionType", codec},
                           {"Metrics", absl::BytesToHexString(metrics)}};
    return Ask(kPush, 0, json::serialize(fields)).at("ErrorCode").as_int64();
  }
  TelemetryClient Client() {
    TelemetryClient client;
    On([&] {
      ASSERT_EQ(cluster_->telemetry().clients().size(), 1u);
      client = cluster_->telemetry().clients().begin()->second;
    });
    return client;
  }

  json::value id_ = "00000000000000000000000000000000";
  std::int64_t subscription_ = 0;
  json::value told_;
  std::string message_;
};

TEST_F(TelemetryApisTest, AreOfferedWhileThereIsASubscription) {
  EXPECT_FALSE(Offered());
  ASSERT_EQ(Subscribe("all", "*"), 0);
  EXPECT_TRUE(Offered());
  Unsubscribe("all");
  EXPECT_FALSE(Offered());
}

TEST_F(TelemetryApisTest, AClientIsGivenAnIdAndToldWhatIsWanted) {
  ASSERT_EQ(Subscribe("all", "*", "100"), 0);
  EXPECT_THAT(Wanted(), ElementsAre("*"));
  EXPECT_NE(id_, json::value("00000000000000000000000000000000"));
  EXPECT_EQ(told_.at("PushIntervalMs"), 100);
  EXPECT_EQ(told_.at("TelemetryMaxBytes"), 1048576);
  EXPECT_EQ(told_.at("DeltaTemporality"), true);
  EXPECT_EQ(json::serialize(told_.at("AcceptedCompressionTypes")), "[4,3,1,2]");
}

TEST_F(TelemetryApisTest, SubscriptionsThatMatchAreTakenTogether) {
  ASSERT_EQ(Subscribe("a", "b.,a.", "60000"), 0);
  ASSERT_EQ(Subscribe("b", "a.,c.", "1000", "client_id=cl.*"), 0);
  ASSERT_EQ(Subscribe("c", "d.", "100", "client_id=cli"), 0) << "which is not the whole name";
  ASSERT_EQ(Subscribe("d", "*", "100", "client_id=client,client_source_port=1"), 0);
  EXPECT_THAT(Wanted(), ElementsAre("a.", "b.", "c."));
  EXPECT_EQ(told_.at("PushIntervalMs"), 1000);
}

TEST_F(TelemetryApisTest, OfWhomNothingIsWantedItIsFiveMinutes) {
  ASSERT_EQ(Subscribe("a", "*", "100", "client_software_name=nobody"), 0);
  EXPECT_THAT(Wanted(), ElementsAre());
  EXPECT_EQ(told_.at("PushIntervalMs"), 300000);
}

TEST_F(TelemetryApisTest, AskingAgainMustWaitUnlessSomethingElseIsWanted) {
  ASSERT_EQ(Subscribe("a", "a."), 0);
  EXPECT_THAT(Wanted(), ElementsAre("a."));
  const std::int64_t first = subscription_;
  EXPECT_EQ(AskAgain(), kThrottled);
  ASSERT_EQ(Subscribe("b", "b."), 0);
  EXPECT_EQ(Push(Metrics("a.x")), kUnknownSubscription);
  EXPECT_THAT(Wanted(), ElementsAre("a.", "b."));
  EXPECT_NE(subscription_, first);
  EXPECT_EQ(AskAgain(), kThrottled);
}

TEST_F(TelemetryApisTest, WhatIsPushedIsKept) {
  ASSERT_EQ(Subscribe("a", "*"), 0);
  ASSERT_EQ(AskAgain(), 0);
  EXPECT_EQ(Push(Compress(Codec::kZstd, Metrics("a.b")).value(), 4), 0);
  EXPECT_EQ(Client().metrics, Metrics("a.b"));
  EXPECT_EQ(Client().pushes, 1u);
  EXPECT_GT(Client().pushed_unix_millis, 0);
  EXPECT_EQ(Push(Metrics("c")), kThrottled) << "before the interval is over";
  EXPECT_EQ(Client().metrics, Metrics("a.b"));
  EXPECT_EQ(Push(Metrics("d"), 0, true), 0) << "but for the last time";
  EXPECT_EQ(Client().metrics, Metrics("d"));
  EXPECT_TRUE(Client().terminating);
  EXPECT_EQ(Push(Metrics("e"), 0, true), kInvalidRequest) << "behind the last";
}

TEST_F(TelemetryApisTest, WhatCannotBeTakenHasKafkasErrors) {
  ASSERT_EQ(Subscribe("a", "*", "100"), 0);
  EXPECT_EQ(Push(""), kInvalidRequest) << "an id that nobody has";
  ASSERT_EQ(AskAgain(), 0);
  subscription_ += 1;
  EXPECT_EQ(Push(Metrics("a")), kUnknownSubscription);
  ASSERT_EQ(AskAgain(), 0) << "at once, since it must";
  EXPECT_EQ(Push(Metrics("a"), 5), kUnsupportedCompression);
  ASSERT_EQ(AskAgain(), 0) << "at once, since it must";
  // The last time may be at any time, and as often, if it is refused.
  EXPECT_EQ(Push("no metrics", 0), kInvalidRecord);
  EXPECT_EQ(Push(Metrics("a"), 4, true), kInvalidRecord) << "that are not compressed";
  EXPECT_EQ(Client().pushes, 0u);
}

TEST_F(TelemetryApisTest, TooMuchIsRefusedAlsoWhereItIsCompressed) {
  ASSERT_EQ(Subscribe("a", "*"), 0);
  ASSERT_EQ(AskAgain(), 0);
  EXPECT_EQ(Push(std::string(Telemetry::kMaxPushBytes + 1, 'x')), kTooLarge);
  Unsubscribe("a");
  ASSERT_EQ(Subscribe("a", "b"), 0);
  ASSERT_EQ(AskAgain(), 0);
  const std::string bomb = Compress(Codec::kZstd, std::string(64 << 20, 'x')).value();
  ASSERT_LT(bomb.size(), 100'000u);
  EXPECT_EQ(Push(bomb, 4), kTooLarge);
}

TEST_F(TelemetryApisTest, AMatchThatCannotBeIsRefused) {
  EXPECT_EQ(Subscribe("a", "*", "100", "client_name=x"), kInvalidConfig);
  EXPECT_EQ(message_, "Illegal client matching pattern: client_name=x");
  EXPECT_EQ(Subscribe("a", "*", "100", "client_id=x=y"), kInvalidConfig);
  EXPECT_EQ(Subscribe("a", "*", "100", "client_id="), kInvalidConfig);
  EXPECT_EQ(Subscribe("a", "*", "100", "client_id=("), kInvalidConfig);
  EXPECT_THAT(message_, HasSubstr("missing )"));
  EXPECT_EQ(Subscribe("a", "*", "99"), kInvalidConfig);
  EXPECT_FALSE(Offered());
}

TEST_F(TelemetryApisTest, SubscriptionsAndClientsHaveLimits) {
  for (std::size_t i = 0; i < Configurations::kMaxClientMetrics; ++i) {
    ASSERT_EQ(Subscribe("s" + std::to_string(i), "*"), 0);
  }
  EXPECT_EQ(Subscribe("more", "*"), kPolicyViolation);
  EXPECT_THAT(message_, HasSubstr("100 subscriptions"));
  EXPECT_EQ(Subscribe("s0", "a"), 0) << "one that is there already";
  On([this] {
    const Call call{*cluster_, 0, "client", address_, address_};
    for (std::size_t i = 0; i < Telemetry::kMaxClients + 10; ++i) {
      wire::Uuid id;
      ASSERT_NE(cluster_->telemetry().Ask(call, id), nullptr);
    }
    EXPECT_EQ(cluster_->telemetry().clients().size(), Telemetry::kMaxClients);
  });
}

TEST_F(TelemetryApisTest, OfAllMetricsTheLatestAreKept) {
  ASSERT_EQ(Subscribe("a", "*"), 0);
  std::string large = Metrics("a");
  // A field of bytes that is none of ours, nearly as large as a push may be: a length of 3 bytes.
  const std::size_t size = Telemetry::kMaxPushBytes - 100;
  large += '\x12';
  wire::Writer(large).Uvarint(static_cast<std::uint32_t>(size));
  large.append(size, 'x');
  On([&] {
    const Call call{*cluster_, 0, "client", address_, address_};
    std::vector<wire::Uuid> ids(20);
    for (wire::Uuid& id : ids) {
      const std::int32_t subscription = cluster_->telemetry().Ask(call, id)->subscription_id;
      ASSERT_EQ(cluster_->telemetry().Take(call, {id, subscription, false, 0, large}),
                ErrorCode::kNone);
    }
    std::size_t kept = 0;
    for (const auto& [id, client] : cluster_->telemetry().clients()) kept += client.metrics.size();
    EXPECT_LE(kept, Telemetry::kMaxKeptBytes);
    EXPECT_GT(kept, Telemetry::kMaxKeptBytes - 2 * Telemetry::kMaxPushBytes);
    EXPECT_EQ(cluster_->telemetry().clients().at(ids[0]).metrics, "");
    EXPECT_EQ(cluster_->telemetry().clients().at(ids[19]).metrics, large);
  });
}

}  // namespace
}  // namespace wherry::kafka
