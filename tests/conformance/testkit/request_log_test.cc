// The log of what stock clients ask for.
#include "tests/conformance/testkit/inside_test.h"

namespace wherry::conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace wherry::testing;  // NOLINT: the matchers read best without

using RequestLogOfClientsTest = InsideTest;

TEST_P(RequestLogOfClientsTest, WhatANatsClientDid) {
  const NatsConnection app = ConnectAs("app");
  {
    const NatsSub sub = Subscribe(app, "orders.*", "workers");
    Publish(app, "orders.new", "hello");
    Publish(app, "nowhere", "");
    Flush(app);
    natsSubscription_Unsubscribe(sub.get());
    Flush(app);
  }
  const auto requests = ns_.Requests({.client = "app"});
  EXPECT_THAT(requests,
              ElementsAre(OperationIs("nats.CONNECT"),
                          AllOf(OperationIs("nats.SUB"), SubjectIs("orders.*"), QueueIs("workers")),
                          AllOf(OperationIs("nats.PUB"), SubjectIs("orders.new"),
                                PayloadIs("hello"), Field(&RequestInfo::receivers, 1)),
                          AllOf(SubjectIs("nowhere"), Field(&RequestInfo::receivers, 0)),
                          AllOf(OperationIs("nats.UNSUB"), SubjectIs("orders.*"))));
  EXPECT_THAT(requests, Each(AllOf(Succeeded(), Field(&RequestInfo::connection, IdOf(app)))));
  EXPECT_THAT(broker_.requests(), IsEmpty()) << "another namespace";
}

TEST_P(RequestLogOfClientsTest, EveryMessageOfARun) {
  const NatsConnection app = ConnectAs("app");
  const NatsConnection reader = ConnectAs("reader");
  const NatsSub sub = Subscribe(reader, "run");
  for (int i = 0; i < 500; ++i) Publish(app, "run", std::to_string(i));
  Flush(app);
  const auto messages = ns_.Requests({.operation = "nats.PUB"});
  ASSERT_THAT(messages, SizeIs(500));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].payload, std::to_string(i));
    EXPECT_EQ(messages[i].receivers, 1);
  }
  EXPECT_THAT(NextPayloads(sub, 500), SizeIs(500)) << "and they still arrive";
}

TEST_P(RequestLogOfClientsTest, ARequestThatNobodyCouldAnswer) {
  const NatsConnection app = ConnectAs("app");
  natsMsg* reply = nullptr;
  EXPECT_EQ(natsConnection_RequestString(&reply, app.get(), "nobody", "?", kPatience.count()),
            NATS_NO_RESPONDERS);
  EXPECT_THAT(ns_.Requests({.operation = "nats.PUB"}),
              ElementsAre(AllOf(SubjectIs("nobody"), FailedWith(HasSubstr("no responders")))));
}

