// Faults that a test asks for, as nats.c meets them.
#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_client.h"
#include "tests/conformance/nats/nats_events.h"
#include "tests/conformance/support/broker_faults.h"
#include "tests/conformance/support/environment.h"
#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NatsFaultsTest : public ::testing::Test {
 protected:
  static Options BrokerOptions() {
    Options options;
    const std::string threads = Environment("WHERRY_TEST_THREADS");
    options.threads = threads.empty() ? 1 : std::stoi(threads);
    return options;
  }

  Faults& faults() { return broker_.faults(); }
  void Add(const Fault& fault) { AddFault(broker_, fault); }
  std::uint64_t fired() { return FiredFaults(broker_); }
  NatsConnectOptions Named(const std::string& name) {
    NatsConnectOptions options = ConnectOptions(url());
    natsOptions_SetName(options.get(), name.c_str());
    return options;
  }
  NatsConnectOptions Patient() {
    NatsConnectOptions options = ConnectOptions(url());
    natsOptions_SetAllowReconnect(options.get(), true);
    natsOptions_SetMaxReconnect(options.get(), -1);
    natsOptions_SetReconnectWait(options.get(), 10);
    natsOptions_SetReconnectJitter(options.get(), 1, 1);
    events_.Watch(options.get());
    return options;
  }
  // A raw client that has said CONNECT, and whose first PONG has come.
  RawSocket Raw(const std::string& connect = R"({"verbose":false,"pedantic":false})") {
    RawSocket socket(broker_.Address("nats"));
    socket.Send("CONNECT " + connect + "\r\nPING\r\n");
    EXPECT_TRUE(socket.AwaitText("PONG\r\n"));
    socket.Take();
    return socket;
  }
  std::string url() const { return broker_.Url("nats"); }

  Broker broker_ = Broker::Start(BrokerOptions()).value();
  NatsEvents events_;
};

TEST_F(NatsFaultsTest, APublishIsDroppedTheNthTime) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, "orders.*");
  Add(Fault::On("nats.PUB").Subject("orders.>").Skip(1).Times(1).Drop());
  for (const char* payload : {"1", "2", "3"}) Publish(connection, "orders.new", payload);
  Publish(connection, "bills.new", "not asked about");
  EXPECT_THAT(NextPayloads(subscription, 2), ElementsAre("1", "3"));
  Flush(connection);
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
  EXPECT_EQ(fired(), 1u);
}

TEST_F(NatsFaultsTest, ADroppedSubscriptionIsNeverMade) {
  const NatsConnection connection = Connect(url());
  Add(Fault::On("nats.SUB").Subject("lost").Drop());
  const NatsSub lost = Subscribe(connection, "lost");
  const NatsSub kept = Subscribe(connection, "kept");
  Publish(connection, "lost", "x");
  Publish(connection, "kept", "x");
  EXPECT_THAT(NextPayloads(kept, 1), ElementsAre("x"));
  EXPECT_THAT(ArrivedPayloads(lost), IsEmpty());
}

TEST_F(NatsFaultsTest, ADroppedUnsubscribeLeavesTheSubscription) {
  RawSocket socket = Raw();
  Add(Fault::On("nats.UNSUB").Subject("s").Times(1).Drop());
  socket.Send("SUB s 1\r\nUNSUB 1\r\nPUB s 1\r\na\r\nUNSUB 1\r\nPUB s 1\r\nb\r\nPING\r\n");
  EXPECT_TRUE(socket.AwaitText("PONG\r\n"));
  EXPECT_EQ(socket.received(), "MSG s 1 1\r\na\r\nPONG\r\n");
}

TEST_F(NatsFaultsTest, ARequestTimesOutWhenItsAnswerIsLost) {
  const NatsConnection requester = Connect(Named("requester"));
  auto answering = broker_.nats().Subscribe("help", [this](const NatsMessage& message) {
    EXPECT_TRUE(broker_.nats().Publish({message.reply, "", "", "here"}).ok());
  });
  ASSERT_TRUE(answering.ok());
  Add(Fault::On("nats.MSG").Client("requester").Subject("_INBOX.>").Times(1).Drop());
  natsMsg* answer = nullptr;
  EXPECT_EQ(natsConnection_RequestString(&answer, requester.get(), "help", "?", 200), NATS_TIMEOUT);
  EXPECT_EQ(natsConnection_RequestString(&answer, requester.get(), "help", "?", kPatience.count()),
            NATS_OK);
  EXPECT_EQ(DataOf(NatsMsg(answer)), "here");
}

