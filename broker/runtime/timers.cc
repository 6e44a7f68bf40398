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
    Timer* timer = it->second;
    armed_.erase(it);
    timer->key_.reset();
    auto fire = std::move(timer->fire_);
    fire();  // may destroy `timer`, arm others and cancel others
    it = armed_.begin();
  }
  announced_.reset();  // whoever called us has used up its wake-up
  DeadlineChanged();
}

std::optional<Instant> Timers::next_deadline() const {
  if (armed_.empty()) return std::nullopt;
  return armed_.begin()->first.first;
}

Timers::Key Timers::Insert(Instant deadline, Timer* timer) {
  const Key key{deadline, next_sequence_++};
  armed_.emplace(key, timer);
  DeadlineChanged();
  return key;
}

void Timers::Remove(const Key& key) {
  armed_.erase(key);
  // A wake-up that comes too early is harmless and cheaper than moving it at every Cancel.
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
  fire_ = std::move(fire);
  key_ = timers_.Insert(timers_.clock_.Now() + delay, this);
}

void Timer::Cancel() {
  if (!key_.has_value()) return;
  timers_.Remove(*key_);
  key_.reset();
  fire_ = nullptr;
}

}  // namespace wherry::runtime
