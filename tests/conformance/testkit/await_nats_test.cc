// Waiting for stock NATS clients without sleeping.
#include <atomic>
#include <thread>

#include "tests/conformance/testkit/testkit_test.h"

namespace wherry::conformance {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class AwaitNatsTest : public TestkitTest {
 protected:
  Options options() const override { return {}; }
};

// A service that answers each request by publishing to a topic of its own, and then the answer.
void OnRequest(natsConnection* client, natsSubscription* /*subscription*/, natsMsg* request,
               void* /*closure*/) {
  natsConnection_PublishString(client, "audit", natsMsg_GetData(request));
  natsConnection_PublishString(client, natsMsg_GetReply(request), "done");
  natsMsg_Destroy(request);
}

TEST_F(AwaitNatsTest, SubscriptionsOfClientsThatStartByThemselves) {
  // The application under test: nobody knows when its threads subscribe.
  std::thread application([this] {
    const NatsConnection client = Connect(nats_url());
    natsSubscription* raw = nullptr;
    EXPECT_EQ(natsConnection_Subscribe(&raw, client.get(), "work", OnRequest, nullptr), NATS_OK);
    const NatsSub subscription(raw);
    EXPECT_TRUE(broker().Await(Subscribed("stop"), kPatience).ok());
  });
  EXPECT_TRUE(broker().Await(Subscribed("work"), kPatience).ok());
  // A responder there is, so no answer 503.
  EXPECT_EQ(nats().Request("work", "x", kPatience).value().payload, "done");
  {
    auto stop = nats().Subscribe("stop").value();
    application.join();
  }
  EXPECT_TRUE(broker().Await(Unsubscribed("work"), kPatience).ok());
  EXPECT_TRUE(broker().Await(Connections("nats", 0), kPatience).ok());
}

TEST_F(AwaitNatsTest, QueueGroupsAreCountedByMember) {
  std::vector<NatsConnection> workers;
  std::vector<NatsSub> subscriptions;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(Connect(nats_url()));
    natsSubscription* raw = nullptr;
    ASSERT_EQ(natsConnection_QueueSubscribeSync(&raw, workers.back().get(), "jobs.*", "workers"),
              NATS_OK);
    subscriptions.emplace_back(raw);
  }
  EXPECT_TRUE(broker().Await(Subscribed("jobs.new", 3), kPatience).ok());
  EXPECT_TRUE(broker().Await(Subscribed("jobs.*", 3), kPatience).ok());
  const Status waited = broker().Await(Subscribed("jobs.new", 4), std::chrono::milliseconds(20));
  EXPECT_EQ(waited.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(waited.message(), HasSubstr("there are 3; what is subscribed to: \"jobs.*\""));
}

TEST_F(AwaitNatsTest, IdleMeansThatEverybodyHasReadEverything) {
  const NatsConnection publisher = Connect(nats_url());
  const NatsConnection subscriber = Connect(nats_url());
  const NatsSub subscription = Subscribe(subscriber, "s");
  constexpr int kMessages = 20'000;
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(natsConnection_PublishString(publisher.get(), "s", "0123456789"), NATS_OK);
  }
  ASSERT_EQ(natsConnection_FlushTimeout(publisher.get(), kPatience.count()), NATS_OK);
  EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());
  // Nothing is on its way any more: what is there is all.
  EXPECT_THAT(ArrivedPayloads(subscription), SizeIs(kMessages));
}

TEST_F(AwaitNatsTest, IdleIncludesWhatOneMessageLeadsTo) {
  // A chain through one client: what it sends comes before its PONG.
  const NatsConnection relay = Connect(nats_url());
  const NatsConnection end = Connect(nats_url());
  const NatsSub audit = Subscribe(end, "audit");
  const NatsSub first = Subscribe(relay, "first");
  std::thread application([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_NE(Next(first), nullptr);
      Publish(relay, "audit", "seen");
    }
  });
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(nats().Publish("first", "x").ok());
  application.join();
  EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());
  EXPECT_THAT(ArrivedPayloads(audit), SizeIs(100));
}

TEST_F(AwaitNatsTest, ThoseWhoGoOnSendingAreNamedAtTheLimit) {
  std::atomic<bool> stop = false;
  std::thread chatter([&] {
    const NatsConnection client = Connect(nats_url());
    while (!stop) Publish(client, "s", "again");
  });
  EXPECT_TRUE(broker().Await(Connections("nats", 1), kPatience).ok());
  // Between what it sends there may be a moment of rest; but not every time.
  const Deadline deadline;
  Status status;
  while (status.ok() && !deadline.Passed()) {
    status = broker().AwaitIdle(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr("NATS client"));
  stop = true;
  chatter.join();
}

}  // namespace
}  // namespace wherry::conformance
