// Publishing and subscribing with the C client, as every application does.
#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NatsPublishSubscribeTest : public NatsTest {};

TEST_F(NatsPublishSubscribeTest, ASubscriberGetsWhatItsSubjectNamesInOrder) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub orders = Subscribe(subscriber, Subject("orders.created"));

  Publish(publisher, Subject("orders.created"), "one");
  Publish(publisher, Subject("orders.deleted"), "not for it");
  Publish(publisher, Subject("orders"), "not for it");
  Publish(publisher, Subject("orders.created"), "two");
  Flush(publisher);
  Flush(subscriber);

  const NatsMsg first = Next(orders);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(natsMsg_GetSubject(first.get()), Subject("orders.created"));
  EXPECT_EQ(natsMsg_GetReply(first.get()), nullptr);
  EXPECT_EQ(DataOf(first), "one");
  EXPECT_THAT(ArrivedPayloads(orders), ElementsAre("two"));
}

TEST_F(NatsPublishSubscribeTest, AStarStandsForExactlyOneToken) {
  const NatsConnection connection = Connect(url());
  const NatsSub middle = Subscribe(connection, Subject("a.*.c"));
  const NatsSub last = Subscribe(connection, Subject("a.*"));

  for (const char* subject : {"a.b", "a.b.c", "a.x.c", "a.b.c.d", "a", "b.b.c"}) {
    Publish(connection, Subject(subject), subject);
  }
  Flush(connection);

  EXPECT_THAT(ArrivedPayloads(middle), ElementsAre("a.b.c", "a.x.c"));
  EXPECT_THAT(ArrivedPayloads(last), ElementsAre("a.b"));
}

TEST_F(NatsPublishSubscribeTest, AGreaterSignStandsForOneTokenOrMore) {
  const NatsConnection connection = Connect(url());
  const NatsSub below_a = Subscribe(connection, Subject("a.>"));
  const NatsSub below_a_star = Subscribe(connection, Subject("a.*.>"));

  for (const char* subject : {"a", "a.b", "a.b.c", "a.b.c.d", "b.c"}) {
    Publish(connection, Subject(subject), subject);
  }
  Flush(connection);

  EXPECT_THAT(ArrivedPayloads(below_a), ElementsAre("a.b", "a.b.c", "a.b.c.d"));
  EXPECT_THAT(ArrivedPayloads(below_a_star), ElementsAre("a.b.c", "a.b.c.d"));
}

TEST_F(NatsPublishSubscribeTest, EveryOverlappingSubscriptionGetsItsOwnCopy) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  std::vector<NatsSub> subscriptions;
  for (const char* subject : {"a.b", "a.b", "a.*", "*.b", "a.>", ">"}) {
    subscriptions.push_back(Subscribe(subscriber, Subject(subject)));
  }

  Publish(publisher, Subject("a.b"), "x");
  Flush(publisher);
  Flush(subscriber);

  for (const NatsSub& subscription : subscriptions) {
    EXPECT_THAT(ArrivedPayloads(subscription), ElementsAre("x"))
        << natsSubscription_GetSubject(subscription.get());
  }
}

TEST_F(NatsPublishSubscribeTest, PayloadsOfAnyBytesArriveAsSent) {
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, Subject("bytes"));
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));

  Publish(connection, Subject("bytes"), "");
  Publish(connection, Subject("bytes"), all_bytes);
  Publish(connection, Subject("bytes"), "\r\nPING\r\n");
  Flush(connection);

  EXPECT_THAT(ArrivedPayloads(subscription), ElementsAre("", all_bytes, "\r\nPING\r\n"));
}

TEST_F(NatsPublishSubscribeTest, AfterUnsubscribingNothingComes) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub ended = Subscribe(subscriber, Subject("a"));
  const NatsSub other = Subscribe(subscriber, Subject("a"));

  ASSERT_EQ(natsSubscription_Unsubscribe(ended.get()), NATS_OK);
  Flush(subscriber);
  natsStatistics* counts = nullptr;
  ASSERT_EQ(natsStatistics_Create(&counts), NATS_OK);
  Publish(publisher, Subject("a"), "x");
  Flush(publisher);
  Flush(subscriber);

  EXPECT_THAT(ArrivedPayloads(other), ElementsAre("x"));
  uint64_t in = 0;
  ASSERT_EQ(natsConnection_GetStats(subscriber.get(), counts), NATS_OK);
  ASSERT_EQ(natsStatistics_GetCounts(counts, &in, nullptr, nullptr, nullptr, nullptr), NATS_OK);
  EXPECT_EQ(in, 1u) << "the server still sent to the subscription that had ended";
  natsStatistics_Destroy(counts);
}

