// Waiting for conditions, without stock clients: what the facade itself says and does.
#include <future>
#include <thread>

#include "tests/conformance/support/raw_socket.h"
#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using conformance::AddressOfUrl;
using conformance::RawSocket;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

// So short that a test may wait for it in vain.
constexpr milliseconds kShort{20};

class AwaitTest : public EmbedTest {
 protected:
  Status Await(const Condition& condition) { return broker().Await(condition, kPatience); }
  std::string Seen(const Condition& condition) {
    const Status status = broker().Await(condition, kShort);
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
    return status.message();
  }
  // A NATS client that has said CONNECT, and answers PING only where the test does.
  RawSocket Client() {
    RawSocket client(AddressOfUrl(broker().Url("nats")));
    client.Send("CONNECT {\"verbose\":false,\"name\":\"raw\"}\r\nPING\r\n");
    EXPECT_TRUE(client.AwaitText("PONG\r\n"));
    client.Take();
    return client;
  }
};

TEST_P(AwaitTest, HoldsAtOnceOrWhenSomethingHappens) {
  EXPECT_TRUE(Await(Unsubscribed("a")).ok());
  EXPECT_TRUE(Await(GroupEmpty("nobody")).ok());
  EXPECT_TRUE(Await(Connections("nats", 0)).ok());
  auto waiting = std::async(std::launch::async, [this] { return Await(Subscribed("a.*")); });
  auto other = std::async(std::launch::async, [this] { return Await(RecordCount("t", 2)); });
  RawSocket client = Client();
  client.Send("SUB a.b 1\r\nSUB a.* 2\r\n");
  EXPECT_TRUE(waiting.get().ok());
  ASSERT_TRUE(kafka().CreateTopic("t", 2).ok());
  ASSERT_TRUE(kafka().Append("t", {.value = "1"}, 0).ok());
  ASSERT_TRUE(kafka().Append("t", {.value = "2"}, 1).ok());
  EXPECT_TRUE(other.get().ok());
}

TEST_P(AwaitTest, CountsTheSubscriptionsThatAMessageWouldReach) {
  RawSocket client = Client();
  client.Send("SUB a.b 1\r\nSUB a.> workers 2\r\nSUB a.> workers 3\r\nSUB c 4\r\n");
  EXPECT_TRUE(Await(Subscribed("a.b", 3)).ok());
  EXPECT_TRUE(Await(Subscribed("a.>", 2)).ok());
  EXPECT_THAT(Seen(Subscribed("a.b", 4)),
              HasSubstr("waited 20 ms for 4 subscriptions to \"a.b\": there are 3; what is "
                        "subscribed to: \"a.>\", \"a.b\", \"c\""));
  EXPECT_THAT(Seen(Subscribed("a.*")), HasSubstr("there are 0; "));
  EXPECT_THAT(Seen(Unsubscribed("c")), HasSubstr("no subscription to \"c\": there is 1; "));
  client.Send("UNSUB 4\r\n");
  EXPECT_TRUE(Await(Unsubscribed("c")).ok());
  client.Reset();
  EXPECT_TRUE(Await(Unsubscribed("a.b")).ok());
  EXPECT_THAT(Seen(Subscribed("a.b")), HasSubstr("there are 0; nobody is subscribed to anything"));
}

TEST_P(AwaitTest, CountsConnections) {
  EXPECT_THAT(Seen(Connections("nats", 1)),
              HasSubstr("waited 20 ms for 1 connection of nats: there are 0"));
  std::optional<RawSocket> client = Client();
  RawSocket kafka_client(broker().Address("kafka"));
  EXPECT_TRUE(Await(Connections("nats", 1)).ok());
  EXPECT_TRUE(Await(Connections("kafka", 1)).ok());
  client.reset();
  kafka_client.Reset();
  EXPECT_TRUE(Await(Connections("nats", 0)).ok());
  EXPECT_TRUE(Await(Connections("kafka", 0)).ok());
}

TEST_P(AwaitTest, SaysWhatIsLacking) {
  EXPECT_THAT(Seen(RecordCount("t", 1)), HasSubstr("there is no such topic"));
  EXPECT_THAT(Seen(Consumed("t", "g")), HasSubstr("there is no such topic"));
  EXPECT_THAT(Seen(GroupStable("g")),
              HasSubstr("group \"g\" to be stable with 1 member: there is no such group"));
  ASSERT_TRUE(kafka().CreateTopic("t", 2).ok());
  EXPECT_THAT(Seen(Consumed("t", "g")), HasSubstr("nothing was written to it"));
  ASSERT_TRUE(kafka().Append("t", {.value = "1"}, 1).ok());
  EXPECT_THAT(Seen(Consumed("t", "g")),
              HasSubstr("group \"g\" to have consumed topic \"t\": it has committed nothing of 1 "
                        "in partition 1"));
  EXPECT_THAT(Seen(RecordCount("t", 2)), HasSubstr("it holds 1"));
}

