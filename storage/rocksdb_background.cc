#include "storage/rocksdb_background.h"

#include <memory>
#include <utility>

#include "rocksdb/env.h"

namespace wherry::storage {

namespace {

// Where it would write its own memory to tables; none of our stores have any there.
constexpr rocksdb::Env::Priority kPool = rocksdb::Env::HIGH;

}  // namespace

void RunInBackground(absl::AnyInvocable<void()> task) {
  rocksdb::Env& env = *rocksdb::Env::Default();
  env.IncBackgroundThreadsIfNeeded(1, kPool);
  auto owned = std::make_unique<absl::AnyInvocable<void()>>(std::move(task));
  const auto run = [](void* argument) {
    const std::unique_ptr<absl::AnyInvocable<void()>> mine(
        static_cast<absl::AnyInvocable<void()>*>(argument));
    (*mine)();
  };
  env.Schedule(run, owned.release(), kPool);
}

}  // namespace wherry::storage
