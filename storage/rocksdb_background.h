#pragma once

#include "absl/functional/any_invocable.h"

namespace wherry::storage {

// Runs `task` on a thread of RocksDB's, one after another for all stores of the process.
// Threads: any.
void RunInBackground(absl::AnyInvocable<void()> task);

}  // namespace wherry::storage
