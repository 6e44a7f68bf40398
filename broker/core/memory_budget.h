#pragma once

#include <cstdint>

#include "storage/log_store.h"

namespace wherry::core {

// The broker's cap on bytes of records held in memory (Options::memory_limit).
// Threads: any. Owned by the composition root.
class MemoryBudget {
 public:
  // `limit` 0: no limit.
  MemoryBudget(const storage::LogStore& store, std::uint64_t limit)
      : store_(store), limit_(limit) {}

  bool Allows(std::uint64_t more) const {
    return limit_ == 0 || store_.memory_bytes() + more <= limit_;
  }
  std::uint64_t limit() const { return limit_; }
  std::uint64_t used() const { return store_.memory_bytes(); }

 private:
  const storage::LogStore& store_;
  const std::uint64_t limit_;
};

}  // namespace wherry::core
