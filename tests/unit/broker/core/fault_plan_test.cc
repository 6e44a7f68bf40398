#include "broker/core/fault_plan.h"

#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FaultRule Dropping(std::string operation) {
  FaultRule rule;
  rule.operation = std::move(operation);
  rule.strike.action = FaultAction::kDrop;
  rule.text = rule.operation;
  return rule;
}

FaultPoint At(std::string_view operation) {
  FaultPoint point;
  point.operation = operation;
  return point;
}

// What befalls so many operations, one after the other: 'x' for those that are struck.
std::string Strikes(FaultPlan& plan, const FaultPoint& point, int count) {
  std::string strikes;
  for (int i = 0; i < count; ++i) strikes.push_back(plan.Take(point) ? 'x' : '.');
  return strikes;
}

TEST(FaultPlanTest, StrikesTheNthTimeAndSoManyTimes) {
  FaultPlan plan;
  EXPECT_TRUE(plan.empty());
  FaultRule rule = Dropping("kafka.Produce");
  rule.skip = 1;
  rule.times = 2;
  plan.Add(rule);
  EXPECT_FALSE(plan.empty());
  EXPECT_EQ(Strikes(plan, At("kafka.Fetch"), 3), "...");
  EXPECT_EQ(Strikes(plan, At("kafka.Produce"), 6), ".xx...");
  EXPECT_TRUE(plan.empty()) << "it is used up, and operations need not ask any more";
  ASSERT_EQ(plan.List().size(), 1u);
  EXPECT_EQ(plan.List()[0].fired, 2u);
  EXPECT_EQ(plan.List()[0].matched, 3u);
}

TEST(FaultPlanTest, AStarStandsForEveryOperationButNotForConnections) {
  FaultPlan plan;
  plan.Add(Dropping("kafka.*"));
  EXPECT_TRUE(plan.Take(At("kafka.Produce")));
  EXPECT_TRUE(plan.Take(At("kafka.Heartbeat")));
  EXPECT_FALSE(plan.Take(At("kafka.connection")));
  EXPECT_FALSE(plan.Take(At("nats.PUB")));
}

TEST(FaultPlanTest, ScopesNarrowARule) {
  FaultPlan plan;
  FaultRule rule = Dropping("kafka.Fetch");
  rule.topic = "orders";
  rule.group = "g";
  rule.client = "c";
  rule.connection = 7;
  plan.Add(rule);
  const std::vector<std::string> topics = {"bills", "orders"};
  const std::vector<std::string> groups = {"g"};
  FaultPoint point = At("kafka.Fetch");
  point.client = "c";
  point.connection = 7;
  point.topics = topics;
  point.groups = groups;
  EXPECT_TRUE(plan.Take(point));
  FaultPoint other = point;
  other.connection = 8;
  EXPECT_FALSE(plan.Take(other));
  other = point;
  other.client = "d";
  EXPECT_FALSE(plan.Take(other));
  other.user = "c";
  EXPECT_TRUE(plan.Take(other));
  other = point;
  other.topics = std::span(topics).first(1);
  EXPECT_FALSE(plan.Take(other));
  other = point;
  other.groups = {};
  EXPECT_FALSE(plan.Take(other));
}

TEST(FaultPlanTest, SubjectsMatchAsSubscriptionsDo) {
  EXPECT_TRUE(SubjectIsWithin("a.b", "a.b"));
  EXPECT_TRUE(SubjectIsWithin("a.*", "a.b"));
  EXPECT_TRUE(SubjectIsWithin("a.*.>", "a.b.c.d"));
  EXPECT_TRUE(SubjectIsWithin("a.>", "a.>"));
  EXPECT_TRUE(SubjectIsWithin("a.>", "a.*"));
  EXPECT_FALSE(SubjectIsWithin("a.*", "a.>"));
  EXPECT_FALSE(SubjectIsWithin("a.*.>", "a.b"));
  EXPECT_FALSE(SubjectIsWithin("a.b", "a.b.c"));
  EXPECT_FALSE(SubjectIsWithin("a.b.c", "a.b"));
  EXPECT_FALSE(SubjectIsWithin("a", ""));
}

