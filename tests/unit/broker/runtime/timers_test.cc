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

}  // namespace
}  // namespace wherry::runtime
