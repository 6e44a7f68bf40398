#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/log.h"

namespace wherry::storage {

// One append inside a CommitBatch.
struct Append {
  LogId log = 0;
  // Must be at least the log's end offset at this point of the batch (greater leaves a gap).
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  std::int64_t max_timestamp = -1;
  Bytes bytes;
};

// Many appends and key/value changes that become readable, and durable, together or not at all.
// Applied in the order in which they were added; a key put twice keeps the later value.
class CommitBatch {
 public:
  struct KeyChange {
    std::string key;
    std::optional<std::string> value;  // nullopt: delete the key
  };

  void Add(Append append) {
    size_bytes_ += append.bytes->size();
    appends_.push_back(std::move(append));
  }
  void Put(std::string key, std::string value) {
    size_bytes_ += key.size() + value.size();
    key_changes_.push_back({std::move(key), std::move(value)});
  }
  void Delete(std::string key) {
    size_bytes_ += key.size();
    key_changes_.push_back({std::move(key), std::nullopt});
  }
  // Moves everything of `other` behind what is here.
  void Absorb(CommitBatch&& other);

  bool empty() const { return appends_.empty() && key_changes_.empty(); }
  std::size_t size_bytes() const { return size_bytes_; }
  const std::vector<Append>& appends() const { return appends_; }
  const std::vector<KeyChange>& key_changes() const { return key_changes_; }

 private:
  std::vector<Append> appends_;
  std::vector<KeyChange> key_changes_;
  std::size_t size_bytes_ = 0;
};

// How far a commit must have come before Commit returns.
enum class Durability {
  kKernel,  // handed to the kernel: survives a kill -9 of the process, not a power loss
  kSynced,  // on the disk: survives a power loss
};

// A set of logs and a small ordered key/value space beside them, in memory or on disk.
//
// Threads: any number of threads may read while one commits; Commit, CreateLog, DeleteLog,
// TrimPrefix, EraseBatch and ReplaceBatch may be called from different threads and take turns
// inside. Errors: kNotFound (no such log), kOutOfRange (an offset outside the bounds),
// kInvalidArgument (a misuse, with its numbers), kResourceExhausted (a memory cap or a full disk),
// kDataLoss (bytes that do not match their checksum: log, offset and file are named), kUnavailable
// (the store is closed).
class LogStore {
 public:
  virtual ~LogStore() = default;

  // True where data survives the process. Callers choose by it whether a commit can run inline.
  virtual bool durable() const = 0;

  // Applies all of `batch` or nothing. After an error the store is as before the call.
  virtual absl::Status Commit(const CommitBatch& batch, Durability durability) = 0;

  // A new, empty log that starts at `start_offset`. It survives a kill -9 at once, and a power loss
  // with the next synced commit: nothing that names it can be kept without it.
  virtual absl::StatusOr<LogId> CreateLog(std::int64_t start_offset = 0) = 0;
  // Deletes the log and all its batches; reads that hold bytes keep them. Space is freed without
  // rewriting others.
  virtual absl::Status DeleteLog(LogId log) = 0;
  virtual std::vector<LogId> Logs() const = 0;

  virtual absl::StatusOr<LogBounds> Bounds(LogId log) const = 0;

  // The batches from the one that holds `offset` (or, in a gap, the first behind it) on, in order.
  // `offset` == end offset gives none; outside [start, end] gives kOutOfRange.
  // Example: with [0,9] [10,10] [11,15], Read(5) begins with [0,9], Read(11) with [11,15].
  virtual absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                                  const ReadLimits& limits) const = 0;

  // The first batch at or after the start offset whose max_timestamp is at least `timestamp`;
  // nullopt if there is none.
  virtual absl::StatusOr<std::optional<Batch>> FindByTimestamp(LogId log,
                                                               std::int64_t timestamp) const = 0;
  // The first of the batches with the greatest max_timestamp; nullopt for an empty log.
  virtual absl::StatusOr<std::optional<Batch>> FindMaxTimestamp(LogId log) const = 0;

  // Moves the start offset up to `offset` (never down) and frees the batches wholly below it. A
  // batch that straddles it stays. `offset` may be the end offset: the log is then empty and keeps
  // its place.
  virtual absl::Status TrimPrefix(LogId log, std::int64_t offset) = 0;

  // Compaction: removes the batch whose base offset this is, or puts other bytes in its place. The
  // replacement must lie within [base_offset, last_offset] of the old one.
  virtual absl::Status EraseBatch(LogId log, std::int64_t base_offset) = 0;
  virtual absl::Status ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) = 0;

  // The key/value space: unsigned bytewise order, keys of at most kMaxKeySize bytes, values small.
  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const = 0;
  // Calls `visit` for each key that begins with `prefix`, in order, until it returns false.
  virtual absl::Status Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;

  // Makes everything committed so far durable (kSynced). A no-op in memory.
  virtual absl::Status Sync() = 0;

  // Bytes of memory that the store holds for data (batches kept in memory, write buffers).
  virtual std::uint64_t memory_bytes() const = 0;

  static constexpr std::size_t kMaxKeySize = 64 * 1024;
  static constexpr std::size_t kMaxBatchSize = 256 * 1024 * 1024;
};

}  // namespace wherry::storage