TEST_F(NatsPublishSubscribeTest, AClientThatWantsNoEchoDoesNotHearItself) {
  const NatsConnectOptions deaf = ConnectOptions(url());
  ASSERT_EQ(natsOptions_SetNoEcho(deaf.get(), true), NATS_OK);
  const NatsConnection quiet = Connect(deaf);
  const NatsConnection other = Connect(url());
  const NatsSub own = Subscribe(quiet, Subject("a"));
  const NatsSub others = Subscribe(other, Subject("a"));

  Publish(quiet, Subject("a"), "mine");
  Publish(other, Subject("a"), "theirs");
  Flush(other);
  Flush(quiet);
  Flush(other);

  EXPECT_THAT(ArrivedPayloads(own), ElementsAre("theirs"));
  EXPECT_THAT(ArrivedPayloads(others), ::testing::UnorderedElementsAre("mine", "theirs"));
}

TEST_F(NatsPublishSubscribeTest, VerboseAndPedanticClientsWorkToo) {
  const NatsConnectOptions chatty = ConnectOptions(url());
  ASSERT_EQ(natsOptions_SetVerbose(chatty.get(), true), NATS_OK);
  ASSERT_EQ(natsOptions_SetPedantic(chatty.get(), true), NATS_OK);
  const NatsConnection connection = Connect(chatty);
  const NatsSub subscription = Subscribe(connection, Subject("a"));

  Publish(connection, Subject("a"), "x");
  Flush(connection);

  EXPECT_THAT(ArrivedPayloads(subscription), ElementsAre("x"));
}

TEST_F(NatsPublishSubscribeTest, WhatWasPublishedBeforeClosingArrives) {
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, Subject("a"));
  { Publish(Connect(url()), Subject("a"), "last words"); }
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("last words"));
  EXPECT_THAT(ArrivedPayloads(subscription), IsEmpty());
}

TEST_F(NatsPublishSubscribeTest, TenThousandSubscriptionsEachGetTheirOwn) {
  constexpr int kSubscriptions = 10'000;
  const NatsConnection subscriber = Connect(url());
  const NatsConnection publisher = Connect(url());
  std::vector<NatsSub> subscriptions;
  for (int i = 0; i < kSubscriptions; ++i) {
    natsSubscription* subscription = nullptr;
    ASSERT_EQ(natsConnection_SubscribeSync(&subscription, subscriber.get(),
                                           Subject("many." + std::to_string(i)).c_str()),
              NATS_OK);
    subscriptions.emplace_back(subscription);
  }
  Flush(subscriber);

  for (int i = 0; i < kSubscriptions; ++i) {
    Publish(publisher, Subject("many." + std::to_string(i)), std::to_string(i));
  }
  Publish(publisher, Subject("many.none"), "nobody");
  Flush(publisher);
  Flush(subscriber);

  for (int i = 0; i < kSubscriptions; ++i) {
    uint64_t arrived = 0;
    ASSERT_EQ(natsSubscription_QueuedMsgs(subscriptions[i].get(), &arrived), NATS_OK);
    ASSERT_EQ(arrived, 1u) << "subscription " << i;
    ASSERT_EQ(DataOf(Next(subscriptions[i])), std::to_string(i));
  }
}

TEST_F(NatsPublishSubscribeTest, ManyConnectionsHearOnePublisher) {
  constexpr int kConnections = 50;
  constexpr std::size_t kMessages = 100;
  const NatsConnection publisher = Connect(url());
  std::vector<NatsConnection> connections;
  std::vector<NatsSub> subscriptions;
  for (int i = 0; i < kConnections; ++i) {
    connections.push_back(Connect(url()));
    subscriptions.push_back(Subscribe(connections.back(), Subject("news.>")));
  }

  std::vector<std::string> sent;
  for (std::size_t i = 0; i < kMessages; ++i) {
    sent.push_back("news " + std::to_string(i));
    Publish(publisher, Subject("news.today"), sent.back());
  }
  Flush(publisher);

  for (const NatsSub& subscription : subscriptions) {
    EXPECT_EQ(NextPayloads(subscription, kMessages), sent);
  }
}

}  // namespace
}  // namespace wherry::conformance
