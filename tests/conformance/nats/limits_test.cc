// Sizes, auto-unsubscribe, drain: where a server has to count.
#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_events.h"
#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kMiB = 1024 * 1024;

class NatsLimitsTest : public NatsTest {};

TEST_F(NatsLimitsTest, AutoUnsubscribeEndsAfterThatManyMessages) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, Subject("a"));
  ASSERT_EQ(natsSubscription_AutoUnsubscribe(subscription.get(), 3), NATS_OK);
  Flush(subscriber);

  for (const char* payload : {"1", "2", "3", "4", "5"}) Publish(publisher, Subject("a"), payload);
  Flush(publisher);
  Flush(subscriber);

  EXPECT_THAT(NextPayloads(subscription, 3), ElementsAre("1", "2", "3"));
  EXPECT_FALSE(natsSubscription_IsValid(subscription.get()));
}

TEST_F(NatsLimitsTest, AutoUnsubscribeCountsFromTheSubscription) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  Publish(connection, Subject("a"), "1");
  Publish(connection, Subject("a"), "2");
  Flush(connection);
  ASSERT_EQ(natsSubscription_AutoUnsubscribe(subscription.get(), 3), NATS_OK);

  for (const char* payload : {"3", "4", "5"}) Publish(connection, Subject("a"), payload);
  Flush(connection);

  EXPECT_THAT(NextPayloads(subscription, 3), ElementsAre("1", "2", "3"));
  EXPECT_FALSE(natsSubscription_IsValid(subscription.get()));
}

TEST_F(NatsLimitsTest, DrainingASubscriptionDeliversWhatHadArrivedAndNoMore) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, Subject("a"));
  for (int i = 0; i < 100; ++i) Publish(publisher, Subject("a"), std::to_string(i));
  Flush(publisher);

  ASSERT_EQ(natsSubscription_Drain(subscription.get()), NATS_OK);
  EXPECT_EQ(NextPayloads(subscription, 100).size(), 100u);
  ASSERT_EQ(natsSubscription_WaitForDrainCompletion(subscription.get(), kPatience.count()),
            NATS_OK);
  Publish(publisher, Subject("a"), "too late");
  Flush(publisher);
  Flush(subscriber);

  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
}

TEST_F(NatsLimitsTest, DrainingAConnectionAnswersWhatWasAskedAndThenCloses) {
  const NatsConnection requester = Connect(url());
  NatsEvents events;
  const NatsConnectOptions watched = ConnectOptions(url());
  events.Watch(watched.get());
  const NatsConnection responder = Connect(watched);
  const NatsSub answers = Subscribe(requester, Subject("answers"));
  natsSubscription* raw = nullptr;
  const auto respond = [](natsConnection* connection, natsSubscription*, natsMsg* request, void*) {
    natsConnection_PublishString(connection, natsMsg_GetReply(request), "done");
    natsMsg_Destroy(request);
  };
  ASSERT_EQ(
      natsConnection_Subscribe(&raw, responder.get(), Subject("work").c_str(), respond, nullptr),
      NATS_OK);
  const NatsSub work(raw);
  Flush(responder);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(natsConnection_PublishRequestString(requester.get(), Subject("work").c_str(),
                                                  Subject("answers").c_str(), "do it"),
              NATS_OK);
  }
  Flush(requester);

  ASSERT_EQ(natsConnection_Drain(responder.get()), NATS_OK);

  EXPECT_EQ(NextPayloads(answers, 100).size(), 100u);
  EXPECT_TRUE(events.AwaitClosed());
}

TEST_F(NatsLimitsTest, AMessageOfExactlyMaxPayloadArrives) {
  const NatsConnection connection = Connect(url());
  ASSERT_EQ(natsConnection_GetMaxPayload(connection.get()), static_cast<int64_t>(kMiB));
  const NatsSub subscription = Subscribe(connection, Subject("big"));
  std::string payload(kMiB, 'x');
  for (std::size_t i = 0; i < payload.size(); i += 997) payload[i] = static_cast<char>(i);

  Publish(connection, Subject("big"), payload);
  Flush(connection);

  const NatsMsg message = Next(subscription);
  EXPECT_TRUE(DataOf(message) == payload) << DataOf(message).size() << " bytes came";
}

TEST_F(NatsLimitsTest, TheClientRefusesAMessageAboveWhatInfoSays) {
  const NatsConnection connection = Connect(url());
  const std::string payload(kMiB + 1, 'x');
  EXPECT_EQ(natsConnection_Publish(connection.get(), Subject("big").c_str(), payload.data(),
                                   static_cast<int>(payload.size())),
            NATS_MAX_PAYLOAD);
}

TEST_F(NatsLimitsTest, TheServerRefusesAMessageAboveMaxPayloadBeforeReadingIt) {
  RawSocket socket(AddressOfUrl(url()));
  socket.TakeLine();
  socket.Send("CONNECT {\"verbose\":false}\r\nPUB " + Subject("big") + " " +
              std::to_string(kMiB + 1) + "\r\n");
  ASSERT_TRUE(socket.AwaitClosed());
  EXPECT_EQ(socket.received(), "-ERR 'Maximum Payload Violation'\r\n");
}

TEST_F(NatsLimitsTest, ManyLargeMessagesArriveWholeAndInOrder) {
  constexpr std::size_t kCount = 64;
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, Subject("big"));
  ASSERT_EQ(natsSubscription_SetPendingLimits(subscription.get(), -1, -1), NATS_OK);

  for (std::size_t i = 0; i < kCount; ++i) {
    Publish(publisher, Subject("big"), std::string(kMiB - i, static_cast<char>('!' + i)));
    Flush(publisher);
  }

  for (std::size_t i = 0; i < kCount; ++i) {
    const NatsMsg message = Next(subscription);
    ASSERT_EQ(DataOf(message).size(), kMiB - i);
    ASSERT_EQ(DataOf(message).find_first_not_of(static_cast<char>('!' + i)),
              std::string_view::npos);
  }
}

class NatsRaisedLimitsTest : public NatsTest {
 protected:
  void SetUp() override {
    if (IsRemote()) GTEST_SKIP() << "a remote server has options of its own";
    NatsTest::SetUp();
  }
  NatsOptions options() const override { return {.max_payload = 8 * kMiB}; }
};

TEST_F(NatsRaisedLimitsTest, ARaisedMaxPayloadIsToldAndHolds) {
  const NatsConnection connection = Connect(url());
  ASSERT_EQ(natsConnection_GetMaxPayload(connection.get()), static_cast<int64_t>(8 * kMiB));
  const NatsSub subscription = Subscribe(connection, Subject("big"));
  const std::string payload(8 * kMiB, 'y');

  Publish(connection, Subject("big"), payload);
  Flush(connection);

  EXPECT_TRUE(DataOf(Next(subscription)) == payload);
}

}  // namespace
}  // namespace wherry::conformance
