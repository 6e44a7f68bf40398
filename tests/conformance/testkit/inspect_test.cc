// Looking inside while stock clients are at work: connections, subscriptions, routes, records and
// groups.
#include "tests/conformance/testkit/inside_test.h"

namespace wherry::conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
using namespace wherry::testing;  // NOLINT: the matchers read best without

using Verdict = RouteExplanation::Verdict;
using InspectClientsTest = InsideTest;

TEST_P(InspectClientsTest, SubscriptionsTellWhoseTheyAre) {
  const NatsConnection audit = ConnectAs("audit");
  const NatsConnection worker = ConnectAs("worker");
  const NatsSub all = Subscribe(audit, "orders.>");
  const NatsSub share = Subscribe(worker, "orders.new", "workers");
  Publish(audit, "orders.new", "1");
  Publish(audit, "orders.old", "2");
  Flush(audit);
  Flush(worker);
  const auto subscriptions = ns_.nats().Subscriptions().value();
  ASSERT_THAT(subscriptions,
              ElementsAre(AllOf(SubjectIs("orders.>"), QueueIs(""), ByClient("audit")),
                          AllOf(SubjectIs("orders.new"), QueueIs("workers"), ByClient("worker"))));
  EXPECT_EQ(subscriptions[0].connection, IdOf(audit));
  EXPECT_EQ(subscriptions[1].connection, IdOf(worker));
  EXPECT_EQ(subscriptions[0].delivered, 2u);
  EXPECT_EQ(subscriptions[1].delivered, 1u);
  EXPECT_THAT(broker_.nats().Subscriptions().value(), IsEmpty()) << "another namespace";
}

TEST_P(InspectClientsTest, ConnectionsOfBothProtocols) {
  const NatsConnection app = ConnectAs("app");
  const NatsSub sub = Subscribe(app, "a");
  Publish(app, "a", "12345");
  Flush(app);
  Producer producer(bootstrap(), {{"client.id", "shop"}});
  producer.Send("t", "k", "v");
  producer.FlushWell();
  const auto connections = ns_.connections().value();
  ASSERT_FALSE(connections.empty());
  const ConnectionInfo& nats = connections.front();
  EXPECT_EQ(nats.protocol, "nats");
  EXPECT_EQ(nats.id, IdOf(app));
  EXPECT_EQ(nats.client, "app");
  EXPECT_THAT(nats.library, StartsWith("C "));
  EXPECT_EQ(nats.subscriptions, 1u);
  EXPECT_EQ(nats.in_bytes, 5u);
  EXPECT_EQ(nats.out_bytes, 5u);
  EXPECT_GT(nats.since, std::chrono::system_clock::now() - std::chrono::hours(1));
  // librdkafka has one to the bootstrap address, and perhaps one to the node that it found there.
  ASSERT_THAT(connections, SizeIs(::testing::Gt(1u)));
  for (std::size_t i = 1; i < connections.size(); ++i) {
    const ConnectionInfo& kafka = connections[i];
    EXPECT_EQ(kafka.protocol, "kafka");
    EXPECT_EQ(kafka.client, "shop");
    EXPECT_THAT(kafka.library, StartsWith("librdkafka "));
    EXPECT_THAT(kafka.remote, StartsWith("127.0.0.1:"));
    EXPECT_GT(kafka.requests, 0u);
    EXPECT_GT(kafka.in_bytes, 0u);
    EXPECT_GT(kafka.out_bytes, 0u);
  }
}

TEST_P(InspectClientsTest, RecordsOfAWholeTopic) {
  ASSERT_EQ(Admin(bootstrap()).CreateTopic("orders", 3), RD_KAFKA_RESP_ERR_NO_ERROR);
  Producer producer(bootstrap());
  producer.Send("orders", Record{.partition = 2, .key = "42", .value = "paid"});
  producer.Send("orders", Record{.partition = 0,
                                 .value = "new",
                                 .headers = {{"trace", "7"}, {"empty", std::nullopt}}});
  producer.FlushWell();
  EXPECT_THAT(
      ns_.kafka().Records("orders").value(),
      ElementsAre(AllOf(OnPartition(0), HasNoKey(), HasValue("new"), HasHeader("trace", "7"),
                        Not(HasHeader("empty", ""))),
                  AllOf(OnPartition(2), AtOffset(0), HasKey("42"), HasValue(HasSubstr("ai")))));
}

