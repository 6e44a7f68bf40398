#include "broker/runtime/timers.h"

#include <gtest/gtest.h>

namespace wherry::runtime {
namespace {

using std::chrono::seconds;

class ManualClock final : public Clock {
 public:
  Instant Now() const override { return now; }
  std::int64_t UnixMillis() const override { return 0; }
  Instant now{};
};

class TimersTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  std::optional<Instant> wake_at_;
  Timers timers_{clock_, [this](std::optional<Instant> at) { wake_at_ = at; }};
};

TEST_F(TimersTest, FiresInOrderOfDeadlineThenOfArming) {
  std::string order;
  Timer a(timers_, TimerKind::kDelivery, "a"), b(timers_, TimerKind::kDelivery, "b"),
      c(timers_, TimerKind::kDelivery, "c");
  b.Arm(seconds(2), [&] { order += "b"; });
  a.Arm(seconds(1), [&] { order += "a"; });
  c.Arm(seconds(2), [&] { order += "c"; });
  EXPECT_EQ(wake_at_, clock_.now + seconds(1));
  clock_.now += seconds(1);
  timers_.RunDue();
  EXPECT_EQ(order, "a");
  EXPECT_EQ(wake_at_, clock_.now + seconds(1));
  clock_.now += seconds(1);
  timers_.RunDue();
  EXPECT_EQ(order, "abc");
  EXPECT_FALSE(a.armed());
}

TEST_F(TimersTest, ATimerMayCancelAndDestroyOthersWhileItFires) {
  auto doomed = std::make_unique<Timer>(timers_, TimerKind::kLiveness, "doomed");
  Timer cancelled(timers_, TimerKind::kLiveness, "cancelled");
  Timer first(timers_, TimerKind::kLiveness, "first");
  first.Arm(seconds(1), [&] {
    doomed.reset();
    cancelled.Cancel();
  });
  doomed->Arm(seconds(1), [] { FAIL() << "was destroyed"; });
  cancelled.Arm(seconds(1), [] { FAIL() << "was cancelled"; });
  clock_.now += seconds(5);
  timers_.RunDue();
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(TimersTest, ATimerThatReArmsItselfForNowWaitsForTheNextRun) {
  int fired = 0;
  Timer timer(timers_, TimerKind::kRetention, "again");
  std::function<void()> again = [&] {
    ++fired;
    timer.Arm(seconds(0), again);
  };
  timer.Arm(seconds(0), again);
  timers_.RunDue();
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(wake_at_, clock_.now);
  timers_.RunDue();
  EXPECT_EQ(fired, 2);
}

// Real time passes beside a virtual clock: none of these waits so long, and none fires by it.
class VirtualTimersTest : public ::testing::Test {
 protected:
  // As whoever owns the broker's clock: patience ends, then the clock goes on.
  std::string Advance(Duration by, bool liveness = false) {
    clock_.EndPatience(by);
    clock_.Advance(by, liveness);
    std::vector<Timers::Info> fired;
    timers_.RunDue(&fired);
    std::string labels;
    for (const Timers::Info& info : fired) labels += info.label;
    return labels;
  }
  void Arm(Timer& timer, Duration delay) {
    timer.Arm(delay, [] {});
  }

  VirtualClock clock_;
  std::optional<Instant> wake_at_;
  Timers timers_{clock_, [this](std::optional<Instant> at) { wake_at_ = at; }};
  Timer ping_{timers_, TimerKind::kLiveness, "ping "};
  Timer fetch_{timers_, TimerKind::kPatience, "fetch "};
  Timer retry_{timers_, TimerKind::kDelivery, "retry "};
  Timer expiry_{timers_, TimerKind::kRetention, "expiry "};
  Timer rebalance_{timers_, TimerKind::kTransaction, "rebalance "};
};

TEST_F(VirtualTimersTest, TheClockStandsStillUntilItIsAdvanced) {
  const Instant before = clock_.Now();
  const std::int64_t unix_before = clock_.UnixMillis();
  const Instant real_before = clock_.RealNow();
  while (clock_.RealNow() == real_before) {
  }
  EXPECT_EQ(clock_.Now(), before);
  clock_.Advance(seconds(90), false);
  EXPECT_EQ(clock_.Now(), before + seconds(90));
  EXPECT_EQ(clock_.UnixMillis(), unix_before + 90'000);
}

TEST_F(VirtualTimersTest, AdvancingSparesTheLivenessOfPeers) {
  for (Timer* timer : {&ping_, &fetch_, &retry_, &expiry_, &rebalance_}) Arm(*timer, seconds(60));
  EXPECT_EQ(Advance(seconds(59)), "");
  EXPECT_EQ(Advance(seconds(1)), "fetch retry expiry rebalance ");
  EXPECT_EQ(Advance(std::chrono::hours(1)), "");
  EXPECT_EQ(Advance(seconds(60), true), "ping ");
}

TEST_F(VirtualTimersTest, RealTimeWakesForPeersAlone) {
  Arm(retry_, seconds(1));
  Arm(rebalance_, seconds(1));
  EXPECT_EQ(wake_at_, std::nullopt);
  const Instant before = clock_.RealNow();
  Arm(ping_, seconds(100));
  EXPECT_GE(wake_at_, before + seconds(100));
  Arm(fetch_, seconds(50));
  EXPECT_GE(wake_at_, before + seconds(50));
  EXPECT_LE(wake_at_, clock_.RealNow() + seconds(50));
  // What an advance has counted need not be waited for.
  EXPECT_EQ(Advance(seconds(20)), "retry rebalance ");
  EXPECT_LE(wake_at_, clock_.RealNow() + seconds(30));
}

TEST_F(VirtualTimersTest, WhatIsDueAtOnceNeedsNoAdvance) {
  Arm(retry_, seconds(0));
  EXPECT_LE(wake_at_, clock_.RealNow());
  timers_.RunDue();
  EXPECT_FALSE(retry_.armed());
}

TEST_F(VirtualTimersTest, APeerThatHasGoneIsNotSpared) {
  Arm(ping_, seconds(60));
  ping_.SetPeerGone(true);
  EXPECT_EQ(Advance(seconds(30)), "");
  ping_.SetPeerGone(false);
  EXPECT_EQ(Advance(seconds(100)), "");
  ping_.SetPeerGone(true);
  EXPECT_EQ(Advance(seconds(29)), "");
  EXPECT_EQ(Advance(seconds(1)), "ping ");
  Arm(ping_, seconds(60));
  EXPECT_EQ(Advance(seconds(60)), "ping ");
}

TEST_F(VirtualTimersTest, SaysHowFarTheNextOneIs) {
  EXPECT_EQ(timers_.UntilNext(true), std::nullopt);
  Arm(fetch_, seconds(1));
  EXPECT_EQ(timers_.UntilNext(true), std::nullopt);
  Arm(ping_, seconds(60));
  EXPECT_EQ(timers_.UntilNext(false), std::nullopt);
  EXPECT_GT(timers_.UntilNext(true), seconds(30));
  Arm(retry_, seconds(70));
  EXPECT_EQ(timers_.UntilNext(false), seconds(70));
  Arm(expiry_, seconds(65));
  EXPECT_EQ(timers_.UntilNext(false), seconds(65));
  clock_.Advance(seconds(66), false);
  EXPECT_EQ(timers_.UntilNext(false), seconds(-1));
}

TEST_F(VirtualTimersTest, ListsAllThatWait) {
  Arm(rebalance_, seconds(60));
  rebalance_.Relabel("rebalance of group g");
  Arm(ping_, seconds(60));
  const std::vector<Timers::Info> waiting = timers_.Waiting();
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].label, "rebalance of group g");
  EXPECT_EQ(waiting[0].left, seconds(60));
  EXPECT_EQ(waiting[1].kind, TimerKind::kLiveness);
  EXPECT_LE(waiting[1].left, seconds(60));
}

}  // namespace
}  // namespace wherry::runtime
