#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "broker/core/background_thread.h"
#include "broker/nats/password.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

// Checks bcrypt passwords away from the shards, one after another on one thread.
// Threads: any. Owned by the composition root, which stops the thread before the shards go.
class PasswordChecker {
 public:
  // More do not wait: who comes then would be turned away by its authentication timeout anyway.
  static constexpr std::size_t kMaxWaiting = 1024;

  // Holds a check under way. When it goes, the check is called off: `done` is not called any more.
  // Threads: the shard that asked. Owned by who asked.
  class Pending {
   public:
    explicit Pending(std::shared_ptr<std::atomic<bool>> wanted) : wanted_(std::move(wanted)) {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending() { wanted_->store(false, std::memory_order_relaxed); }

   private:
    const std::shared_ptr<std::atomic<bool>> wanted_;
  };

  explicit PasswordChecker(core::BackgroundThread& thread) : thread_(thread) {}

  // Runs the check on the thread and then `done(matches)` on `home`, the shard that calls this.
  // nullptr: too many wait, or the broker is stopping; `done` is not called.
  std::unique_ptr<Pending> Start(PasswordCheck check, runtime::Shard& home,
                                 absl::AnyInvocable<void(bool)> done);

 private:
  core::BackgroundThread& thread_;
};

}  // namespace wherry::nats
