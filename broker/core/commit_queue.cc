#include "broker/core/commit_queue.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace wherry::core {

namespace {

// How often SyncPolicy::kInterval syncs.
constexpr std::chrono::seconds kSyncInterval{1};

struct Operation {
  storage::CommitBatch batch;
  CommitQueue::Done done;
};

struct Completion {
  CommitQueue::Done done;
  absl::Status status;
};

}  // namespace

// Posted completions may run after the queue is gone, so they share this.
struct CommitQueue::State : std::enable_shared_from_this<State> {
  State(storage::LogStore& store, SyncPolicy policy, runtime::Shard& home,
        std::shared_ptr<StorageFaults> faults)
      : store(store), policy(policy), home(home), faults(std::move(faults)) {}

  bool threaded() const { return store.durable() && policy == SyncPolicy::kCommit; }

  absl::Status Commit(const storage::CommitBatch& batch, storage::Durability durability);
  // How long each commit takes at least.
  runtime::Duration delay() const {
    return faults == nullptr ? runtime::Duration::zero() : faults->delay();
  }
  void CommitInline(Operation operation);
  void CompleteInline();
  void CommitLoop();
  void CommitGroup(std::vector<Operation> group, std::unique_lock<std::mutex>& lock);
  void SyncLoop();
  void Complete(std::vector<Completion> completions);

  storage::LogStore& store;
  const SyncPolicy policy;
  runtime::Shard& home;
  const std::shared_ptr<StorageFaults> faults;
  std::thread thread;

  // Home shard only.
  std::unique_ptr<runtime::Timer> slow;  // with a slow disk and no thread
  std::vector<Completion> finished_inline;  // one task completes all of a turn
  bool completion_posted = false;
  std::size_t outstanding = 0;  // submitted and not yet completed

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Operation> queue;
  bool started = false;
  bool stopping = false;
  bool aborted = false;
  bool dirty = false;  // committed and not yet synced (kInterval)
  // A commit failed: what was submitted behind it counted on it, and fails with the same words
  // until the home shard has heard of all of it.
  absl::Status failure;
};

CommitQueue::CommitQueue(storage::LogStore& store, SyncPolicy policy, runtime::Shard& home,
                         std::shared_ptr<StorageFaults> faults)
    : state_(std::make_shared<State>(store, policy, home, std::move(faults))) {}

CommitQueue::~CommitQueue() = default;

void CommitQueue::Start() {
  State& state = *state_;
  state.started = true;
  if (state.threaded()) {
    state.thread = std::thread([&state] { state.CommitLoop(); });
  } else if (state.store.durable() && state.policy == SyncPolicy::kInterval) {
    state.thread = std::thread([&state] { state.SyncLoop(); });
  }
}

void CommitQueue::Stop() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
    state_->changed.notify_one();
  }
  if (state_->thread.joinable()) state_->thread.join();
  // Those whom a slow disk keeps waiting.
  state_->home.Post([state = state_] { state->CompleteInline(); });
}

void CommitQueue::Abort() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = state_->aborted = true;
    state_->changed.notify_one();
  }
  if (state_->thread.joinable()) state_->thread.join();
}

void CommitQueue::Submit(storage::CommitBatch batch, Done done) {
  State& state = *state_;
  ++state.outstanding;
  if (!state.threaded()) return state.CommitInline({std::move(batch), std::move(done)});
  const std::lock_guard<std::mutex> lock(state.mutex);
  if (state.stopping) {
    std::vector<Completion> refused;
    refused.push_back({std::move(done), absl::UnavailableError("the broker is stopping")});
    return state.Complete(std::move(refused));
  }
  state.queue.push_back({std::move(batch), std::move(done)});
  if (state.queue.size() == 1) state.changed.notify_one();
}

void CommitQueue::State::CommitInline(Operation operation) {
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (stopping) {
      status = absl::UnavailableError("the broker is stopping");
    } else if (!failure.ok()) {
      status = failure;
    } else {
      status = Commit(operation.batch, storage::Durability::kKernel);
      failure = status;
      dirty = true;
    }
  }
  finished_inline.push_back({std::move(operation.done), std::move(status)});
  if (completion_posted) return;
  completion_posted = true;
  const runtime::Duration wait = delay();
  if (wait == runtime::Duration::zero()) {
    return home.Post([state = shared_from_this()] { state->CompleteInline(); });
  }
  slow = std::make_unique<runtime::Timer>(home.timers(), runtime::TimerKind::kPatience,
                                          "slow disk");
  slow->Arm(wait, [weak = weak_from_this()] {
    if (const auto state = weak.lock()) state->CompleteInline();
  });
}

void CommitQueue::State::CompleteInline() {
  slow.reset();
  completion_posted = false;
  std::vector<Completion> completions;
  completions.swap(finished_inline);
  for (Completion& completion : completions) completion.done(completion.status);
  outstanding -= completions.size();
  const std::lock_guard<std::mutex> lock(mutex);
  if (outstanding == 0) failure = absl::OkStatus();
}

absl::Status CommitQueue::State::Commit(const storage::CommitBatch& batch,
                                        storage::Durability durability) {
  if (faults != nullptr) {
    if (absl::Status status = faults->TakeFailure(); !status.ok()) return status;
  }
  return store.Commit(batch, durability);
}

void CommitQueue::State::CommitLoop() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !queue.empty(); });
    if (queue.empty() || aborted) return;  // and stopping
    if (const runtime::Duration wait = delay(); wait > runtime::Duration::zero()) {
      changed.wait_for(lock, wait, [this] { return stopping; });
      if (aborted) return;
    }
    std::vector<Operation> group;
    std::size_t bytes = 0;
    while (!queue.empty()) {
      bytes += queue.front().batch.size_bytes();
      // A group of more is dearer; one operation alone may be.
      if (!group.empty() && bytes > kMaxGroupBytes) break;
      group.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    CommitGroup(std::move(group), lock);
  }
}

void CommitQueue::State::CommitGroup(std::vector<Operation> group,
                                     std::unique_lock<std::mutex>& lock) {
  absl::Status status = failure;
  if (status.ok()) {
    lock.unlock();
    storage::CommitBatch all = std::move(group.front().batch);
    for (std::size_t i = 1; i < group.size(); ++i) all.Absorb(std::move(group[i].batch));
    status = Commit(all, storage::Durability::kSynced);
    lock.lock();
    failure = status;
  }
  std::vector<Completion> completions;
  completions.reserve(group.size());
  for (Operation& operation : group) completions.push_back({std::move(operation.done), status});
  Complete(std::move(completions));
}

void CommitQueue::State::SyncLoop() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!stopping) {
    changed.wait_for(lock, kSyncInterval, [this] { return stopping; });
    if (!dirty || aborted) continue;
    dirty = false;
    lock.unlock();
    const absl::Status status = store.Sync();
    lock.lock();
    // What was acknowledged stays acknowledged; the next commit tells that the disk is in trouble.
    if (!status.ok()) failure = status;
  }
}

void CommitQueue::State::Complete(std::vector<Completion> completions) {
  home.Post([state = shared_from_this(), completions = std::move(completions)]() mutable {
    for (Completion& completion : completions) completion.done(completion.status);
    state->outstanding -= completions.size();
    // Only when nothing is under way that was computed from the failed state may commits go on.
    const std::lock_guard<std::mutex> lock(state->mutex);
    if (state->outstanding == 0) state->failure = absl::OkStatus();
  });
}

}  // namespace wherry::core