TEST_F(NatsFaultsTest, ADelayedMessageComesLaterAndInOrder) {
  const NatsConnection subscriber = Connect(Named("slow"));
  const NatsConnection other = Connect(url());
  const NatsSub slow = Subscribe(subscriber, "s");
  const NatsSub quick = Subscribe(other, "s");
  Add(Fault::On("nats.MSG").Client("slow").Times(1).Delay(milliseconds(150)));
  const auto begin = steady_clock::now();
  for (const char* payload : {"1", "2", "3"}) Publish(other, "s", payload);
  EXPECT_THAT(NextPayloads(quick, 3), ElementsAre("1", "2", "3"));
  EXPECT_THAT(NextPayloads(slow, 3), ElementsAre("1", "2", "3"));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(150));
}

TEST_F(NatsFaultsTest, ADelayedPublishHoldsUpWhatIsBehindIt) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, ">");
  Add(Fault::On("nats.PUB").Subject("late").Times(1).Delay(milliseconds(100)));
  const std::string large(100'000, 'x');
  const auto begin = steady_clock::now();
  Publish(publisher, "first", "1");
  Publish(publisher, "late", large);
  Publish(publisher, "behind", "3");
  Flush(publisher);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(100));
  EXPECT_THAT(NextPayloads(subscription, 3), ElementsAre("1", large, "3"));
}

TEST_F(NatsFaultsTest, AnErrorIsToldInItsWords) {
  Add(Fault::On("nats.PUB").Subject("s").Times(1).Fail("Quota Exceeded"));
  RawSocket socket = Raw();
  socket.Send("SUB s 1\r\nPUB s 1\r\na\r\nPUB s 1\r\nb\r\nPING\r\n");
  EXPECT_TRUE(socket.AwaitText("PONG\r\n"));
  EXPECT_EQ(socket.received(), "-ERR 'Quota Exceeded'\r\nMSG s 1 1\r\nb\r\nPONG\r\n");
}

TEST_F(NatsFaultsTest, AConnectThatFailsIsRefused) {
  Add(Fault::On("nats.CONNECT").Client("mallory").Fail("Authorization Violation"));
  EXPECT_EQ(TryConnect(Named("mallory")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(TryConnect(Named("alice")), NATS_OK);
}

TEST_F(NatsFaultsTest, AConnectionThatHangsAnswersNothing) {
  const NatsConnection connection = Connect(Named("hanging"));
  const NatsConnection other = Connect(url());
  const NatsSub subscription = Subscribe(other, "s");
  Add(Fault::On("nats.PUB").Client("hanging").Hang());
  Publish(connection, "s", "never");
  EXPECT_EQ(natsConnection_FlushTimeout(connection.get(), 150), NATS_TIMEOUT);
  EXPECT_EQ(natsConnection_Status(connection.get()), NATS_CONN_STATUS_CONNECTED);
  Flush(other);
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
}

TEST_F(NatsFaultsTest, ASubscriberThatHangsHearsNoMoreMessages) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, "s");
  Add(Fault::On("nats.MSG").Skip(1).Times(1).Hang());
  for (const char* payload : {"1", "2", "3"}) Publish(connection, "s", payload);
  Flush(connection);
  EXPECT_THAT(ArrivedPayloads(subscription), ElementsAre("1"));
}

TEST_F(NatsFaultsTest, AResetPublisherConnectsAgain) {
  const NatsConnection connection = Connect(Patient());
  const NatsSub subscription = Subscribe(connection, "s");
  Add(Fault::On("nats.PUB").Times(1).Reset());
  Publish(connection, "s", "lost");
  ASSERT_TRUE(events_.AwaitReconnected());
  Publish(connection, "s", "after");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("after"));
}

TEST_F(NatsFaultsTest, APublishMayArriveAndItsConnectionBeLost) {
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, "s");
  const NatsConnection connection = Connect(Patient());
  Add(Fault::On("nats.PUB").Times(1).AfterApply().Close());
  Publish(connection, "s", "arrives");
  ASSERT_TRUE(events_.AwaitReconnected());
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("arrives"));
}

TEST_F(NatsFaultsTest, AnAnswerMayBeLostBehindWhatWasDone) {
  RawSocket socket = Raw(R"({"verbose":true,"pedantic":false})");
  Add(Fault::On("nats.SUB").Times(1).AfterApply().Drop());
  Add(Fault::On("nats.PING").Times(1).AfterApply().Fail("Late"));
  socket.Send("SUB s 1\r\nPUB s 1\r\na\r\nPING\r\nPING\r\n");
  EXPECT_TRUE(socket.AwaitText("PONG\r\n"));
  EXPECT_EQ(socket.received(), "+OK\r\nMSG s 1 1\r\na\r\n-ERR 'Late'\r\nPONG\r\n");
}

