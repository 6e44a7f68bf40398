#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace wherry::core {

// Where what may wait for the disk is done, so that no shard does: reads behind the tail cache,
// lookups, trims and deletes. Its thread starts with the first task: a broker in memory has none.
// Threads: any. Owned by the composition root.
class ReaderThread {
 public:
  ReaderThread() = default;
  ~ReaderThread() { Stop(); }
  ReaderThread(const ReaderThread&) = delete;
  ReaderThread& operator=(const ReaderThread&) = delete;

  // Runs `task` on the thread, after those before it. After Stop it is destroyed unrun.
  void Run(absl::AnyInvocable<void()> task);
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
