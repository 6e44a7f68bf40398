#include "broker/embed/waiters.h"

#include <utility>

namespace wherry::embed {

// One wait. `holds` is empty for a Change.
struct Waiter {
  explicit Waiter(std::function<bool()> holds) : holds(std::move(holds)) {}

  void Finish(Waiters::Outcome how) {
    const std::lock_guard<std::mutex> lock(mutex);
    outcome = how;
    changed.notify_one();
  }
  Waiters::Outcome Wait(Waiters::Time deadline) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait_until(lock, deadline, [this] { return outcome != Waiters::Outcome::kTooLate; });
    return outcome;
  }

  const std::function<bool()> holds;
  std::mutex mutex;
  std::condition_variable changed;
  Waiters::Outcome outcome = Waiters::Outcome::kTooLate;
};

Waiters::Waiters(std::vector<runtime::Shard*> shards, std::shared_ptr<ShardLink> link)
    : shards_(std::move(shards)), link_(std::move(link)) {}

Waiters::Outcome Waiters::Await(std::function<bool()> holds, Time deadline) {
  const auto waiter = std::make_shared<Waiter>(std::move(holds));
  if (!link_->Post([this, waiter] { Add(waiter); })) return Outcome::kStopped;
  waiter->Wait(deadline);
  // What it looks at may end with its caller.
  if (!link_->Run([&] { Remove(*waiter); })) return Outcome::kStopped;
  return waiter->outcome;
}

Waiters::Change::Change(Waiters& waiters)
    : waiters_(waiters), waiter_(std::make_shared<Waiter>(nullptr)) {
  const bool posted = waiters_.link_->Post(
      [&waiters = waiters_, waiter = waiter_] { waiters.Add(waiter); });
  if (!posted) waiter_->outcome = Outcome::kStopped;
}

Waiters::Change::~Change() {
  static_cast<void>(waiters_.link_->Run([this] { waiters_.Remove(*waiter_); }));
}

Waiters::Outcome Waiters::Change::Wait(Time deadline) {
  const Outcome outcome = waiter_->Wait(deadline);
  const std::lock_guard<std::mutex> lock(waiter_->mutex);
  if (waiter_->outcome == Outcome::kHolds) waiter_->outcome = Outcome::kTooLate;
  return outcome;
}

void Waiters::Add(std::shared_ptr<Waiter> waiter) {
  if (stopped_) return waiter->Finish(Outcome::kStopped);
  // The end of this very turn is the first look.
  waiters_.push_back(std::move(waiter));
  if (waiters_.size() == 1) Watch(true);
}

void Waiters::Remove(const Waiter& waiter) {
  std::erase_if(waiters_, [&waiter](const auto& other) { return other.get() == &waiter; });
  if (waiters_.empty()) Watch(false);
}

void Waiters::Watch(bool on) {
  TurnWatcher* const watcher = on ? this : nullptr;
  for (runtime::Shard* const shard : shards_) {
    if (shard == &home()) {
      shard->WatchTurns(watcher);
    } else {
      shard->Post([shard, watcher] { shard->WatchTurns(watcher); });
    }
  }
}

void Waiters::OnTurn(runtime::Shard& shard) {
  if (&shard == &home()) return Look();
  if (!told_.exchange(true)) home().Post([this] { told_ = false; });
}

void Waiters::Look() {
  const std::vector<std::shared_ptr<Waiter>> all = waiters_;
  for (const std::shared_ptr<Waiter>& waiter : all) {
    if (waiter->holds != nullptr && !waiter->holds()) continue;
    waiter->Finish(Outcome::kHolds);
    if (waiter->holds != nullptr) Remove(*waiter);
  }
}

void Waiters::OnStop() {
  stopped_ = true;
  for (const std::shared_ptr<Waiter>& waiter : std::exchange(waiters_, {})) {
    waiter->Finish(Outcome::kStopped);
  }
  home().WatchTurns(nullptr);
}

}  // namespace wherry::embed
