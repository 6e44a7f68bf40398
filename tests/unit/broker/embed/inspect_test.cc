// Looking inside without a socket, and how it prints.
#include "wherry/inspect.h"

#include <sstream>

#include "tests/unit/broker/embed/embed_fixture.h"
#include "wherry/matchers.h"

namespace wherry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace wherry::testing;  // NOLINT: the matchers read best without

using Verdict = RouteExplanation::Verdict;

template <typename T>
std::string Printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

class InspectTest : public ::testing::Test {
 protected:
  Broker broker_ = Broker::Start({}).value();
  Nats& nats_ = broker_.nats();
  Kafka& kafka_ = broker_.kafka();
};

TEST_F(InspectTest, EveryRecordOfATopicKnowsItsPartition) {
  ASSERT_TRUE(kafka_.CreateTopic("t", 2).ok());
  ASSERT_TRUE(kafka_.Append("t", {.key = "a", .value = "1"}, 1).ok());
  ASSERT_TRUE(kafka_.Append("t", {.value = "2", .headers = {{"h", "x"}}}, 0).ok());
  ASSERT_TRUE(kafka_.Append("t", {.key = "b"}, 1).ok());
  EXPECT_THAT(
      kafka_.Records("t").value(),
      ElementsAre(AllOf(OnPartition(0), AtOffset(0), HasNoKey(), HasHeader("h", "x")),
                  AllOf(OnPartition(1), AtOffset(0), HasKey("a"), HasValue(Not(HasSubstr("2")))),
                  AllOf(OnPartition(1), AtOffset(1), HasKey("b"), HasNoValue())));
  EXPECT_EQ(CodeOf(kafka_.Records("absent")), StatusCode::kNotFound);
}

TEST_F(InspectTest, ATopicTellsItsPartitionsAndId) {
  ASSERT_TRUE(kafka_.CreateTopic("t", 2).ok());
  ASSERT_TRUE(kafka_.Append("t", {.value = "1"}, 1).ok());
  const TopicInfo topic = kafka_.DescribeTopic("t").value();
  EXPECT_EQ(topic.id.size(), 22u);
  ASSERT_THAT(topic.partitions, SizeIs(2));
  EXPECT_EQ(topic.partitions[0].high_watermark, 0);
  EXPECT_EQ(topic.partitions[1].high_watermark, 1);
  EXPECT_THAT(topic.configs, IsEmpty());
  EXPECT_EQ(Printed(topic), "topic t; [0] 0..0; [1] 0..1");
  EXPECT_EQ(CodeOf(kafka_.DescribeTopic("absent")), StatusCode::kNotFound);
}

TEST_F(InspectTest, AGroupThatIsNotThereIsNamed) {
  EXPECT_THAT(kafka_.Groups().value(), IsEmpty());
  const Status status = kafka_.DescribeGroup("absent").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("'absent'"));
}

TEST_F(InspectTest, SubscriptionsOfTheProcessItself) {
  const NatsSubscription all = nats_.Subscribe("orders.>").value();
  const NatsSubscription worker = nats_.Subscribe("orders.new", "workers").value();
  ASSERT_TRUE(nats_.Publish("orders.new", "x").ok());
  const auto subscriptions = nats_.Subscriptions().value();
  EXPECT_THAT(subscriptions, ElementsAre(AllOf(SubjectIs("orders.>"), QueueIs("")),
                                         AllOf(SubjectIs("orders.new"), QueueIs("workers"))));
  for (const NatsSubscriptionInfo& subscription : subscriptions) {
    EXPECT_EQ(subscription.connection, 0u);
    EXPECT_EQ(subscription.delivered, 1u) << subscription;
  }
  EXPECT_EQ(Printed(subscriptions[1]),
            "\"orders.new\" in queue \"workers\" of the process itself, sent 1");
}

