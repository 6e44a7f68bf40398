// A broker that crashes and comes back, as nats.c lives through it.
#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_client.h"
#include "tests/conformance/nats/nats_events.h"
#include "tests/conformance/support/environment.h"
#include "tests/conformance/support/http_client.h"
#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NatsCrashTest : public ::testing::Test {
 protected:
  static Options BrokerOptions() {
    Options options;
    options.listen = {"nats://localhost:0", "http://127.0.0.1:0"};
    const std::string threads = Environment("WHERRY_TEST_THREADS");
    options.threads = threads.empty() ? 1 : std::stoi(threads);
    return options;
  }
  NatsConnection ConnectPatiently(NatsEvents& events) {
    const NatsConnectOptions options = ConnectOptions(broker_.Url("nats"));
    natsOptions_SetAllowReconnect(options.get(), true);
    natsOptions_SetMaxReconnect(options.get(), -1);
    natsOptions_SetReconnectWait(options.get(), 10);
    natsOptions_SetReconnectJitter(options.get(), 1, 1);
    events.Watch(options.get());
    return Connect(options);
  }

  Broker broker_ = Broker::Start(BrokerOptions()).value();
};

TEST_F(NatsCrashTest, ClientsComeBackToTheSamePort) {
  NatsEvents events;
  const NatsConnection connection = ConnectPatiently(events);
  const NatsSub subscription = Subscribe(connection, "s");
  const std::string url = broker_.Url("nats");
  const int port = PortOf(url);
  RawSocket raw("127.0.0.1:" + std::to_string(port));
  EXPECT_TRUE(raw.AwaitText("INFO"));

  ASSERT_TRUE(broker_.Crash().ok());
  EXPECT_TRUE(raw.AwaitClosed());
  ASSERT_TRUE(events.AwaitDisconnected());
  EXPECT_FALSE(Accepts(port));
  EXPECT_FALSE(CanListen(port)) << "the port stays ours";
  EXPECT_EQ(TryConnect(ConnectOptions(url)), NATS_NO_SERVER);
  Publish(connection, "s", "meanwhile");

  ASSERT_TRUE(broker_.Restart().ok());
  EXPECT_EQ(broker_.Url("nats"), url);
  ASSERT_TRUE(events.AwaitReconnected());
  Publish(connection, "s", "after");
  EXPECT_THAT(NextPayloads(subscription, 2), ElementsAre("meanwhile", "after"));
}

TEST_F(NatsCrashTest, TheDirectVerbsSayThatItIsDown) {
  NatsSubscription subscription = broker_.nats().Subscribe("s").value();
  Nats& nats = broker_.nats();
  ASSERT_TRUE(broker_.Crash().ok());
  EXPECT_EQ(subscription.Next(kPatience).status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(nats.Publish("s", "x").message(), HasSubstr("Restart"));
  EXPECT_EQ(nats.Subscribe("s").status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(nats.Request("s", "x", kSilence).status().message(), HasSubstr("Restart"));
  ASSERT_TRUE(broker_.Restart().ok());
  NatsSubscription again = nats.Subscribe("s").value();
  EXPECT_TRUE(nats.Publish("s", "x").ok());
  EXPECT_EQ(again.Next(kPatience).value().payload, "x");
}

TEST_F(NatsCrashTest, ItCrashesAgainAndAgain) {
  NatsEvents events;
  const NatsConnection connection = ConnectPatiently(events);
  const NatsSub subscription = Subscribe(connection, "s");
  ASSERT_FALSE(HasFailure()) << "each of the many that follow would be told of";
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(broker_.Crash().ok());
    ASSERT_TRUE(broker_.Restart().ok());
    // The client may not have seen yet that it was cut off.
    const std::string payload = std::to_string(round);
    std::string got;
    for (const Deadline deadline; got != payload && !deadline.Passed();) {
      Publish(connection, "s", payload);
      got = DataOf(Next(subscription, std::chrono::milliseconds(50)));
    }
    ASSERT_EQ(got, payload);
  }
}

TEST_F(NatsCrashTest, HttpStaysUp) {
  ASSERT_TRUE(broker_.Crash().ok());
  EXPECT_TRUE(Accepts(PortOf(broker_.Url("http"))));
  ASSERT_TRUE(broker_.Restart().ok());
}

TEST_F(NatsCrashTest, FromACallbackItIsRefused) {
  std::optional<Status> crash, restart;
  NatsSubscription calling = broker_.nats()
                                 .Subscribe("s",
                                            [&](const NatsMessage&) {
                                              crash = broker_.Crash();
                                              restart = broker_.Restart();
                                            })
                                 .value();
  ASSERT_TRUE(broker_.nats().Publish("s", "x").ok());
  NatsSubscription fence = broker_.nats().Subscribe("t").value();
  ASSERT_TRUE(crash.has_value());
  EXPECT_EQ(crash->code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(restart->code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace wherry::conformance