TEST_P(RequestLogOfClientsTest, WhatKafkaClientsDid) {
  {
    Producer producer(bootstrap(), {{"client.id", "shop"}});
    producer.Send("orders", "k", "v");
    producer.FlushWell();
    Consumer consumer(bootstrap(), "billing", {{"client.id", "biller"}});
    consumer.Subscribe("orders");
    const std::vector<Record> read = consumer.Read(1);
    ASSERT_THAT(read, SizeIs(1));
    ASSERT_EQ(consumer.Commit("orders", read[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  const auto produced = ns_.Requests({.operation = "kafka.Produce", .client = "shop"});
  ASSERT_THAT(produced, ElementsAre(AllOf(OnTopic("orders"), Succeeded())));
  ASSERT_THAT(produced[0].places, SizeIs(1));
  EXPECT_EQ(produced[0].places[0].answered, 0) << "the record's offset";

  EXPECT_THAT(ns_.Requests({.operation = "kafka.*", .group = "billing"}),
              AllOf(Each(ByClient("biller")), Contains(OperationIs("kafka.FindCoordinator")),
                    Contains(OperationIs("kafka.JoinGroup")),
                    Contains(OperationIs("kafka.LeaveGroup"))));
  const auto synced = ns_.Requests({.operation = "kafka.SyncGroup"});
  ASSERT_THAT(synced, SizeIs(1));
  ASSERT_THAT(synced[0].places, SizeIs(1)) << "what the member was assigned";
  EXPECT_EQ(synced[0].places[0].topic, "orders");
  const auto committed = ns_.Requests({.operation = "kafka.OffsetCommit", .topic = "orders"});
  ASSERT_FALSE(committed.empty());
  EXPECT_EQ(committed[0].places[0].asked, 1);
  std::int64_t read_to = -1;
  for (const RequestInfo& fetch : ns_.Requests({.operation = "kafka.Fetch", .topic = "orders"})) {
    read_to = std::max(read_to, fetch.places.at(0).answered);
  }
  EXPECT_EQ(read_to, 1) << "behind the record that was sent";
}

TEST_P(RequestLogOfClientsTest, AnErrorHasItsName) {
  ASSERT_NE(Admin(bootstrap()).DeleteTopic("absent"), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_THAT(ns_.Requests({.operation = "kafka.DeleteTopics"}),
              ElementsAre(AllOf(OnTopic("absent"), FailedWith("UNKNOWN_TOPIC_OR_PARTITION"))));
  EXPECT_THAT(ns_.Requests({.failed = false}), Not(Contains(OnTopic("absent"))));
}

TEST_P(RequestLogOfClientsTest, AResetForgets) {
  {
    const NatsConnection app = ConnectAs("app");
    Publish(app, "a", "1");
    Flush(app);
  }
  ASSERT_THAT(ns_.requests(), Not(IsEmpty()));
  ASSERT_TRUE(ns_.Reset().ok());
  EXPECT_THAT(ns_.requests(), IsEmpty());
  Producer producer(bootstrap());
  producer.Send("t", "k", "v");
  producer.FlushWell();
  EXPECT_THAT(ns_.Requests({.operation = "kafka.Produce"}), SizeIs(1)) << "the new topics log, too";
}

INSTANTIATE_TEST_SUITE_P(Threads, RequestLogOfClientsTest, ::testing::Values(1, 3));

TEST(RequestLogOfUsersTest, ARefusedClientIsLoggedHoweverItsPasswordIsChecked) {
  Options options;
  options.history = 100;
  NatsUser plain{.user = "plain", .password = "s3cret"};
  // The same, checked on a thread of its own.
  NatsUser hashed{.user = "hashed"};
  hashed.password = "$2a$04$.Cc/sXqAuZ68WFdnu5fKvurg13Zojq4ktuHqS/0JA1LPtxJfmeZD6";
  options.nats.users = {plain, hashed};
  Broker broker = Broker::Start(options).value();
  const auto connect = [&](const char* user, const char* password) {
    NatsConnectOptions client = ConnectOptions(broker.Url("nats"));
    natsOptions_SetUserInfo(client.get(), user, password);
    natsOptions_SetName(client.get(), user);
    return TryConnect(client);
  };
  for (const char* user : {"plain", "hashed"}) {
    EXPECT_NE(connect(user, "wrong"), NATS_OK);
    EXPECT_EQ(connect(user, "s3cret"), NATS_OK);
  }
  EXPECT_THAT(broker.Requests({.operation = "nats.CONNECT"}),
              ElementsAre(AllOf(ByClient("plain"), FailedWith("Authorization Violation")),
                          AllOf(ByClient("plain"), Succeeded()),
                          AllOf(ByClient("hashed"), FailedWith("Authorization Violation")),
                          AllOf(ByClient("hashed"), Succeeded())));
}

TEST(RequestLogOfUsersTest, AMessageThatIsNotAllowed) {
  Options options;
  options.history = 100;
  NatsUser user{.user = "u", .password = "p"};
  user.permissions = NatsPermissions{.publish = NatsSubjectRules{.deny = {"secret"}}};
  options.nats.users = {user};
  Broker broker = Broker::Start(options).value();
  NatsConnectOptions client = ConnectOptions(broker.Url("nats"));
  natsOptions_SetUserInfo(client.get(), "u", "p");
  const NatsConnection connection = Connect(client);
  Publish(connection, "secret", "1");
  // Ends when the refusal has come, or everything has been handled.
  natsConnection_FlushTimeout(connection.get(), kPatience.count());
  EXPECT_THAT(broker.Requests({.operation = "nats.PUB"}),
              ElementsAre(AllOf(SubjectIs("secret"),
                                FailedWith("Permissions Violation for Publish to \"secret\""))));
}

TEST(RequestLogOffTest, WithoutAHistoryThereIsNone) {
  Broker broker = Broker::Start({}).value();
  const NatsConnection app = Connect(broker.Url("nats"));
  Publish(app, "a", "1");
  Flush(app);
  EXPECT_THAT(broker.requests(), IsEmpty());
  const Status lint = broker.Lint().status();
  EXPECT_EQ(lint.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(lint.message(), HasSubstr("Options::history"));
}

TEST(RequestLogOffTest, OnlyTheNewestAreKept) {
  Broker broker = Broker::Start({.history = 3}).value();
  const NatsConnection app = Connect(broker.Url("nats"));
  for (int i = 0; i < 10; ++i) Publish(app, "a", std::to_string(i));
  Flush(app);
  EXPECT_THAT(broker.requests(), ElementsAre(PayloadIs("7"), PayloadIs("8"), PayloadIs("9")));
}

}  // namespace
}  // namespace wherry::conformance