TEST_P(AwaitTest, RefusesWhatIsNoCondition) {
  EXPECT_EQ(CodeOf(Await({.kind = "nats.subscribd", .name = "a"})), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Await(Subscribed("a b"))), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Await(GroupStable(""))), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Await(RecordCount("t", -1))), StatusCode::kInvalidArgument);
  const Status unknown = Await(Connections("amqp", 1));
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.message(), HasSubstr("nats and kafka"));
}

TEST_P(AwaitTest, NotInACallback) {
  std::promise<StatusCode> awaited, idle;
  auto subscription = broker().nats().Subscribe("s", [&](const NatsMessage&) {
    awaited.set_value(CodeOf(broker().Await(Unsubscribed("a"), kShort)));
    idle.set_value(CodeOf(broker().AwaitIdle(kShort)));
  });
  ASSERT_TRUE(broker().nats().Publish("s", "").ok());
  EXPECT_EQ(awaited.get_future().get(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(idle.get_future().get(), StatusCode::kFailedPrecondition);
}

TEST_P(AwaitTest, EndsWithTheBroker) {
  auto waiting = std::async(std::launch::async, [this] { return Await(Subscribed("a")); });
  RawSocket client = Client();
  client.Send("SUB b 1\r\nPUB b 1\r\nx\r\n");  // and never reads it
  auto idle = std::async(std::launch::async, [this] { return broker().AwaitIdle(kPatience); });
  EXPECT_TRUE(client.AwaitText("MSG b"));
  EXPECT_TRUE(broker().Stop().ok());
  EXPECT_EQ(CodeOf(waiting.get()), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(idle.get()), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(Await(Unsubscribed("a"))), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(broker().AwaitIdle()), StatusCode::kUnavailable);
}

TEST_P(AwaitTest, OutlivesACrash) {
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  auto waiting = std::async(std::launch::async, [this] { return Await(RecordCount("t", 1)); });
  ASSERT_TRUE(broker().Crash().ok());
  EXPECT_THAT(Seen(GroupStable("g")), HasSubstr("the broker has crashed"));
  EXPECT_THAT(Seen(RecordCount("t", 1)), HasSubstr("there is no such topic"));
  EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());
  ASSERT_TRUE(broker().Restart().ok());
  if (GetParam() == Store::kMemory) {
    ASSERT_TRUE(kafka().CreateTopic("t").ok());
  }
  ASSERT_TRUE(kafka().Append("t", {.value = "v"}).ok());
  EXPECT_TRUE(waiting.get().ok());
}

TEST_P(AwaitTest, IsIdleWhenClientsHaveReadWhatTheyWereSent) {
  EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());
  RawSocket client = Client();
  client.Send("SUB a 1\r\nPUB a 5\r\nhello\r\n");
  EXPECT_TRUE(client.AwaitText("hello\r\n"));
  const Status pending = broker().AwaitIdle(kShort);
  EXPECT_EQ(pending.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(pending.message(),
              AllOf(HasSubstr("waited 20 ms for the broker to come to rest; it has not:\n  NATS "
                              "client "),
                    HasSubstr(" \"raw\" has not read all that it was sent")));
  auto idle = std::async(std::launch::async, [this] { return broker().AwaitIdle(kPatience); });
  // One PONG for each PING there was; in the second, a message that it had not sent before.
  ASSERT_TRUE(client.AwaitText("PING\r\nPING\r\n"));
  client.Take();
  client.Send("PONG\r\nPUB a 4\r\nmore\r\nPONG\r\n");
  ASSERT_TRUE(client.AwaitText("more\r\n"));
  ASSERT_TRUE(client.AwaitText("PING\r\n"));
  client.Send("PONG\r\n");
  EXPECT_TRUE(idle.get().ok());
}

TEST_P(AwaitTest, EveryNamespaceWaitsForItsOwn) {
  Namespace other = broker().NewNamespace("other").value();
  RawSocket client = Client();  // of the default one; it answers no PING
  client.Send("SUB a 1\r\n");
  EXPECT_TRUE(Await(Subscribed("a")).ok());
  EXPECT_TRUE(other.AwaitIdle(kPatience).ok());
  EXPECT_TRUE(other.Await(Unsubscribed("a"), kPatience).ok());
  EXPECT_TRUE(other.Await(Connections("nats", 0), kPatience).ok());
  EXPECT_EQ(CodeOf(other.Await(Subscribed("a"), kShort)), StatusCode::kDeadlineExceeded);
}

TEST_P(AwaitTest, OnSeveralThreads) {
  options_.threads = 3;
  Restart();
  auto waiting = std::async(std::launch::async, [this] { return Await(Subscribed("a", 3)); });
  std::vector<RawSocket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Client());
    clients.back().Send("SUB a 1\r\n");
  }
  EXPECT_TRUE(waiting.get().ok());
  auto idle = std::async(std::launch::async, [this] { return broker().AwaitIdle(kPatience); });
  for (RawSocket& client : clients) {
    ASSERT_TRUE(client.AwaitText("PING\r\n"));
    client.Send("PONG\r\n");
  }
  EXPECT_TRUE(idle.get().ok());
}

INSTANTIATE_TEST_SUITE_P(Store, AwaitTest, ::testing::Values(Store::kMemory, Store::kDisk),
                         StoreName);

}  // namespace
}  // namespace wherry