TEST_F(InspectTest, ARouteIsExplained) {
  const NatsSubscription all = nats_.Subscribe("orders.>").value();
  const NatsSubscription one = nats_.Subscribe("orders.*", "workers").value();
  const NatsSubscription two = nats_.Subscribe("orders.new", "workers").value();
  const NatsSubscription typed = nats_.Subscribe("order.new").value();
  const NatsSubscription other = nats_.Subscribe("payments").value();
  const RouteExplanation route = nats_.ExplainRoute("orders.new").value();
  EXPECT_EQ(route.subscriptions, 5u);
  EXPECT_EQ(route.deliveries, 2u) << "one to all, one to the queue";
  ASSERT_THAT(route.receivers, SizeIs(3));
  EXPECT_EQ(route.receivers[0].verdict, Verdict::kReceives);
  EXPECT_EQ(route.receivers[2].verdict, Verdict::kOneOfQueue);
  EXPECT_THAT(route.receivers[2].why, HasSubstr("one of its 2 members"));
  ASSERT_THAT(route.non_receivers, SizeIs(1));
  EXPECT_EQ(route.non_receivers[0].verdict, Verdict::kNearMiss);
  EXPECT_THAT(route.non_receivers[0].subscription, SubjectIs("order.new"));
  EXPECT_EQ(route.ToString(),
            "a message on \"orders.new\" is delivered 2 times:\n"
            "  gets it: \"orders.>\" of the process itself: it matches\n"
            "  gets it: \"orders.*\" in queue \"workers\" of the process itself: queue \"workers\" "
            "gives each message to one of its 2 members, chosen at random\n"
            "  gets it: \"orders.new\" in queue \"workers\" of the process itself: queue "
            "\"workers\" gives each message to one of its 2 members, chosen at random\n"
            "  does not: \"order.new\" of the process itself: token 1 is \"order\", not "
            "\"orders\": a typing error?");
}

TEST_F(InspectTest, ARouteToNobodyIsExplained) {
  EXPECT_EQ(nats_.ExplainRoute("orders.new").value().ToString(),
            "nobody gets a message on \"orders.new\": there is no subscription at all");
  const NatsSubscription typed = nats_.Subscribe("orders").value();
  EXPECT_EQ(nats_.ExplainRoute("orders.new").value().ToString(),
            "nobody gets a message on \"orders.new\": none of the 1 subscription receives it\n"
            "  does not: \"orders\" of the process itself: it has 1 token, the subject 2; a last "
            "`>` takes all that follow");
  for (const char* subject : {"", "orders.*", "orders.>", "a b", "a..b"}) {
    EXPECT_EQ(CodeOf(nats_.ExplainRoute(subject)), StatusCode::kInvalidArgument) << subject;
  }
}

TEST_F(InspectTest, OnlyTheNearestMissesAreTold) {
  std::vector<NatsSubscription> subscriptions;
  for (int i = 0; i < 30; ++i) {
    subscriptions.push_back(nats_.Subscribe("orders.a" + std::to_string(i)).value());
  }
  subscriptions.push_back(nats_.Subscribe("Orders.new").value());
  const RouteExplanation route = nats_.ExplainRoute("orders.new").value();
  EXPECT_EQ(route.subscriptions, 31u);
  EXPECT_THAT(route.receivers, IsEmpty());
  ASSERT_THAT(route.non_receivers, SizeIs(10));
  EXPECT_THAT(route.non_receivers[0].subscription, SubjectIs("Orders.new"));
}

TEST_F(InspectTest, AStoppedBrokerShowsNothing) {
  ASSERT_TRUE(broker_.Stop().ok());
  EXPECT_EQ(CodeOf(nats_.Subscriptions()), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(nats_.ExplainRoute("a")), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(kafka_.Groups()), StatusCode::kUnavailable);
}

