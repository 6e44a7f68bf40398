#include "wherry/clock.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/clock_state.h"
#include "broker/embed/refusals.h"

namespace wherry {

namespace {

using embed::Stopped;

constexpr std::chrono::nanoseconds kMaxAdvanced = std::chrono::hours(24) * 365 * 100;
// Steps of one advance that no time passes in: what arms itself anew for now never ends.
constexpr int kMaxStepsAtOneTime = 10'000;
// How often what the timers caused is waited for: a task, what it posts (a commit's end), what that
// posts (an answer), on every thread.
constexpr int kSettlingRounds = 4;

TimerKind KindOf(runtime::TimerKind kind) {
  switch (kind) {
    case runtime::TimerKind::kLiveness:
      return TimerKind::kLiveness;
    case runtime::TimerKind::kPatience:
      return TimerKind::kPatience;
    case runtime::TimerKind::kDelivery:
      return TimerKind::kDelivery;
    case runtime::TimerKind::kRetention:
      return TimerKind::kRetention;
    case runtime::TimerKind::kTransaction:
      return TimerKind::kTransaction;
  }
  return TimerKind::kDelivery;
}

std::unique_ptr<runtime::Clock> MakeClock(ClockMode mode) {
  if (mode == ClockMode::kVirtual) return std::make_unique<runtime::VirtualClock>();
  return std::make_unique<runtime::RealClock>();
}

}  // namespace

std::string_view TimerKindName(TimerKind kind) {
  switch (kind) {
    case TimerKind::kLiveness:
      return "liveness";
    case TimerKind::kPatience:
      return "patience";
    case TimerKind::kDelivery:
      return "delivery";
    case TimerKind::kRetention:
      return "retention";
    case TimerKind::kTransaction:
      return "transaction";
  }
  return "?";
}

Clock::State::State(ClockMode mode)
    : clock_(MakeClock(mode)), virtual_(dynamic_cast<runtime::VirtualClock*>(clock_.get())) {}

void Clock::State::Use(std::shared_ptr<embed::AllShards> shards) {
  const std::lock_guard<std::mutex> lock(mutex_);
  shards_ = std::move(shards);
}

Status Clock::State::MayAdvance() const {
  if (virtual_ == nullptr) {
    return {StatusCode::kFailedPrecondition,
            "the broker goes by the machine's clock, which nobody advances; start it with "
            "Options::clock = ClockMode::kVirtual"};
  }
  return stopped() ? Stopped() : Status();
}

StatusOr<std::vector<TimerInfo>> Clock::State::Advance(std::chrono::nanoseconds by,
                                                       const AdvanceOptions& options) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (Status status = MayAdvance(); !status.ok()) return status;
  if (by < runtime::Duration::zero() || by > kMaxAdvanced - virtual_->advanced()) {
    return Status(StatusCode::kInvalidArgument,
                  absl::StrCat("cannot advance the clock by ", by.count(),
                               " ns: time goes forward, by a hundred years at most"));
  }
  return AdvanceBy(by, options.liveness);
}

StatusOr<std::vector<TimerInfo>> Clock::State::AdvanceToNext(const AdvanceOptions& options) {
  const std::lock_guard<std::mutex> lock(mutex_);
  while (true) {
    if (Status status = MayAdvance(); !status.ok()) return status;
    const std::optional<runtime::Duration> next = UntilNext(options.liveness);
    if (!next.has_value()) {
      return Status(StatusCode::kNotFound,
                    options.liveness ? "no timer waits that Advance would reach"
                                     : "no timer waits that Advance would reach, unless it is told "
                                       "to count for connected clients (AdvanceOptions::liveness)");
    }
    auto fired = AdvanceBy(std::max(*next, runtime::Duration::zero()), options.liveness);
    // Empty: real time, or another timer's callback, was quicker.
    if (!fired.ok() || !fired.value().empty()) return fired;
  }
}

StatusOr<std::vector<TimerInfo>> Clock::State::AdvanceBy(runtime::Duration by, bool liveness) {
  shards_->OnEach([liveness](runtime::Shard& shard) { shard.BeginAdvance(liveness); });
  auto fired = StepThrough(by, liveness);
  shards_->OnEach([](runtime::Shard& shard) { shard.EndAdvance(); });
  return fired;
}

