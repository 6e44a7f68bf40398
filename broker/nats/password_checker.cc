#include "broker/nats/password_checker.h"

#include <utility>

namespace wherry::nats {

std::unique_ptr<PasswordChecker::Pending> PasswordChecker::Start(
    PasswordCheck check, runtime::Shard& home, absl::AnyInvocable<void(bool)> done) {
  auto wanted = std::make_shared<std::atomic<bool>>(true);
  const bool taken = thread_.TryRun(
      kMaxWaiting,
      [check = std::move(check), wanted, &home, done = std::move(done)]() mutable {
        // A client that gave up does not cost the others its tenth of a second. `done` is destroyed
        // on the shard all the same: it may own what belongs there.
        const bool matches = wanted->load(std::memory_order_relaxed) && check.Run();
        home.Post([wanted = std::move(wanted), done = std::move(done), matches]() mutable {
          if (wanted->load(std::memory_order_relaxed)) done(matches);
        });
      });
  return taken ? std::make_unique<Pending>(std::move(wanted)) : nullptr;
}

}  // namespace wherry::nats
