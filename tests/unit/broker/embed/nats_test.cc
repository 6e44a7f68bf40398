// NATS without a socket.
#include <future>
#include <thread>

#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using ::testing::HasSubstr;

class NatsEmbedTest : public ::testing::Test {
 protected:
  Nats& nats() { return broker_.nats(); }
  static std::string PayloadOf(NatsSubscription& subscription) {
    const StatusOr<NatsMessage> message = subscription.Next(kPatience);
    return message.ok() ? message->payload : message.status().ToString();
  }

  Broker broker_ = Broker::Start({}).value();
};

TEST_F(NatsEmbedTest, WildcardsDeliverWhatMatchesInOrder) {
  NatsSubscription star = nats().Subscribe("a.*").value();
  NatsSubscription rest = nats().Subscribe("a.>").value();
  for (const char* subject : {"a.b", "a.b.c", "b.a", "a.c"}) {
    ASSERT_TRUE(nats().Publish(subject, subject).ok());
  }
  for (const char* expected : {"a.b", "a.c"}) EXPECT_EQ(PayloadOf(star), expected);
  for (const char* expected : {"a.b", "a.b.c", "a.c"}) EXPECT_EQ(PayloadOf(rest), expected);
}

TEST_F(NatsEmbedTest, AQueueSharesEachMessageGoesToOne) {
  NatsSubscription one = nats().Subscribe("work", "crew").value();
  NatsSubscription two = nats().Subscribe("work", "crew").value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(nats().Publish("work", "x").ok());
  int taken = 0;
  const auto take_all = [&taken](NatsSubscription& from) {
    int before = taken;
    while (from.Next(std::chrono::milliseconds(0)).ok()) ++taken;
    return taken - before;
  };
  // A subscription of this thread is set up behind all deliveries: what is there now is everything.
  static_cast<void>(nats().Subscribe("fence"));
  EXPECT_GT(take_all(one), 0);
  EXPECT_GT(take_all(two), 0);
  EXPECT_EQ(taken, 100);
}

TEST_F(NatsEmbedTest, HeadersAndReplyTravel) {
  NatsSubscription subscription = nats().Subscribe("s").value();
  ASSERT_TRUE(
      nats().Publish({"s", "answer.here", "NATS/1.0\r\nColour: red\r\n\r\n", "payload"}).ok());
  const NatsMessage message = subscription.Next(kPatience).value();
  EXPECT_EQ(message.Header("colour"), "red");
  EXPECT_EQ(message.Header("taste"), "");
  EXPECT_EQ(message.reply, "answer.here");
  EXPECT_EQ(message.payload, "payload");
}

TEST_F(NatsEmbedTest, ARequestGetsItsAnswer) {
  const NatsSubscription service =
      nats()
          .Subscribe("upper",
                     [this](const NatsMessage& asked) {
                       EXPECT_TRUE(nats().Publish(asked.reply, "answer to " + asked.payload).ok());
                     })
          .value();
  EXPECT_EQ(nats().Request("upper", "it", kPatience).value().payload, "answer to it");
}

TEST_F(NatsEmbedTest, NobodyThereIsNotTheSameAsNoAnswer) {
  const Status nobody = nats().Request("void", "", kPatience).status();
  EXPECT_EQ(nobody.code(), StatusCode::kUnavailable);
  EXPECT_THAT(nobody.message(), HasSubstr("no responders"));
  const NatsSubscription silent = nats().Subscribe("mute", [](const NatsMessage&) {}).value();
  EXPECT_EQ(CodeOf(nats().Request("mute", "", std::chrono::milliseconds(1))),
            StatusCode::kDeadlineExceeded);
}

