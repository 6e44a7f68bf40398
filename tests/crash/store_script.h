#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "storage/log_store.h"

namespace wherry::crash {

// A row of changes to a LogStore that is the same for the same seed, and what a store has to hold
// after each of them: so that whoever finds a store behind a crash can tell whether it holds what
// some number of them made, all of it and nothing else.
// Threads: one at a time. Owned by the test, and by the program that it kills.
class StoreScript {
 public:
  explicit StoreScript(std::uint32_t seed) : seed_(seed) {}

  // Makes the next change to the model, and to `store` unless it is null; behind a commit all is as
  // durable as `durability` says, and behind other steps the kernel has it.
  absl::Status Step(storage::LogStore* store, storage::Durability durability);
  int steps() const { return steps_; }
  bool committed() const { return committed_; }  // in the last step

  // All that there is, in the same words for the model and for a store.
  std::string Describe() const;
  static absl::StatusOr<std::string> Describe(const storage::LogStore& store);

 private:
  struct Log {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::map<std::int64_t, storage::Batch> batches;  // by last offset
  };

  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  storage::Bytes SomeBytes();
  absl::Status Commit(storage::LogStore* store, storage::Durability durability);
  absl::Status Create(storage::LogStore* store);
  absl::Status Delete(storage::LogStore* store);
  absl::Status Trim(storage::LogStore* store);
  absl::Status Compact(storage::LogStore* store);
  std::map<storage::LogId, Log>::iterator AnyLog();

  const std::uint32_t seed_;
  std::mt19937 random_;
  int steps_ = 0;
  bool committed_ = false;
  std::map<storage::LogId, Log> logs_;
  std::map<std::string, std::string> keys_;
  storage::LogId next_log_ = 1;
};

}  // namespace wherry::crash
