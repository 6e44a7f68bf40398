// Routing over several shards: who gets what, and what a change of subscriptions changes.
#include "tests/unit/broker/nats/shards_fixture.h"

namespace wherry::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class RouterTest : public ShardsFixture {};

TEST_F(RouterTest, EveryShardReachesEverySubscription) {
  Listener listeners[kShards];
  std::vector<SubscriptionPtr> held;
  for (int i = 0; i < kShards; ++i) held.push_back(Subscribe(i, listeners[i], "a.*", "7"));
  for (int i = 0; i < kShards; ++i) EXPECT_TRUE(Publish(i, "a.b", std::to_string(i)));
  for (const Listener& listener : listeners) {
    EXPECT_THAT(listener.got, ElementsAre("HMSG a.b 7 0", "HMSG a.b 7 1", "HMSG a.b 7 2"));
  }
}

TEST_F(RouterTest, ASubscriptionIsSeenEverywhereAtOnceWhateverWasKnownBefore) {
  for (const char* const pattern : {"a.b", "a.*", ">"}) {
    SCOPED_TRACE(pattern);
    Listener listener;
    // Asked twice, so that every shard keeps a route.
    for (int shard = 0; shard < kShards; ++shard) {
      EXPECT_FALSE(Publish(shard, "a.b", "early"));
      EXPECT_FALSE(Publish(shard, "a.b", "early"));
    }
    const SubscriptionPtr subscription = Subscribe(1, listener, pattern, "1");
    for (int shard = 0; shard < kShards; ++shard) EXPECT_TRUE(Publish(shard, "a.b", "now"));
    EXPECT_EQ(listener.got.size(), 3u);
    Unsubscribe(subscription);
    for (int shard = 0; shard < kShards; ++shard) EXPECT_FALSE(Publish(shard, "a.b", "late"));
    EXPECT_EQ(listener.got.size(), 3u);
  }
}

TEST_F(RouterTest, AnotherLiteralLeavesKeptRoutesAlone) {
  Listener listener;
  const SubscriptionPtr subscription = Subscribe(0, listener, "a", "1");
  EXPECT_TRUE(Publish(0, "a", "1"));
  EXPECT_TRUE(Publish(0, "a", "2"));
  Route* kept = nullptr;
  On(0, [&] { kept = &RouterOf(0).Find("a"); });
  Listener other;
  const SubscriptionPtr inbox = Subscribe(2, other, "_INBOX.1", "1");
  On(0, [&] {
    EXPECT_TRUE(RouterOf(0).IsCurrent(*kept));
    EXPECT_EQ(&RouterOf(0).Find("a"), kept);
  });
  const SubscriptionPtr wildcard = Subscribe(2, other, "b.*", "2");
  On(0, [&] { EXPECT_FALSE(RouterOf(0).IsCurrent(*kept)); });
}

TEST_F(RouterTest, AGroupOverShardsGivesEachMessageToOneMember) {
  Listener listeners[kShards];
  std::vector<SubscriptionPtr> held;
  for (int i = 0; i < kShards; ++i) held.push_back(Subscribe(i, listeners[i], "work", "1", "q"));
  constexpr int kMessages = 300;
  for (int i = 0; i < kMessages; ++i) Publish(i % kShards, "work", "x");
  std::size_t total = 0;
  for (const Listener& listener : listeners) {
    EXPECT_GT(listener.got.size(), 0u);
    total += listener.got.size();
  }
  EXPECT_EQ(total, static_cast<std::size_t>(kMessages));
}

TEST_F(RouterTest, AMemberThatCannotTakeIsPassedOver) {
  Listener full, free;
  full.takes = false;
  const SubscriptionPtr first = Subscribe(0, full, "work", "1", "q");
  const SubscriptionPtr second = Subscribe(0, free, "work", "2", "q");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Publish(0, "work", "x"));
  EXPECT_THAT(full.got, IsEmpty());
  EXPECT_EQ(free.got.size(), 20u);
}