TEST_F(NatsFaultsTest, AMessageMayCostItsSubscriberTheConnection) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(Patient());
  const NatsSub subscription = Subscribe(subscriber, "s");
  Add(Fault::On("nats.MSG").Times(1).Reset());
  Publish(publisher, "s", "lost");
  ASSERT_TRUE(events_.AwaitReconnected());
  Flush(subscriber);  // its subscription is made again
  Publish(publisher, "s", "after");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("after"));
}

TEST_F(NatsFaultsTest, ASubscribersConnectionMayEndInOrderBehindWhatItWasSent) {
  RawSocket subscriber = Raw();
  subscriber.Send("SUB s 1\r\nPING\r\n");
  ASSERT_TRUE(subscriber.AwaitText("PONG\r\n"));
  subscriber.Take();
  Add(Fault::On("nats.MSG").Skip(1).Times(1).Close());
  RawSocket publisher = Raw();
  // What stands behind the second message in the publisher's bytes is handled all the same.
  publisher.Send("PUB s 1\r\n1\r\nPUB s 1\r\n2\r\nPUB s 1\r\n3\r\nPING\r\n");
  EXPECT_TRUE(publisher.AwaitText("PONG\r\n"));
  EXPECT_EQ(publisher.received(), "PONG\r\n");
  EXPECT_TRUE(subscriber.AwaitClosed());
  EXPECT_EQ(subscriber.received(), "MSG s 1 1\r\n1\r\n");
}

TEST_F(NatsFaultsTest, ConnectionsAreRefusedOneByOne) {
  Add(Fault::On("nats.connection").Skip(2).Times(1).Close());
  Add(Fault::On("nats.connection").Times(1).Reset());
  EXPECT_NE(TryConnect(ConnectOptions(url())), NATS_OK);
  EXPECT_EQ(TryConnect(ConnectOptions(url())), NATS_OK);
  EXPECT_NE(TryConnect(ConnectOptions(url())), NATS_OK);
  EXPECT_EQ(TryConnect(ConnectOptions(url())), NATS_OK);
}

TEST_F(NatsFaultsTest, AConnectionMayNeverBeGreetedOrLate) {
  Add(Fault::On("nats.connection").Times(1).Hang());
  const NatsConnectOptions impatient = ConnectOptions(url());
  natsOptions_SetTimeout(impatient.get(), 150);
  EXPECT_NE(TryConnect(impatient), NATS_OK);
  Add(Fault::On("nats.connection").Times(1).Delay(milliseconds(100)));
  const auto begin = steady_clock::now();
  const NatsConnection connection = Connect(url());
  EXPECT_GE(steady_clock::now() - begin, milliseconds(100));
  const NatsSub subscription = Subscribe(connection, "s");
  Publish(connection, "s", "x");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("x"));
}

TEST_F(NatsFaultsTest, ASlicedConnectionSaysTheSame) {
  Add(Fault::On("nats.connection").Slice(3));
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, "s");
  const std::string payload(2000, 'x');
  Publish(connection, "s", payload);
  Publish(connection, "s", "2");
  EXPECT_THAT(NextPayloads(subscription, 2), ElementsAre(payload, "2"));
}

TEST_F(NatsFaultsTest, ASlowLineTakesItsTime) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, "s");
  Add(Fault::On("nats.PUB").Times(1).Bandwidth(200'000));
  const std::string payload(40'000, 'x');
  const auto begin = steady_clock::now();
  Publish(connection, "s", payload);
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre(payload));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(150));
}

TEST_F(NatsFaultsTest, AMessageIsCutInTheMiddle) {
  RawSocket socket = Raw();
  Add(Fault::On("nats.PUB").Times(1).CloseAfter(14));
  socket.Send("SUB s 1\r\nPUB s 10\r\n0123456789\r\n");
  EXPECT_TRUE(socket.AwaitClosed());
  EXPECT_EQ(socket.received(), "MSG s 1 10\r\n01");
}

TEST_F(NatsFaultsTest, HeldMessagesGoOnWhenTheyAreReleased) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, ">");
  Hold hold = faults().Hold(Fault::On("nats.PUB").Subject("held")).value();
  Publish(publisher, "s", "1");
  Publish(publisher, "held", "2");
  Publish(publisher, "s", "3");
  natsConnection_FlushTimeout(publisher.get(), 1);
  ASSERT_TRUE(hold.Wait(kPatience).ok());
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("1"));
  Flush(subscriber);
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
  hold.Release();
  EXPECT_THAT(NextPayloads(subscription, 2), ElementsAre("2", "3"));

  Hold deliveries = faults().Hold(Fault::On("nats.MSG").Subject("s")).value();
  Publish(publisher, "s", "4");
  Publish(publisher, "s", "5");
  ASSERT_TRUE(deliveries.Wait(kPatience, 2).ok());
  Flush(subscriber);
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
  EXPECT_EQ(deliveries.Wait(milliseconds(1), 3).code(), StatusCode::kDeadlineExceeded);
  deliveries = faults().Hold(Fault::On("nats.MSG").Subject("other")).value();
  EXPECT_THAT(NextPayloads(subscription, 2), ElementsAre("4", "5")) << "its end releases";
}

