// Operations by name: what they answer, and what they refuse.
#include <boost/json.hpp>

#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ControlTest : public ::testing::Test {
 protected:
  boost::json::object Call(std::string_view operation, const std::string& json) {
    const StatusOr<std::string> answer = broker_.Call(operation, json);
    EXPECT_TRUE(answer.ok()) << operation << ": " << answer.status();
    return answer.ok() ? boost::json::parse(*answer).as_object() : boost::json::object();
  }
  Status Refusal(std::string_view operation, const std::string& json) {
    return broker_.Call(operation, json).status();
  }

  Broker broker_ = Broker::Start({}).value();
};

TEST_F(ControlTest, ListsEveryOperationWithItsUsage) {
  std::vector<std::string> names;
  const boost::json::object answer = Call("broker.operations", "");
  for (const auto& operation : answer.at("operations").as_array()) {
    names.emplace_back(operation.at("name").as_string());
    EXPECT_THAT(std::string(operation.at("usage").as_string()), HasSubstr("} -> {"));
  }
  EXPECT_THAT(names,
              ::testing::IsSupersetOf({"broker.operations", "nats.publish", "kafka.append"}));
}

TEST_F(ControlTest, InfoHasTheUrls) {
  const boost::json::object info = Call("broker.info", "{}");
  EXPECT_EQ(info.at("version").as_string(), std::string(Version()));
  EXPECT_EQ(info.at("urls").at("nats").at(0).as_string(), broker_.Url("nats"));
  EXPECT_EQ(info.at("urls").at("kafka").at(0).as_string(), broker_.Url("kafka"));
}

TEST_F(ControlTest, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(Refusal("nats.shout", "{}").code(), StatusCode::kNotFound);
  EXPECT_THAT(Refusal("nats.shout", "{}").message(), HasSubstr("nats.shout"));
  const auto refused = [this](const std::string& json, const char* named) {
    const Status status = Refusal("nats.request", json);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(status.message(), HasSubstr(named)) << json;
  };
  refused("{", "not JSON");
  refused("[]", "a JSON object");
  refused("{}", "\"subject\" is missing");
  refused(R"({"subject": 7})", "\"subject\" must be a string, not 7");
  refused(R"({"subject": "s", "payloat": "p"})", "\"payloat\"");
  refused(R"({"subject": "s", "payload": "p", "payload_base64": "cA=="})", "not both");
  refused(R"({"subject": "s", "payload_base64": "?"})", "base64");
  refused(R"({"subject": "s", "timeout_ms": -1})", "timeout_ms");
  refused(R"({"subject": "s", "timeout_ms": 1e300})", "timeout_ms");
}

TEST_F(ControlTest, PublishesToThoseWhoSubscribed) {
  NatsSubscription direct = broker_.nats().Subscribe("orders.*").value();
  const boost::json::object subscribed = Call("nats.subscribe", R"({"subject": "orders.>"})");
  const std::string number = boost::json::serialize(subscribed.at("subscription"));
  Call("nats.publish", R"({"subject": "orders.new", "payload": "one", "reply": "inbox",
                           "headers": [{"name": "Kind", "value": "test"}]})");
  const NatsMessage message = direct.Next(kPatience).value();
  EXPECT_EQ(message.payload, "one");
  EXPECT_EQ(message.reply, "inbox");
  EXPECT_EQ(message.Header("kind"), "test");

  const boost::json::object next = Call("nats.next", "{\"subscription\": " + number + "}");
  EXPECT_EQ(boost::json::serialize(next),
            R"({"subject":"orders.new","reply":"inbox",)"
            R"("headers":[{"name":"Kind","value":"test"}],"payload":"one"})");
  EXPECT_EQ(Refusal("nats.next", "{\"subscription\": " + number + ", \"timeout_ms\": 1}").code(),
            StatusCode::kDeadlineExceeded);
  Call("nats.unsubscribe", "{\"subscription\": " + number + "}");
  EXPECT_EQ(Refusal("nats.unsubscribe", "{\"subscription\": " + number + "}").code(),
            StatusCode::kNotFound);
}