TEST_P(InspectClientsTest, AGroupTellsWhoHasWhatAndHowFarItIs) {
  ASSERT_EQ(Admin(bootstrap()).CreateTopic("orders", 2), RD_KAFKA_RESP_ERR_NO_ERROR);
  Producer producer(bootstrap());
  producer.Send("orders", Record{.partition = 1, .value = "1"});
  producer.FlushWell();
  {
    Consumer consumer(bootstrap(), "billing", {{"client.id", "biller"}});
    consumer.Subscribe("orders");
    const std::vector<Record> read = consumer.Read(1);
    ASSERT_THAT(read, SizeIs(1));
    ASSERT_EQ(consumer.Commit("orders", read[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    const GroupInfo group = ns_.kafka().DescribeGroup("billing").value();
    EXPECT_EQ(group.state, "Stable");
    EXPECT_EQ(group.generation, 1);
    EXPECT_EQ(group.protocol_type, "consumer");
    EXPECT_FALSE(group.protocol.empty());
    ASSERT_THAT(group.members, SizeIs(1));
    EXPECT_EQ(group.members[0].client_id, "biller");
    EXPECT_THAT(group.members[0].host, HasSubstr("127.0.0.1"));
    EXPECT_THAT(group.members[0].assignment, ElementsAre(Pair("orders", ElementsAre(0, 1))));
    EXPECT_THAT(group.offsets, ElementsAre(Pair(Pair("orders", 1), 1)));
  }
  const auto groups = ns_.kafka().Groups().value();
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups[0].group, "billing");
  EXPECT_EQ(groups[0].state, "Empty") << "its member has left";
  EXPECT_THAT(groups[0].members, IsEmpty());
  EXPECT_THAT(groups[0].offsets, SizeIs(1));
}

TEST_P(InspectClientsTest, ARouteIsExplained) {
  const NatsConnection app = ConnectAs("app");
  EXPECT_EQ(ns_.nats().ExplainRoute("orders.new").value().ToString(),
            "nobody gets a message on \"orders.new\": there is no subscription at all");
  Publish(app, "orders.new", "lost");
  Flush(app);
  const NatsSub typed = Subscribe(app, "ordres.new");
  const NatsSub first = Subscribe(app, "orders.*", "workers");
  const NatsConnection other = ConnectAs("other");
  const NatsSub second = Subscribe(other, "orders.>", "workers");
  const NatsSub all = Subscribe(other, ">");
  const RouteExplanation route = ns_.nats().ExplainRoute("orders.new").value();
  EXPECT_EQ(route.subscriptions, 4u);
  EXPECT_EQ(route.deliveries, 2u);
  ASSERT_THAT(route.receivers, SizeIs(3));
  EXPECT_EQ(route.receivers[0].verdict, Verdict::kReceives);
  EXPECT_THAT(route.receivers[0].subscription, AllOf(SubjectIs(">"), ByClient("other")));
  EXPECT_EQ(route.receivers[1].verdict, Verdict::kOneOfQueue);
  EXPECT_THAT(route.receivers[1].why, HasSubstr("one of its 2 members"));
  ASSERT_THAT(route.non_receivers, SizeIs(1));
  EXPECT_THAT(route.non_receivers[0].subscription, AllOf(SubjectIs("ordres.new"), ByClient("app")));
  EXPECT_THAT(route.unheard, ElementsAre(AllOf(SubjectIs("orders.new"), PayloadIs("lost"))));
  EXPECT_THAT(route.ToString(),
              AllOf(HasSubstr("is delivered 2 times"), HasSubstr("a typing error?"),
                    HasSubstr("1 message on it reached nobody before")));
}

INSTANTIATE_TEST_SUITE_P(Threads, InspectClientsTest, ::testing::Values(1, 3));

TEST(InspectPermissionsTest, ADenialIsAReason) {
  Options options;
  NatsUser user{.user = "reader", .password = "secret"};
  user.permissions = NatsPermissions{.subscribe = NatsSubjectRules{.deny = {"orders.secret"}}};
  options.nats.users = {user};
  Broker broker = Broker::Start(options).value();
  NatsConnectOptions client = ConnectOptions(broker.Url("nats"));
  natsOptions_SetUserInfo(client.get(), "reader", "secret");
  const NatsConnection connection = Connect(client);
  const NatsSub all = Subscribe(connection, "orders.*");
  EXPECT_THAT(broker.nats().ExplainRoute("orders.new").value().receivers, SizeIs(1));
  const RouteExplanation route = broker.nats().ExplainRoute("orders.secret").value();
  EXPECT_THAT(route.receivers, IsEmpty());
  EXPECT_EQ(route.deliveries, 0u);
  ASSERT_THAT(route.non_receivers, SizeIs(1));
  EXPECT_EQ(route.non_receivers[0].verdict, Verdict::kPermissionDenied);
  EXPECT_EQ(route.non_receivers[0].subscription.user, "reader");
  EXPECT_THAT(route.ToString(), HasSubstr("permissions of user \"reader\" deny"));
}

}  // namespace
}  // namespace wherry::conformance
