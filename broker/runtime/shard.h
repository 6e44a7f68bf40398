#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"
#include "broker/runtime/random.h"
#include "broker/runtime/timers.h"

namespace boost::asio {
class io_context;
}

namespace wherry::runtime {

class Shard;

// Is told when a turn has ended, behind all that was done in it. Threads: the shard's.
class TurnWatcher {
 public:
  virtual ~TurnWatcher() = default;
  // Must not write to connections: nothing would flush them.
  virtual void OnTurn(Shard& shard) = 0;
};

// One thread with its own io_context: the home of mutable objects, which are used without a lock
// from its thread and by a posted task from elsewhere. Threads: Post, ClockMoved, OnThisThread,
// Current, clock and index from any; the rest from the shard's own thread or before Start and after
// Stop. Owned by the composition root; outlives everything that lives on it.
class Shard {
 public:
  Shard(int index, Clock& clock, std::uint64_t seed);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Starts the thread. Tasks posted before run first.
  void Start();
  // Runs what was posted before the call, ends the thread and joins it. Not from the shard's
  // thread. Idempotent. Tasks posted later run never, and are destroyed with the shard.
  void Stop();

  // Runs `task` on the shard's thread, later, in the order of posting per thread. Never inline.
  void Post(absl::AnyInvocable<void()> task);

  // Runs `handler` now, as one turn: what it asked for with AtEndOfTurn runs behind it. Posted
  // tasks and timers are turns already; a socket's completion handler makes itself one with this. A
  // turn inside a turn is a part of the outer one. Shard's own thread only.
  template <class Handler>
  void Turn(Handler&& handler) {
    ++turn_depth_;
    std::forward<Handler>(handler)();
    if (turn_depth_ == 1) {
      if (!end_of_turn_.empty()) RunEndOfTurn();
      if (watcher_ != nullptr) TellWatcher();
      turn_unix_millis_ = 0;
    }
    --turn_depth_;
  }

  // Runs `task` on this shard's thread after everything that the present turn does (a socket's
  // read, a posted task, a timer): the place for work that is gathered, such as flushing writes. In
  // order; what such a task adds runs in the same turn. Shard's own thread only.
  void AtEndOfTurn(absl::AnyInvocable<void()> task);

  // Has `watcher` hear of the end of each turn, of this one already; null: nobody. Shard's own
  // thread only.
  void WatchTurns(TurnWatcher* watcher) {
    watcher_ = watcher;
    hidden_ = false;
  }
  // Not of this one: it only looked. Shard's own thread only.
  void HideTurn() { hidden_ = true; }

  // Looks for timers that have come due. For whoever moves a clock that does not run by itself; the
  // shard watches a clock that runs. Any thread.
  void ClockMoved();

  // While a clock is advanced, only who advances it runs the timers (Timers::RunDue), and not when
  // real time has come to one. `deaf`: and what peers send is left in their sockets, as if they
  // were silent; if the clock is advanced for them too, it must not be chance whether they answer
  // in time. Shard's own thread only.
  void BeginAdvance(bool deaf);
  void EndAdvance();
  bool deaf() const { return deaf_; }
  // Runs `task` as a turn when the shard is not deaf any more. Shard's own thread only.
  void WhenHearing(absl::AnyInvocable<void()> task) { unheard_.push_back(std::move(task)); }

  // The wall clock as of this turn, read at most once in it: for noting when something was busy.
  // Shard's own thread only.
  std::int64_t TurnUnixMillis() {
    if (turn_unix_millis_ == 0) turn_unix_millis_ = clock_.UnixMillis();
    return turn_unix_millis_;
  }

  // The one whose thread this is; nullptr: this is no shard's.
  static Shard* Current();
  bool OnThisThread() const {
    return std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed);
  }
  int index() const { return index_; }
  Clock& clock() { return clock_; }
  Timers& timers() { return *timers_; }
  Random& random() { return random_; }
  boost::asio::io_context& context();

 private:
  struct Loop;

  void RunEndOfTurn();
  void TellWatcher() {
    if (!std::exchange(hidden_, false)) watcher_->OnTurn(*this);
  }
  void WakeAt(std::optional<Instant> deadline);

  const int index_;
  Clock& clock_;
  Random random_;
  // Declared in this order because the tasks that the loop destroys may own timers.
  std::unique_ptr<Timers> timers_;
  std::vector<absl::AnyInvocable<void()>> end_of_turn_;
  std::vector<absl::AnyInvocable<void()>> unheard_;
  bool advanced_ = false;  // between BeginAdvance and EndAdvance
  bool deaf_ = false;
  TurnWatcher* watcher_ = nullptr;
  bool hidden_ = false;  // the present turn, from watcher_
  int turn_depth_ = 0;
  std::int64_t turn_unix_millis_ = 0;  // 0: not read in this turn
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;
};

}  // namespace wherry::runtime