TEST_F(ControlTest, BytesThatAreNoTextTravelAsBase64) {
  NatsSubscription direct = broker_.nats().Subscribe("s").value();
  Call("nats.publish", R"({"subject": "s", "payload_base64": "/wA="})");
  EXPECT_EQ(direct.Next(kPatience).value().payload, std::string("\xff\0", 2));
  const auto subscribed = Call("nats.subscribe", R"({"subject": "s"})");
  for (const char* no_text : {"\xff", "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
                              "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    ASSERT_TRUE(broker_.nats().Publish("s", no_text).ok());
    const auto next = Call("nats.next", boost::json::serialize(subscribed));
    EXPECT_FALSE(next.contains("payload")) << boost::json::serialize(next);
    EXPECT_TRUE(next.contains("payload_base64"));
  }
  ASSERT_TRUE(broker_.nats().Publish("s", "Grüße, 世界 🛶").ok());
  EXPECT_EQ(Call("nats.next", boost::json::serialize(subscribed)).at("payload").as_string(),
            "Grüße, 世界 🛶");
}

TEST_F(ControlTest, RequestsAnAnswer) {
  auto answering = broker_.nats().Subscribe("ask", [this](const NatsMessage& message) {
    EXPECT_TRUE(broker_.nats().Publish(message.reply, "to " + message.payload).ok());
  });
  EXPECT_EQ(Call("nats.request", R"({"subject": "ask", "payload": "you"})").at("payload"),
            "to you");
  EXPECT_EQ(Refusal("nats.request", R"({"subject": "nobody"})").code(), StatusCode::kUnavailable);
}

TEST_F(ControlTest, LintFindsWhatNobodyReceivedButNoRequestThatWasToldSo) {
  broker_ = Broker::Start({.history = 100}).value();
  EXPECT_EQ(Refusal("nats.request", R"({"subject": "nobody"})").code(), StatusCode::kUnavailable);
  EXPECT_EQ(boost::json::serialize(Call("lint", "{}")), R"({"findings":[]})");
  Call("nats.publish", R"({"subject": "nobody"})");
  const auto findings = Call("lint", "{}").at("findings").as_array();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].at("rule"), "unreceived");
  EXPECT_EQ(boost::json::serialize(Call("lint", R"({"allow": ["unreceived"]})")),
            R"({"findings":[]})");
  EXPECT_THAT(Refusal("lint", R"({"allow": ["everything"]})").message(), HasSubstr("everything"));
}