TEST(RequestFilterTest, EverythingThatIsSetMustHold) {
  RequestInfo produce{.operation = "kafka.Produce", .connection = 3, .client = "app"};
  produce.topics = {"a", "b"};
  RequestInfo publish{.operation = "nats.PUB", .subject = "orders.new", .error = "503"};
  const auto matches = [](const RequestInfo& request, const RequestFilter& filter) {
    return filter.Matches(request);
  };
  EXPECT_TRUE(matches(produce, {}));
  EXPECT_TRUE(matches(produce, {.operation = "kafka.*", .topic = "b", .client = "app"}));
  EXPECT_FALSE(matches(produce, {.operation = "kafka.Produc"}));
  EXPECT_FALSE(matches(produce, {.operation = "kafka.*", .topic = "c"}));
  EXPECT_FALSE(matches(produce, {.group = "g"}));
  EXPECT_FALSE(matches(produce, {.subject = ">"}));
  EXPECT_TRUE(matches(produce, {.connection = 3, .failed = false}));
  EXPECT_FALSE(matches(produce, {.connection = 4}));
  EXPECT_TRUE(matches(publish, {.subject = "orders.*", .failed = true}));
  EXPECT_FALSE(matches(publish, {.subject = "orders", .failed = true}));
  EXPECT_FALSE(matches(publish, {.failed = false}));
}

TEST(RequestTextTest, OneLineForPeople) {
  RequestInfo fetch{.sequence = 12, .operation = "kafka.Fetch", .connection = 3, .client = "app"};
  fetch.version = 11;
  fetch.topics = {"orders"};
  fetch.places = {{"orders", 0, 5, 8}, {"orders", 1, -1, -1}};
  EXPECT_EQ(fetch.ToString(),
            "#12 kafka.Fetch v11 orders[0]@5->8 orders[1] by \"app\" (connection 3), not answered "
            "yet");
  RequestInfo publish{.sequence = 4, .operation = "nats.PUB", .subject = "a", .reply = "r"};
  publish.receivers = 0;
  publish.bytes = 1;
  publish.answered = true;
  publish.error = "503 no responders";
  EXPECT_EQ(publish.ToString(),
            "#4 nats.PUB a reply r (1 byte to 0 subscriptions) by the process itself: 503 no "
            "responders");
}

TEST(MatchersTest, SayWhatTheyWantAndWhatTheyGot) {
  using ::testing::DescribeMatcher;
  EXPECT_EQ(DescribeMatcher<KafkaRecord>(HasKey("42")), "whose key is equal to \"42\"");
  EXPECT_EQ(DescribeMatcher<KafkaRecord>(Not(HasKey("42"))), "whose key isn't equal to \"42\"");
  EXPECT_EQ(DescribeMatcher<KafkaRecord>(HasHeader("h", "x")),
            "whose header \"h\" is equal to \"x\"");
  const auto explained = [](const auto& matcher, const auto& value) {
    ::testing::StringMatchResultListener listener;
    EXPECT_FALSE(::testing::ExplainMatchResult(matcher, value, &listener));
    return listener.str();
  };
  const KafkaRecord record{.key = "41", .headers = {{"h", std::nullopt}}};
  EXPECT_THAT(explained(HasKey("42"), record), HasSubstr("whose key is \"41\""));
  EXPECT_THAT(explained(HasValue("x"), record), HasSubstr("whose value is null"));
  EXPECT_THAT(explained(HasHeader("g", "x"), record), HasSubstr("no header \"g\""));
  EXPECT_THAT(explained(HasHeader("h", "x"), record), HasSubstr("header is null"));
  EXPECT_EQ(Printed(record), "record [-1]@-1 key \"41\" value null, h: null");
}

TEST(MatchersTest, OfNats) {
  const NatsMessage message{"a.b", "r", "NATS/1.0\r\nTrace: 7\r\n\r\n", "one\n"};
  EXPECT_THAT(message, AllOf(SubjectIs("a.b"), PayloadIs("one\n"), HasHeader("trace", "7"),
                             Not(HasHeader("other", ""))));
  EXPECT_THAT(Printed(message), HasSubstr("message on \"a.b\" of \"one\\n\", reply to \"r\""));
  RequestInfo request{.operation = "nats.PUB", .client = "app", .error = "no"};
  EXPECT_THAT(request, AllOf(OperationIs("nats.PUB"), ByClient("app"), FailedWith("no"),
                             Not(Succeeded()), Not(OnTopic("t")), Not(OfGroup("g"))));
}

}  // namespace
}  // namespace wherry
