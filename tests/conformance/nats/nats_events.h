#pragma once

#include <condition_variable>
#include <mutex>

#include <nats/nats.h>

#include "tests/conformance/support/deadline.h"

namespace wherry::conformance {

// Counts what a connection's callbacks tell, for a test to wait on.
// Threads: any. Owned by the test; outlives the connections, whose last callbacks its destructor
// waits for: cnats calls them from a thread of its own, after the connection has been destroyed.
class NatsEvents {
 public:
  NatsEvents() = default;
  NatsEvents(const NatsEvents&) = delete;
  NatsEvents& operator=(const NatsEvents&) = delete;
  ~NatsEvents() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [this] { return closed_ >= watched_; });
  }

  // One connection, which will be established.
  void Watch(natsOptions* options) {
    ++watched_;
    natsOptions_SetDisconnectedCB(options, Tell<&NatsEvents::disconnected_>, this);
    natsOptions_SetReconnectedCB(options, Tell<&NatsEvents::reconnected_>, this);
    natsOptions_SetClosedCB(options, Tell<&NatsEvents::closed_>, this);
  }
  bool AwaitDisconnected() { return Await(&NatsEvents::disconnected_); }
  bool AwaitReconnected() { return Await(&NatsEvents::reconnected_); }
  bool AwaitClosed() { return Await(&NatsEvents::closed_); }

 private:
  template <int NatsEvents::*kCounter>
  static void Tell(natsConnection*, void* self) {
    auto* events = static_cast<NatsEvents*>(self);
    const std::lock_guard lock(events->mutex_);
    ++(events->*kCounter);
    events->changed_.notify_all();
  }
  bool Await(int NatsEvents::*counter) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return this->*counter > 0; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int watched_ = 0;  // the test's thread only
  int disconnected_ = 0;
  int reconnected_ = 0;
  int closed_ = 0;
};

}  // namespace wherry::conformance