TEST_F(NatsFaultsTest, AHoldMayOutliveTheBroker) {
  const NatsConnection connection = Connect(url());
  Hold hold = faults().Hold(Fault::On("nats.PUB")).value();
  Publish(connection, "s", "x");
  natsConnection_FlushTimeout(connection.get(), 1);
  ASSERT_TRUE(hold.Wait(kPatience).ok());
  EXPECT_TRUE(broker_.Stop().ok());
  broker_ = Broker::Start({}).value();
  hold.Release();
}

TEST_F(NatsFaultsTest, WhatIsRemovedStrikesNoMore) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, "s");
  const FaultId drop = faults().Add(Fault::On("nats.PUB").Drop()).value();
  Publish(connection, "s", "1");
  Flush(connection);
  EXPECT_TRUE(faults().Remove(drop).ok());
  EXPECT_EQ(faults().Remove(drop).code(), StatusCode::kNotFound);
  Publish(connection, "s", "2");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("2"));
  EXPECT_THAT(faults().List(), IsEmpty());
}

TEST_F(NatsFaultsTest, AFaultThatCannotWorkSaysWhy) {
  const auto refused = [this](const Fault& fault, const char* named) {
    const Status status = faults().Add(fault).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << fault.ToString();
    EXPECT_THAT(status.message(), HasSubstr(named));
  };
  refused(Fault::On("nats.PBU").Drop(), "nats.PBU");
  refused(Fault::On("kafka.Prodcue").Drop(), "Produce");
  refused(Fault::On("nats.PUB"), "what happens");
  refused(Fault::On("nats.PUB").Drop().Reset(), "more than one");
  refused(Fault::On("nats.PUB").Topic("t").Drop(), "topics");
  refused(Fault::On("kafka.Produce").Subject("s").Drop(), "subject");
  refused(Fault::On("nats.PUB").Subject("a..b").Drop(), "a..b");
  refused(Fault::On("kafka.Produce").Fail("NOT_LEADER"), "NOT_LEADER_OR_FOLLOWER");
  refused(Fault::On("kafka.Produce").Fail("NONE"), "NONE");
  refused(Fault::On("nats.PUB").Fail("two\r\nlines"), "one line");
  refused(Fault::On("nats.MSG").Fail("x"), "nobody");
  refused(Fault::On("nats.PUB").AfterApply().Delay(milliseconds(1)), "late");
  refused(Fault::On("nats.MSG").AfterApply().Drop(), "AfterApply");
  refused(Fault::On("nats.connection").Drop(), "Hang");
  refused(Fault::On("nats.connection").Client("c").Hang(), "not known");
  refused(Fault::On("nats.PUB").Delay(milliseconds(0)), "above 0");
  refused(Fault::On("nats.PUB").Slice(0), "above 0");
  refused(Fault::On("nats.PUB").Skip(-1).Drop(), "from 0");
  refused(Fault::On("nats.PUB").Probability(2, 1).Drop(), "between 0 and 1");
  EXPECT_EQ(faults().Hold(Fault::On("nats.PUB").Drop()).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Fault::On("kafka.Produce").Topic("orders").Times(2).AfterApply().Drop().ToString(),
            "kafka.Produce topic=orders times=2 after_apply drop");
}

TEST(NatsFaultsAndTime, ADelayIsByTheClockOfTheTestAndALineIsSlowInRealTime) {
  Options options;
  options.clock = ClockMode::kVirtual;
  Broker broker = Broker::Start(options).value();
  ASSERT_TRUE(broker.faults().Add(Fault::On("nats.connection").Slice(5)).ok());
  const NatsConnection connection = Connect(broker.Url("nats"));
  const NatsSub subscription = Subscribe(connection, "s");
  ASSERT_TRUE(
      broker.faults().Add(Fault::On("nats.MSG").Times(1).Delay(std::chrono::hours(1))).ok());
  Publish(connection, "s", "late");
  Flush(connection);
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
  ASSERT_TRUE(broker.clock().Advance(std::chrono::minutes(59)).ok());
  Flush(connection);
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
  const std::vector<TimerInfo> fired = broker.clock().AdvanceToNext().value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].label, "message delayed by a fault");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("late"));
}

}  // namespace
}  // namespace wherry::conformance
