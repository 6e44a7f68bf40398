#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/partition.h"
#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {

// One compaction of one log (cleanup.policy=compact): of the records with one key below `dirty_to`,
// all but the last go, and so do records without a key and those of aborted transactions. Offsets
// stay what they are; a batch that loses records is replaced, one that loses all is erased. A
// tombstone stays until the time that is written on its batch when it is first compacted. Markers
// of transactions stay.
//
// First the keys of [dirty_from, dirty_to) are read, then every batch below dirty_to is held
// against them. If there are more keys than kMaxKeyBytes holds, dirty_to comes down to where it was
// full, and the next compaction goes on from there. A batch that cannot be opened stays as it is.
//
// Example: a:1 b:1 | a:2 c:1, dirty from the bar on, become b:1 a:2 c:1 at the offsets 1, 2 and 3.
//
// Threads: one at a time, and nobody else changes the log below dirty_to but by trimming it. Owned
// by who steps it.
class Compaction {
 public:
  struct Plan {
    std::int64_t dirty_from = 0;
    std::int64_t dirty_to = 0;
    std::int64_t now = 0;  // milliseconds since the epoch
    std::int64_t delete_retention_ms = 0;
    std::vector<core::AbortedTransaction> aborted;
  };

  // What a step reads at most, but for one batch that is larger.
  static constexpr std::size_t kStepBytes = 1024 * 1024;
  // What keys take together, each counted with what the map needs for it.
  static constexpr std::size_t kMaxKeyBytes = 64 * 1024 * 1024;
  static constexpr std::size_t kBytesPerKey = 80;

  Compaction(storage::LogStore& store, storage::LogId log, Plan plan,
             std::size_t max_key_bytes = kMaxKeyBytes)
      : store_(store),
        log_(log),
        plan_(std::move(plan)),
        max_key_bytes_(max_key_bytes),
        next_(plan_.dirty_from) {}

  // Does the next part of the work and says what it has changed in the store. Errors: of the store;
  // what was changed before stays, and is right.
  absl::StatusOr<std::vector<core::Partition::CompactedBatch>> Step();
  bool done() const { return done_; }
  // Where the next compaction goes on. Once this one is done.
  std::int64_t compacted_to() const { return plan_.dirty_to; }

 private:
  absl::StatusOr<std::vector<storage::Batch>> ReadNext();
  void ReadKeys(const std::vector<storage::Batch>& batches);
  bool AddKeys(const storage::Batch& batch);
  absl::Status Filter(const storage::Batch& batch,
                      std::vector<core::Partition::CompactedBatch>& changes);
  absl::Status Erase(const storage::Batch& batch,
                     std::vector<core::Partition::CompactedBatch>& changes);
  bool IsAborted(const BatchHeader& header) const;
  bool Survives(const Record& record, bool drop_tombstones) const;
  void BeginFilter();

  storage::LogStore& store_;
  const storage::LogId log_;
  Plan plan_;
  const std::size_t max_key_bytes_;
  bool filtering_ = false;
  bool done_ = false;
  std::int64_t next_;
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  // The last offset of each key.
  std::unordered_map<std::string, std::int64_t, KeyHash, std::equal_to<>> last_;
  std::size_t key_bytes_ = 0;
};

}  // namespace wherry::kafka