StatusOr<std::vector<TimerInfo>> Clock::State::StepThrough(runtime::Duration by, bool liveness) {
  virtual_->EndPatience(by);
  std::vector<TimerInfo> fired = RunDue(runtime::Duration::zero());
  runtime::Duration done{0};
  for (int steps_at_one_time = 0; steps_at_one_time < kMaxStepsAtOneTime; ++steps_at_one_time) {
    const std::optional<runtime::Duration> next = UntilNext(liveness);
    if (stopped()) return Stopped();
    const bool is_last = !next.has_value() || *next > by - done;
    const runtime::Duration step =
        is_last ? by - done : std::max(*next, runtime::Duration::zero());
    if (step > runtime::Duration::zero()) steps_at_one_time = 0;
    virtual_->Advance(step, liveness);
    done += step;
    std::vector<TimerInfo> now = RunDue(done);
    std::move(now.begin(), now.end(), std::back_inserter(fired));
    if (is_last) return fired;
  }
  return Status(StatusCode::kResourceExhausted,
                absl::StrCat("after ", fired.size(), " timers the clock is still where it was: \"",
                             fired.empty() ? std::string() : fired.back().label,
                             "\" fires again and again"));
}

std::optional<runtime::Duration> Clock::State::UntilNext(bool liveness) const {
  std::optional<runtime::Duration> next;
  shards_->OnEach([&](runtime::Shard& shard) {
    const std::optional<runtime::Duration> here = shard.timers().UntilNext(liveness);
    if (here.has_value() && (!next.has_value() || *here < *next)) next = here;
  });
  return next;
}

// What fired, but for those whose patience ended.
std::vector<TimerInfo> Clock::State::RunDue(runtime::Duration since_begin) const {
  std::vector<runtime::Timers::Info> ran;
  shards_->OnEach([&](runtime::Shard& shard) { shard.timers().RunDue(&ran); });
  for (int round = 0; round < kSettlingRounds && !ran.empty(); ++round) {
    shards_->OnEach([](runtime::Shard&) {});
  }
  std::vector<TimerInfo> fired;
  for (runtime::Timers::Info& info : ran) {
    if (info.kind == runtime::TimerKind::kPatience) continue;
    fired.push_back({KindOf(info.kind), std::move(info.label), since_begin});
  }
  return fired;
}

std::vector<TimerInfo> Clock::State::Pending() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<TimerInfo> all;
  if (stopped()) return all;
  shards_->OnEach([&](runtime::Shard& shard) {
    for (runtime::Timers::Info& info : shard.timers().Waiting()) {
      all.push_back({KindOf(info.kind), std::move(info.label),
                     std::max(info.left, runtime::Duration::zero())});
    }
  });
  std::stable_sort(all.begin(), all.end(),
                   [](const TimerInfo& a, const TimerInfo& b) { return a.in < b.in; });
  return all;
}

Clock::Clock(std::shared_ptr<State> state) : state_(std::move(state)) {}

std::chrono::system_clock::time_point Clock::Now() const {
  return std::chrono::system_clock::time_point(
      std::chrono::milliseconds(state_->clock().UnixMillis()));
}

StatusOr<std::vector<TimerInfo>> Clock::Advance(std::chrono::nanoseconds by,
                                                const AdvanceOptions& options) {
  if (runtime::Shard::Current() == nullptr) return state_->Advance(by, options);
  return Status(StatusCode::kFailedPrecondition,
                "Advance waits for the broker's threads, and a broker callback must not; call it "
                "from another thread");
}

StatusOr<std::vector<TimerInfo>> Clock::AdvanceToNext(const AdvanceOptions& options) {
  if (runtime::Shard::Current() == nullptr) return state_->AdvanceToNext(options);
  return Status(StatusCode::kFailedPrecondition,
                "AdvanceToNext waits for the broker's threads, and a broker callback must not; "
                "call it from another thread");
}

std::vector<TimerInfo> Clock::Pending() const {
  if (runtime::Shard::Current() != nullptr) return {};
  return state_->Pending();
}

}  // namespace wherry
