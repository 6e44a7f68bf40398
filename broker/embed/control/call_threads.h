#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace wherry::embed::control {

// Threads for calls that wait, so that no shard does it: as many as there were calls at one time,
// since one call may wait for what the next one does. They start with the first call.
// Threads: Run from any; Stop from none of its own. Owned by HttpControl.
class CallThreads {
 public:
  // More calls at one time than this queue.
  static constexpr std::size_t kMaxThreads = 64;

  CallThreads() = default;
  ~CallThreads() { Stop(); }
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  // Runs `call` on a thread. After Stop it is destroyed unrun.
  void Run(absl::AnyInvocable<void()> call);
  // Waits for the calls under way, drops the others, ends the threads. Idempotent.
  void Stop();

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<absl::AnyInvocable<void()>> waiting_;
  std::size_t idle_ = 0;  // threads that wait for a call
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace wherry::embed::control