TEST_F(RouterTest, ARunArrivesInOrderOnEveryShard) {
  Listener near, far, counted;
  const SubscriptionPtr a = Subscribe(0, near, "run", "1");
  const SubscriptionPtr b = Subscribe(1, far, "run", "1");
  const SubscriptionPtr c = Subscribe(1, far, "*", "1");
  const SubscriptionPtr d = Subscribe(2, counted, "run", "2", "q");
  On(0, [&] {
    const std::string text = "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n";
    MessageRun run;
    run.subject = "run";
    for (std::size_t i = 0; i < 3; ++i) run.Add(std::string_view(text).substr(i * 6, 6), 1);
    RouterOf(0).Deliver(RouterOf(0).Find("run"), run, nullptr);
  });
  Settle();
  EXPECT_THAT(near.got, ElementsAre("HMSG run 1 a", "HMSG run 1 b", "HMSG run 1 c"));
  EXPECT_THAT(counted.got, ElementsAre("HMSG run 2 a", "HMSG run 2 b", "HMSG run 2 c"));
  EXPECT_THAT(far.got, UnorderedElementsAre("HMSG run 1 a", "HMSG run 1 a", "HMSG run 1 b",
                                            "HMSG run 1 b", "HMSG run 1 c", "HMSG run 1 c"));
}

TEST_F(RouterTest, RoutesAreBoundedAndSubjectsUsedOnceAreNotKept) {
  On(0, [&] {
    for (int i = 0; i < 1000; ++i) RouterOf(0).Find("once." + std::to_string(i));
    EXPECT_LT(RouterOf(0).route_count(), 300u);
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < 2 * Router::kMaxRoutes; ++i) {
        const std::string subject = "twice." + std::to_string(i);
        RouterOf(0).Find(subject);
        RouterOf(0).Find(subject);
      }
    }
    EXPECT_LE(RouterOf(0).route_count(), Router::kMaxRoutes);
  });
}

TEST_F(RouterTest, WhatIsOnItsWayToAnEndedSubscriptionIsDropped) {
  Listener listener;
  const SubscriptionPtr subscription = Subscribe(1, listener, "a", "1");
  // Closed before the other shard's delivery, which is under way, can run.
  On(1, [&] {
    On(0, [&] {
      Message message;
      message.subject = "a";
      message.payload = "x";
      message.tail = "1\r\nx\r\n";
      EXPECT_TRUE(RouterOf(0).Deliver(RouterOf(0).Find("a"), message, nullptr));
    });
    On(0, [] {});
    RouterOf(1).Unsubscribe(*subscription);
  });
  Settle();
  EXPECT_THAT(listener.got, IsEmpty());
}

TEST(OutboxTest, IsCongestedUntilTheOtherShardHasCaughtUp) {
  runtime::RealClock clock;
  runtime::Shard from(0, clock, 1), to(1, clock, 2);
  std::promise<void> room;
  ShardOutboxes outboxes(from, {&from, &to}, [&room] { room.set_value(); });
  Listener listener;
  const auto targets = std::make_shared<Targets>();
  targets->push_back({Subscription::Make(listener, 1, "a", "", "1"), "HMSG a 1 "});
  const std::string payload(1 << 20, 'x');
  const std::string tail = std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
  from.Start();
  std::promise<bool> congested;
  from.Post([&] {
    for (std::size_t sent = 0; sent <= Outbox::kMaxInFlight; sent += payload.size()) {
      Message message;
      message.subject = "a";
      message.payload = payload;
      message.tail = tail;
      outboxes.To(1).Add(targets, message);
    }
    from.Post([&] { congested.set_value(outboxes.congested()); });
  });
  EXPECT_TRUE(congested.get_future().get());
  to.Start();
  room.get_future().wait();
  EXPECT_FALSE(outboxes.congested());
  EXPECT_EQ(listener.got.size(), Outbox::kMaxInFlight / payload.size() + 1);
  from.Stop();
  to.Stop();
}

}  // namespace
}  // namespace wherry::nats
