#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/producer_table.h"
#include "broker/core/segments.h"
#include "broker/core/transaction_index.h"
#include "broker/runtime/shard.h"
#include "storage/log_store.h"

namespace wherry::core {

class MemoryBudget;
class BackgroundThread;
class TailCache;

enum class AppendError {
  kNone,
  kOutOfOrderSequence,  // the producer's sequence does not follow its last one
  kStaleProducerEpoch,  // a newer incarnation of this producer has written
  kInsideTransaction,   // a plain batch of a producer whose transaction is open
  kStaleCoordinator,    // a marker of a coordinator that another has taken over from
  kMemoryLimit,         // the broker's memory cap is reached; nothing was written
  kStorage,             // the commit failed; nothing was written
  kClosed,              // the partition is deleted or the broker stops
};

// One ordered, append-only sequence of batches: a Log, the producers that wrote to it, the tail
// kept in memory, and those who wait for more.
//
// next_offset() counts what was submitted, high_watermark() what is committed (with
// SyncPolicy::kCommit: synced); no reader passes the high watermark. A failed commit cuts
// next_offset() back to it. Readers who want to see nothing of open transactions end at the
// last_stable_offset().
//
// Example: high watermark 10, two appends of 5 and 1 records are submitted: next_offset() is 16, a
// read ends at 10. When both are committed the high watermark is 16 and waiters run.
//
// Threads: its home shard only. Owned by the topic (stream, queue) that it is a part of.
class Partition {
 public:
  // What a protocol fills in once the offset, and under which leader it is, are known. Runs inside
  // Append.
  using PatchOffset = void (*)(std::string& batch, std::int64_t base_offset,
                               std::int32_t leader_epoch);
  // Reads back from a stored batch what Append, or StageMarker, was told, to rebuild the producer
  // table after a restart.
  struct Inspection {
    std::optional<ProducerStamp> producer;
    std::optional<TransactionMarker> marker;
  };
  using Inspect = Inspection (*)(std::string_view batch);

  struct Services {
    storage::LogStore& store;
    CommitQueue& commits;
    BackgroundThread& reader;
    MemoryBudget& budget;
    TailCache& tails;
    runtime::Shard& home;
    PatchOffset patch_offset;
    Inspect inspect;
  };

  struct AppendRequest {
    std::string bytes;
    std::int32_t record_count = 0;  // offsets the batch takes: last offset delta + 1
    std::int64_t max_timestamp = -1;
    std::optional<ProducerStamp> producer;
  };

  struct AppendResult {
    AppendError error = AppendError::kNone;
    std::string message;              // for people, where error != kNone
    std::int64_t base_offset = -1;    // of a duplicate: the offset of the original
    std::int64_t max_timestamp = -1;  // of a duplicate: the original's
    bool duplicate = false;
  };

  // Opens the log `log` of services.store: bounds, and the producer table from its last snapshot
  // and the batches behind it.
  static absl::StatusOr<std::unique_ptr<Partition>> Open(storage::LogId log, Services services);
  // Fails what is pending with kClosed and wakes the waiters.
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  // `done` runs as a later task on the home shard, in the order of the appends.
  void Append(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done);

  // kNone: the marker may be written.
  AppendError CheckMarker(const TransactionMarker& marker,
                          ProducerTable::MarkerEpoch epochs) const;
  // Ends the producer's transaction here: adds the marker, as the batch `bytes` of one record, to
  // `batch`, so that it is committed with what else that ends. The caller submits the batch now,
  // and runs what is returned with the outcome.
  [[nodiscard]] CommitQueue::Done StageMarker(const TransactionMarker& marker, std::string bytes,
                                              storage::CommitBatch& batch);

  // Of what is appended from here on; 0, as it begins, of what its first leader takes. Waiters run.
  void SetLeaderEpoch(std::int32_t epoch);

  storage::LogId log() const;
  std::int64_t start_offset() const;
  std::int64_t high_watermark() const;
  std::int64_t next_offset() const;
  // The first offset of the oldest transaction that is open, or the high watermark.
  std::int64_t last_stable_offset() const;
  // Those that were aborted and reach into [from, to), `to` being at most the last stable offset.
  std::vector<AbortedTransaction> Aborted(std::int64_t from, std::int64_t to) const;
  const ProducerTable& producers() const;

