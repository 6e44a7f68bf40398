// A server that goes and comes back on the same port, seen by clients that reconnect.
#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_events.h"
#include "tests/conformance/nats/nats_test.h"

namespace wherry::conformance {
namespace {

class NatsReconnectTest : public NatsTest {
 protected:
  void SetUp() override {
    if (IsRemote()) GTEST_SKIP() << "a remote server cannot be restarted from here";
    NatsTest::SetUp();
  }

  NatsConnection ConnectPatiently() {
    const NatsConnectOptions options = ConnectOptions(url());
    natsOptions_SetAllowReconnect(options.get(), true);
    natsOptions_SetMaxReconnect(options.get(), -1);
    natsOptions_SetReconnectWait(options.get(), 10);
    natsOptions_SetReconnectJitter(options.get(), 1, 1);
    events_.Watch(options.get());
    return Connect(options);
  }

  NatsEvents events_;
};

TEST_F(NatsReconnectTest, SubscriptionsAndBufferedMessagesSurviveARestart) {
  const NatsConnection connection = ConnectPatiently();
  const NatsSub plain = Subscribe(connection, Subject("a.>"));
  const NatsSub queued = Subscribe(connection, Subject("jobs"), "workers");
  Publish(connection, Subject("a.before"), "before");
  EXPECT_EQ(DataOf(Next(plain)), "before");

  server().Stop();
  ASSERT_TRUE(events_.AwaitDisconnected());
  Publish(connection, Subject("a.meanwhile"), "meanwhile");
  server().StartAgain();
  ASSERT_TRUE(events_.AwaitReconnected());
  Publish(connection, Subject("jobs"), "job");
  Publish(connection, Subject("a.after"), "after");

  EXPECT_EQ(DataOf(Next(plain)), "meanwhile");
  EXPECT_EQ(DataOf(Next(plain)), "after");
  EXPECT_EQ(DataOf(Next(queued)), "job");
}

TEST_F(NatsReconnectTest, AClientThatDoesNotReconnectSeesItsConnectionClose) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  const std::string address = url();

  server().Stop();

  natsMsg* message = nullptr;
  const natsStatus status =
      natsSubscription_NextMsg(&message, subscription.get(), kPatience.count());
  EXPECT_EQ(message, nullptr);
  EXPECT_EQ(status, NATS_CONNECTION_CLOSED) << natsStatus_GetText(status);
  EXPECT_EQ(TryConnect(ConnectOptions(address)), NATS_NO_SERVER);
  server().StartAgain();
  EXPECT_EQ(TryConnect(ConnectOptions(address)), NATS_OK);
}

}  // namespace
}  // namespace wherry::conformance