TEST_F(NatsEmbedTest, MalformedIsRefusedWithTheReason) {
  for (const char* subject : {"", "a..b", ".a", "a.", "a b", "a.*", ">"}) {
    EXPECT_EQ(CodeOf(nats().Publish(subject, "")), StatusCode::kInvalidArgument) << subject;
  }
  for (const char* subject : {"", "a..b", "a.>.b"}) {
    EXPECT_EQ(CodeOf(nats().Subscribe(subject)), StatusCode::kInvalidArgument) << subject;
  }
  EXPECT_EQ(CodeOf(nats().Subscribe("a", "two words")), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(nats().Publish({"a", "", "no header block", ""})), StatusCode::kInvalidArgument);
  const Status large = nats().Publish("a", std::string(1024 * 1024 + 1, 'x'));
  EXPECT_EQ(large.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(large.message(), HasSubstr("1048576"));
}

TEST_F(NatsEmbedTest, AfterUnsubscribeNoCallbackRuns) {
  std::atomic<int> calls = 0;
  NatsSubscription subscription =
      nats().Subscribe("s", [&calls](const NatsMessage&) { ++calls; }).value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(nats().Publish("s", "").ok());
  subscription.Unsubscribe();
  const int seen = calls;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(nats().Publish("s", "").ok());
  static_cast<void>(nats().Subscribe("fence"));
  EXPECT_EQ(calls, seen);
  EXPECT_EQ(seen, 100) << "published before, in order";
}

TEST_F(NatsEmbedTest, ACallbackMayEndItsOwnSubscription) {
  std::promise<void> called;
  std::optional<NatsSubscription> subscription;
  const auto end = [&](const NatsMessage&) {
    subscription.reset();
    called.set_value();  // a second call would throw
  };
  subscription = nats().Subscribe("s", end).value();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(nats().Publish("s", "").ok());
  called.get_future().wait();
  static_cast<void>(nats().Subscribe("fence"));
  EXPECT_FALSE(subscription.has_value());
}

TEST_F(NatsEmbedTest, ACallbackMayPublishAndMustNotWait) {
  NatsSubscription relayed = nats().Subscribe("relayed").value();
  std::promise<std::pair<StatusCode, StatusCode>> codes;
  const NatsSubscription relay =
      nats()
          .Subscribe("in",
                     [&](const NatsMessage& message) {
                       EXPECT_TRUE(nats().Publish("relayed", message.payload).ok());
                       codes.set_value({CodeOf(relayed.Next(kPatience)), CodeOf(broker_.Stop())});
                     })
          .value();
  ASSERT_TRUE(nats().Publish("in", "hello").ok());
  EXPECT_EQ(codes.get_future().get(),
            std::pair(StatusCode::kFailedPrecondition, StatusCode::kFailedPrecondition));
  EXPECT_EQ(PayloadOf(relayed), "hello");
}

TEST_F(NatsEmbedTest, NextIsNotForASubscriptionWithACallback) {
  NatsSubscription subscription = nats().Subscribe("s", [](const NatsMessage&) {}).value();
  EXPECT_EQ(CodeOf(subscription.Next(kPatience)), StatusCode::kFailedPrecondition);
}

TEST_F(NatsEmbedTest, StopEndsTheWaitInNext) {
  NatsSubscription subscription = nats().Subscribe("s").value();
  ASSERT_TRUE(nats().Publish("s", "before").ok());
  auto waiting = std::async(std::launch::async, [&] {
    const std::string first = PayloadOf(subscription);
    return std::pair(first, CodeOf(subscription.Next(std::chrono::hours(1))));
  });
  ASSERT_TRUE(broker_.Stop().ok());
  EXPECT_EQ(waiting.get(), std::pair(std::string("before"), StatusCode::kUnavailable));
}

TEST_F(NatsEmbedTest, ASubscriptionOutlivesItsBroker) {
  std::optional<Broker> broker = Broker::Start({}).value();
  NatsSubscription subscription = broker->nats().Subscribe("s").value();
  broker.reset();
  EXPECT_EQ(CodeOf(subscription.Next(kPatience)), StatusCode::kUnavailable);
  subscription.Unsubscribe();
}

TEST_F(NatsEmbedTest, AStoppedBrokerSaysSo) {
  ASSERT_TRUE(broker_.Stop().ok());
  EXPECT_TRUE(broker_.Stop().ok()) << "idempotent";
  EXPECT_EQ(CodeOf(nats().Publish("s", "")), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(nats().Subscribe("s")), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(nats().Request("s", "", kPatience)), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace wherry
