#include "broker/runtime/timers.h"

#include <algorithm>

namespace wherry::runtime {

namespace {

using Line = VirtualClock::Line;

constexpr std::size_t IndexOf(Line line) { return static_cast<std::size_t>(line); }

}  // namespace

std::size_t Timers::LineOf(const Timer& timer) const {
  if (virtual_ == nullptr) return 0;
  switch (timer.kind_) {
    case TimerKind::kLiveness:
      return IndexOf(timer.peer_gone_ ? Line::kGone : Line::kLiveness);
    case TimerKind::kPatience:
      return IndexOf(Line::kPatience);
    case TimerKind::kDelivery:
    case TimerKind::kRetention:
    case TimerKind::kTransaction:
      break;
  }
  return IndexOf(Line::kAdvanced);
}

// The one that has been due for the longest time.
Timer* Timers::NextDue(const std::array<Instant, VirtualClock::kLines>& now,
                       std::uint64_t end_sequence) const {
  Timer* next = nullptr;
  std::pair<Duration, std::uint64_t> next_key;
  for (std::size_t line = 0; line < lines(); ++line) {
    for (const auto& [key, armed] : lines_[line]) {
      if (key.first > now[line]) break;
      if (key.second >= end_sequence) continue;
      const std::pair<Duration, std::uint64_t> due{key.first - now[line], key.second};
      if (next == nullptr || due < next_key) {
        next = armed.timer;
        next_key = due;
      }
      break;
    }
  }
  return next;
}

void Timers::RunDue(std::vector<Info>* fired) {
  // Timers armed by a callback wait for the next call, so that one that re-arms itself with no
  // delay cannot keep the shard here.
  const std::uint64_t end_sequence = next_sequence_;
  std::array<Instant, VirtualClock::kLines> now;
  for (std::size_t line = 0; line < lines(); ++line) now[line] = Now(line);
  while (Timer* const timer = NextDue(now, end_sequence)) {
    if (fired != nullptr) fired->push_back(Describe(*timer));
    auto fire = std::move(timer->at_->second.fire);
    Remove(*timer);
    timer->armed_ = false;
    fire();  // may destroy the timer, arm others and cancel others
  }
  announced_.reset();  // whoever called us has used up its wake-up
  DeadlineChanged();
}

std::optional<Instant> Timers::next_deadline() const {
  if (virtual_ == nullptr) {
    if (lines_[0].empty()) return std::nullopt;
    return lines_[0].begin()->first.first;
  }
  std::optional<Instant> next;
  // What waits for an advance waits for nobody else, but for what is due already.
  const ArmedByKey& advanced = lines_[IndexOf(Line::kAdvanced)];
  if (!advanced.empty() && advanced.begin()->first.first <= virtual_->Now()) {
    next = virtual_->RealNow();
  }
  for (const Line line : {Line::kPatience, Line::kGone, Line::kLiveness}) {
    const ArmedByKey& armed = lines_[IndexOf(line)];
    if (armed.empty()) continue;
    const Instant real = armed.begin()->first.first - virtual_->Ahead(line);
    if (!next.has_value() || real < *next) next = real;
  }
  return next;
}

std::size_t Timers::size() const {
  std::size_t size = 0;
  for (const ArmedByKey& line : lines_) size += line.size();
  return size;
}

Timers::Info Timers::Describe(const Timer& timer) const {
  return {timer.kind_, std::string(timer.label_), timer.at_->first.first - Now(LineOf(timer))};
}

std::vector<Timers::Info> Timers::Waiting() const {
  std::vector<Info> all;
  for (const ArmedByKey& line : lines_) {
    for (const auto& [key, armed] : line) all.push_back(Describe(*armed.timer));
  }
  return all;
}

std::optional<Duration> Timers::UntilNext(bool liveness) const {
  std::optional<Duration> next;
  for (const Line line : {Line::kAdvanced, Line::kGone, Line::kLiveness}) {
    const ArmedByKey& armed = lines_[IndexOf(line)];
    if (armed.empty() || (line == Line::kLiveness && !liveness)) continue;
    const Duration left = armed.begin()->first.first - Now(IndexOf(line));
    if (!next.has_value() || left < *next) next = left;
  }
  return next;
}

Timers::ArmedByKey::iterator Timers::Insert(Duration delay, Armed armed) {
  const std::size_t line = LineOf(*armed.timer);
  const auto at =
      lines_[line].emplace(Key{Now(line) + delay, next_sequence_++}, std::move(armed)).first;
  DeadlineChanged();
  return at;
}

void Timers::Remove(const Timer& timer) { lines_[LineOf(timer)].erase(timer.at_); }

void Timers::Move(Timer& timer, std::size_t from, std::size_t to) {
  if (from == to) return;
  auto node = lines_[from].extract(timer.at_);
  node.key().first += Now(to) - Now(from);  // what is left of it stays
  timer.at_ = lines_[to].insert(std::move(node)).position;
  DeadlineChanged();
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
  at_ = timers_.Insert(delay, {this, std::move(fire)});
  armed_ = true;
}

void Timer::Cancel() {
  if (!armed_) return;
  armed_ = false;
  // What it was armed for goes last: it may own the timer.
  const auto fire = std::move(at_->second.fire);
  timers_.Remove(*this);
}

void Timer::SetPeerGone(bool gone) {
  if (gone == peer_gone_) return;
  const std::size_t from = timers_.LineOf(*this);
  peer_gone_ = gone;
  if (armed_) timers_.Move(*this, from, timers_.LineOf(*this));
}

}  // namespace wherry::runtime
