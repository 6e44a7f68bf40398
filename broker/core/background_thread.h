#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace wherry::core {

// Where what takes long is done, so that no shard does it: one thread for what waits for the disk
// (reads behind the tail cache, lookups, trims and deletes), another for the checks of passwords.
// It starts with the first task: a broker that has none has no thread.
// Threads: any. Owned by the composition root.
class BackgroundThread {
 public:
  BackgroundThread() = default;
  ~BackgroundThread() { Stop(); }
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

  // Runs `task` on the thread, after those before it. After Stop it is destroyed unrun.
  void Run(absl::AnyInvocable<void()> task);
  // The same, unless `limit` tasks wait already (the one under way not counted) or Stop was called:
  // then false, and `task` is destroyed unrun.
  bool TryRun(std::size_t limit, absl::AnyInvocable<void()> task);
  // Finishes the task under way, drops the others, ends the thread. Idempotent.
  void Stop();

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<absl::AnyInvocable<void()>> tasks_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace wherry::core