  // Bytes of committed batches in [offset, end_offset), at most to the high watermark, as far as
  // the tail cache knows them; batches behind it count as at least one byte each. For a long poll's
  // min_bytes.
  std::uint64_t BytesFrom(std::int64_t offset, std::int64_t end_offset = INT64_MAX) const;

  using ReadResult = absl::StatusOr<std::vector<storage::Batch>>;
  // At once, where the tail cache or a memory store has it: the batches from the one that holds
  // `offset` up to limits.end_offset, at most to the high watermark. kOutOfRange outside
  // [start_offset, high_watermark]. nullopt: it must come from disk, use Read.
  std::optional<ReadResult> ReadNow(std::int64_t offset, storage::ReadLimits limits) const;
  std::optional<ReadResult> ReadNow(std::int64_t offset, std::size_t max_bytes) const {
    return ReadNow(offset, storage::ReadLimits{.max_bytes = max_bytes});
  }
  // The same from wherever it is; `done` runs as a later task on the home shard, also after the
  // partition is gone (with kNotFound).
  void Read(std::int64_t offset, storage::ReadLimits limits,
            absl::AnyInvocable<void(ReadResult)> done);
  void Read(std::int64_t offset, std::size_t max_bytes, absl::AnyInvocable<void(ReadResult)> done) {
    Read(offset, storage::ReadLimits{.max_bytes = max_bytes}, std::move(done));
  }

  // Lookups; `done` runs as a later task on the home shard. Only committed batches are found.
  using FindResult = absl::StatusOr<std::optional<storage::Batch>>;
  void FindByTimestamp(std::int64_t timestamp, absl::AnyInvocable<void(FindResult)> done);
  void FindMaxTimestamp(absl::AnyInvocable<void(FindResult)> done);

  // Moves the start offset up, at most to the high watermark; frees what lies wholly below.
  void TrimPrefix(std::int64_t offset, absl::AnyInvocable<void(absl::Status)> done);

  // What retention and compaction go by: committed batches in segments.
  const Segments& segments() const;
  void SetSegmentRules(const SegmentRules& rules);
  // Runs `told`, once, on the home shard, when the next batch is committed.
  void TellOfNextAppend(absl::AnyInvocable<void()> told);

  // A batch that compaction has erased from the store, or replaced there.
  struct CompactedBatch {
    std::int64_t base_offset = 0;
    std::optional<storage::Batch> replacement;  // nullopt: it is erased
    std::uint64_t freed_bytes = 0;
  };
  // Keeps what compaction would take away from the next Open: the producers of what it erases.
  // `done` runs as a later task; compaction may begin if that went well.
  void BeforeCompaction(CommitQueue::Done done);
  // Readers of the tail see what the store has.
  void OnCompacted(const std::vector<CompactedBatch>& changes);
  // All below `first_dirty_offset` is compacted.
  void AfterCompaction(std::int64_t first_dirty_offset);
  // Where a log's segments are listed; whoever deletes the log deletes this key.
  static std::string SegmentsKey(storage::LogId log);
  // Appended bytes between two times that the list is kept, more where it is long: what an Open
  // after a crash reads.
  static constexpr std::uint64_t kBytesPerSegmentsKept = 1024 * 1024;

  // Runs `woken` on the home shard, once a turn, when the high watermark or the start offset has
  // moved, or there is another leader, and once when the partition closes, until destroyed. `woken`
  // may destroy its waiter. Must be destroyed on the home shard; may outlive the partition.
  class Waiter {
   public:
    Waiter(Partition& partition, absl::AnyInvocable<void()> woken);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    friend class Partition;
    std::shared_ptr<absl::AnyInvocable<void()>> woken_;  // shared: it may end its own waiter
    Waiter* next_ = nullptr;
    Waiter** link_ = nullptr;  // what points to this one; nullptr: in no list
  };

  // Writes the producer table, so that the next Open replays little. Called at a clean stop.
  void SnapshotProducers();
  // Deletes what is kept beside the log: for whoever deletes the log.
  void EraseState(storage::CommitBatch& batch) const;
  // Where a log's producer table lies, and what the keys of its aborted transactions begin with.
  static std::string SnapshotKey(storage::LogId log);
  static std::string AbortedPrefix(storage::LogId log);
  // Appends by idempotent producers between two snapshots: what an Open after a crash replays.
  static constexpr int kAppendsPerSnapshot = 500;

 private:
  struct State;
  explicit Partition(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wherry::core