TEST_F(ControlTest, AppendsAndReadsRecords) {
  Call("kafka.create_topic", R"({"topic": "orders", "partitions": 2})");
  EXPECT_EQ(Refusal("kafka.create_topic", R"({"topic": "orders"})").code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(boost::json::serialize(
                Call("kafka.append", R"({"topic": "orders", "partition": 1, "key": "k",
                     "timestamp": 5, "headers": [{"name": "h", "value": null}]})")),
            R"({"partition":1,"offset":0})");
  Call("kafka.append", R"({"topic": "orders", "partition": 0, "value_base64": "/w=="})");
  const auto record = [this](const std::string& json) {
    const auto records = Call("kafka.records", json).at("records").as_array();
    return records.size() == 1 ? boost::json::serialize(records[0]) : "not one";
  };
  EXPECT_EQ(record(R"({"topic": "orders", "partition": 1})"),
            R"({"partition":1,"offset":0,"timestamp":5,"key":"k","value":null,)"
            R"("headers":[{"name":"h","value":null}]})");
  EXPECT_THAT(record(R"({"topic": "orders", "partition": 0, "offset": 0, "max_records": 9})"),
              HasSubstr(R"("value_base64":"/w==")"));
  EXPECT_EQ(Call("kafka.records", R"({"topic": "orders"})").at("records").as_array().size(), 2u);
  EXPECT_EQ(boost::json::serialize(Call("kafka.bounds", R"({"topic": "orders", "partition": 1})")),
            R"({"start_offset":0,"high_watermark":1})");
  EXPECT_EQ(Refusal("kafka.records", R"({"topic": "none"})").code(), StatusCode::kNotFound);
  EXPECT_EQ(Refusal("kafka.records", R"({"topic": "orders", "partition": 2})").code(),
            StatusCode::kNotFound);
  EXPECT_EQ(boost::json::serialize(Call("kafka.topics", "")), R"({"topics":["orders"]})");
  EXPECT_EQ(boost::json::serialize(Call("kafka.committed_offsets", R"({"group": "g"})")),
            R"({"offsets":[]})");
  Call("kafka.delete_topic", R"({"topic": "orders"})");
  EXPECT_EQ(boost::json::serialize(Call("kafka.topics", "")), R"({"topics":[]})");
}

TEST_F(ControlTest, NamespacesAreMadeChosenResetAndRemoved) {
  const boost::json::object made = Call("namespace.new", R"({"name": "one"})");
  EXPECT_EQ(made.at("namespace"), "one");
  EXPECT_NE(made.at("urls").at("nats").at(0).as_string(), broker_.Url("nats"));
  EXPECT_EQ(Refusal("namespace.new", R"({"name": "one"})").code(), StatusCode::kAlreadyExists);
  const auto topics = [this](const char* in) {
    return boost::json::serialize(Call("kafka.topics", in).at("topics"));
  };
  Call("kafka.create_topic", R"({"namespace": "one", "topic": "mine"})");
  EXPECT_EQ(topics(R"({"namespace": "one"})"), R"(["mine"])");
  EXPECT_EQ(topics("{}"), "[]");
  const auto subscribed = Call("nats.subscribe", R"({"namespace": "one", "subject": "s"})");
  Call("reset", R"({"namespace": "one"})");
  EXPECT_EQ(topics(R"({"namespace": "one"})"), "[]");
  EXPECT_EQ(Refusal("nats.next", boost::json::serialize(subscribed)).code(),
            StatusCode::kNotFound);
  Call("namespace.remove", R"({"namespace": "one"})");
  EXPECT_EQ(Refusal("kafka.topics", R"({"namespace": "one"})").code(), StatusCode::kNotFound);
  EXPECT_EQ(Refusal("namespace.remove", "{}").code(), StatusCode::kFailedPrecondition);

  Namespace two = broker_.NewNamespace("two").value();
  EXPECT_EQ(two.Call("kafka.create_topic", R"({"topic": "t"})").value(), "{}");
  EXPECT_EQ(two.kafka().Topics().value(), std::vector<std::string>{"t"});
}

TEST(ControlOfNodes, MovesLeadersAndStopsNodes) {
  Broker broker = Broker::Start({.kafka = {.nodes = 2}}).value();
  const auto leader = [&broker] {
    const KafkaLeader one = broker.kafka().DescribeTopic("t").value().leaders[0];
    return std::to_string(one.node) + "/" + std::to_string(one.epoch);
  };
  EXPECT_TRUE(
      broker.Call("kafka.create_topic", R"({"topic": "t", "replication_factor": 2})").ok());
  EXPECT_TRUE(broker.Call("kafka.move_leader", R"({"topic": "t", "node": 2})").ok());
  EXPECT_EQ(leader(), "2/1");
  EXPECT_TRUE(broker.Call("kafka.stop_node", R"({"node": 2})").ok());
  EXPECT_EQ(leader(), "1/2");
  EXPECT_TRUE(broker.Call("kafka.start_node", R"({"node": 2})").ok());
  EXPECT_EQ(leader(), "1/2");
  EXPECT_EQ(broker.Call("kafka.stop_node", R"({"node": 3})").status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(broker.Call("kafka.stop_node", "{}").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ControlTest, AStoppedBrokerSaysSo) {
  ASSERT_TRUE(broker_.Stop().ok());
  EXPECT_EQ(Refusal("kafka.topics", "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(Refusal("nats.publish", R"({"subject": "s"})").code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace wherry