TEST(FaultPlanTest, TheFirstThatStrikesDecides) {
  FaultPlan plan;
  FaultRule first = Dropping("nats.PUB");
  first.times = 1;
  FaultRule second = Dropping("nats.PUB");
  second.strike.action = FaultAction::kReset;
  plan.Add(first);
  plan.Add(second);
  EXPECT_EQ(plan.Take(At("nats.PUB")).action, FaultAction::kDrop);
  EXPECT_EQ(plan.List()[1].matched, 0u);
  EXPECT_EQ(plan.Take(At("nats.PUB")).action, FaultAction::kReset);
}

TEST(FaultPlanTest, AConnectionMayFallShortInSeveralWaysAndMeetOneMore) {
  FaultPlan plan;
  FaultRule slice = Dropping("nats.connection");
  slice.strike = {.action = FaultAction::kSlice, .error = "", .bytes = 1, .hold = nullptr};
  plan.Add(slice);
  plan.Add(slice);
  plan.Add(Dropping("nats.connection"));
  plan.Add(Dropping("nats.connection"));
  EXPECT_EQ(plan.TakeAll(At("nats.connection")).size(), 3u);
  EXPECT_EQ(plan.List()[3].matched, 0u);
}

TEST(FaultPlanTest, TheSameSeedStrikesTheSame) {
  const auto strikes = [](std::uint64_t seed, double probability) {
    FaultPlan plan;
    FaultRule rule = Dropping("nats.PUB");
    rule.probability = probability;
    rule.seed = seed;
    plan.Add(rule);
    return Strikes(plan, At("nats.PUB"), 1000);
  };
  EXPECT_EQ(strikes(1, 0.3), strikes(1, 0.3));
  EXPECT_NE(strikes(1, 0.3), strikes(2, 0.3));
  const std::string some = strikes(3, 0.3);
  const auto struck = std::count(some.begin(), some.end(), 'x');
  EXPECT_GT(struck, 230);
  EXPECT_LT(struck, 370);
  EXPECT_EQ(strikes(1, 0), std::string(1000, '.'));
  EXPECT_EQ(strikes(1, 1), std::string(1000, 'x'));
}

TEST(FaultPlanTest, RulesAreRemovedByTheirIds) {
  FaultPlan plan;
  const std::uint64_t first = plan.Add(Dropping("a"));
  const std::uint64_t second = plan.Add(Dropping("b"));
  EXPECT_TRUE(plan.Remove(first));
  EXPECT_FALSE(plan.Remove(first));
  ASSERT_EQ(plan.List().size(), 1u);
  EXPECT_EQ(plan.List()[0].id, second);
  plan.Clear();
  EXPECT_TRUE(plan.empty());
  EXPECT_THAT(plan.List(), IsEmpty());
  EXPECT_NE(plan.Add(Dropping("a")), first);
}

class HoldPointTest : public ShardFixture {};

TEST_F(HoldPointTest, ReleasesInTheOrderOfArrivalAndLetsLaterOnesPass) {
  const auto hold = std::make_shared<HoldPoint>();
  std::vector<int> resumed;
  On([&] {
    for (int i = 0; i < 3; ++i) hold->Park(shard_, [&resumed, i] { resumed.push_back(i); });
  });
  EXPECT_TRUE(hold->Wait(std::chrono::milliseconds(0), 3));
  EXPECT_FALSE(hold->Wait(std::chrono::milliseconds(0), 4));
  Settle();
  On([&] { EXPECT_THAT(resumed, IsEmpty()); });
  hold->Release();
  Settle();
  On([&] { EXPECT_THAT(resumed, ElementsAre(0, 1, 2)); });
  On([&] { hold->Park(shard_, [&resumed] { resumed.push_back(3); }); });
  Settle();
  On([&] { EXPECT_THAT(resumed, ElementsAre(0, 1, 2, 3)); });
}

TEST_F(HoldPointTest, AClosedPlanForgetsWhoWaits) {
  FaultPlan plan;
  FaultRule rule = Dropping("a");
  rule.strike.action = FaultAction::kHold;
  rule.strike.hold = std::make_shared<HoldPoint>();
  const std::shared_ptr<HoldPoint> hold = rule.strike.hold;
  plan.Remove(plan.Add(rule));
  bool resumed = false;
  On([&] { hold->Park(shard_, [&resumed] { resumed = true; }); });
  plan.Close();
  hold->Release();
  Settle();
  On([&] { EXPECT_FALSE(resumed); });
}

}  // namespace
}  // namespace wherry::core
