#include "broker/runtime/timers.h"

namespace wherry::runtime {

void Timers::RunDue() {
  // Timers armed by a callback wait for the next call, so that one that re-arms itself with no
  // delay cannot keep the shard here.
  const Instant now = clock_.Now();
  const std::uint64_t end_sequence = next_sequence_;
  auto it = armed_.begin();
  while (it != armed_.end() && it->first.first <= now) {
    if (it->first.second >= end_sequence) {
      ++it;
      continue;
    }
    it->second.timer->armed_ = false;
    auto fire = std::move(it->second.fire);
    armed_.erase(it);
    fire();  // may destroy the timer, arm others and cancel others
    it = armed_.begin();
  }
  announced_.reset();  // whoever called us has used up its wake-up
  DeadlineChanged();
}

std::optional<Instant> Timers::next_deadline() const {
  if (armed_.empty()) return std::nullopt;
  return armed_.begin()->first.first;
}

Timers::ArmedByKey::iterator Timers::Insert(Instant deadline, Armed armed) {
  const auto at = armed_.emplace(Key{deadline, next_sequence_++}, std::move(armed)).first;
  DeadlineChanged();
  return at;
}

void Timers::DeadlineChanged() {
  const std::optional<Instant> next = next_deadline();
  if (!next.has_value()) return;
  if (announced_.has_value() && *announced_ <= *next) return;
  announced_ = next;
  wake_at_(next);
}

void Timer::Arm(Duration delay, absl::AnyInvocable<void()> fire) {
  Cancel();
  at_ = timers_.Insert(timers_.clock_.Now() + delay, {this, std::move(fire)});
  armed_ = true;
}

void Timer::Cancel() {
  if (!armed_) return;
  armed_ = false;
  // What it was armed for goes last: it may own the timer.
  const auto fire = std::move(at_->second.fire);
  timers_.Remove(at_);
}

}  // namespace wherry::runtime
