#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"
#include "broker/runtime/random.h"
#include "broker/runtime/timers.h"

namespace boost::asio {
class io_context;
}

namespace wherry::runtime {

// One thread with its own io_context: the home of mutable objects, which are used without a lock from
// its thread and by a posted task from elsewhere.
// Threads: Post, OnThisThread, clock and index from any; the rest from the shard's own thread, or
// before Start and after Stop. Owned by the composition root; outlives everything that lives on it.
class Shard {
 public:
  Shard(int index, Clock& clock, std::uint64_t seed);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Starts the thread. Tasks posted before run first.
  void Start();
  // Runs what was posted before the call, ends the thread and joins it. Not from the shard's thread.
  // Idempotent. Tasks posted later run never, and are destroyed with the shard.
  void Stop();

  // Runs `task` on the shard's thread, later, in the order of posting per thread. Never inline.
  void Post(absl::AnyInvocable<void()> task);

  // Runs `task` on this shard's thread after everything that the present handler does (a socket's
  // read, a posted task, a timer): the place for work that is gathered, such as flushing writes.
  // Shard's own thread only.
  void AtEndOfTurn(absl::AnyInvocable<void()> task);

  bool OnThisThread() const { return std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed); }
  int index() const { return index_; }
  Clock& clock() { return clock_; }
  Timers& timers() { return *timers_; }
  Random& random() { return random_; }
  boost::asio::io_context& context();

 private:
  struct Loop;

  const int index_;
  Clock& clock_;
  Random random_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Timers> timers_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;
};

}  // namespace wherry::runtime
