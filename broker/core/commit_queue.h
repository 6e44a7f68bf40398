#pragma once

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "broker/core/storage_faults.h"
#include "absl/status/status.h"
#include "broker/runtime/shard.h"
#include "storage/log_store.h"

namespace wherry::core {

// What an acknowledged write has survived.
enum class SyncPolicy {
  kCommit,    // power loss: every acknowledgement waits for a sync, one sync serves all that wait
  kInterval,  // kill -9; power loss costs at most the last kSyncInterval
  kOs,        // kill -9; power loss costs what the kernel had not written yet
};

// The one way into a LogStore for everything that must be kept: appends, committed offsets, topics,
// in the order of submission. With SyncPolicy::kCommit on a durable store a thread of its own
// gathers everybody's operations (at most kMaxGroupBytes) into one commit and one sync; otherwise
// the commit runs on the home shard at once. Either way `done` runs as a later task on the home
// shard, never inside Submit, so that all stores behave alike.
//
// After a failed commit every operation submitted behind it fails too, until the home shard has run
// the failed `done` callbacks: whoever computed an offset from the failed one must never see its
// own append succeed.
//
// Threads: Submit, and the callbacks: the home shard only. Owned by the composition root.
class CommitQueue {
 public:
  using Done = absl::AnyInvocable<void(const absl::Status&)>;

  // `faults`: what a test has the disk suffer from; null: nothing ever.
  CommitQueue(storage::LogStore& store, SyncPolicy policy, runtime::Shard& home,
              std::shared_ptr<StorageFaults> faults = nullptr);
  // Stop must have run.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  void Start();
  // Commits (and, on a durable store, syncs) what was submitted, then ends the thread. Not from the
  // home shard. Submit fails afterwards with kUnavailable.
  void Stop();
  // Ends the thread as a process that dies would: what is not committed yet never is, and no `done`
  // runs that has not been posted. Not from the home shard.
  void Abort();

  void Submit(storage::CommitBatch batch, Done done);

  static constexpr std::size_t kMaxGroupBytes = 1 << 20;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace wherry::core
