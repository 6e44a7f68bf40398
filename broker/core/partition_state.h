#pragma once

// What a Partition keeps, and how: partition.cc appends, partition_transactions.cc ends
// transactions, partition_read.cc reads and waits, partition_segments.cc counts what retention and
// compaction go by.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/core/background_thread.h"
#include "broker/core/partition.h"
#include "broker/core/tail_cache.h"

namespace wherry::core {

AppendError ErrorOf(ProducerTable::Verdict verdict);

// Outlives its Partition as long as a commit or a read is under way.
struct Partition::State : std::enable_shared_from_this<State> {
  struct Pending {
    storage::Batch batch;
    std::optional<ProducerTable::Undo> undo;
    absl::AnyInvocable<void(AppendResult)> done;  // empty: of a marker
    // The same batch, sent again before it was committed.
    std::vector<absl::AnyInvocable<void(AppendResult)>> duplicates;
  };

  State(storage::LogId log, Services services) : log(log), services(services) {}

  absl::Status Load();
  // What is kept of each, and from which offset on the batches must be read for the rest.
  absl::StatusOr<std::int64_t> LoadSegments(const storage::LogBounds& bounds);
  absl::StatusOr<std::int64_t> LoadProducers(const storage::LogBounds& bounds);
  absl::Status Replay(std::int64_t segments_from, std::int64_t producers_from,
                      std::int64_t end_offset);
  absl::Status LoadTransactions();
  // A batch is committed.
  void NoteSegment(const storage::Batch& batch);
  // Submits the segments, and the producers, as they are now.
  void KeepSegments(CommitQueue::Done done);
  void Append(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done);
  void AnswerDuplicate(const ProducerTable::KeptBatch& original,
                       absl::AnyInvocable<void(AppendResult)> done);
  // Gives the batch its place at the end.
  Pending Place(std::string bytes, std::int32_t record_count, std::int64_t max_timestamp);
  void Submit(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done);
  // Adds what was placed to `commit`; what is returned is to be run with the outcome.
  CommitQueue::Done Stage(Pending append, storage::CommitBatch& commit);
  void OnCommitted(const absl::Status& status);
  void Cut(AppendError error, const std::string& message);
  void Later(absl::AnyInvocable<void(AppendResult)> done, AppendResult result);
  void WakeAtEndOfTurn();
  void Wake();

  CommitQueue::Done StageMarker(const TransactionMarker& marker, std::string bytes,
                                storage::CommitBatch& batch);
  void ForgetAborted();

  std::optional<ReadResult> ReadNow(std::int64_t offset, storage::ReadLimits limits) const;
  ReadResult ReadTail(std::int64_t offset, const storage::ReadLimits& limits) const;
  bool durable() const { return services.store.durable(); }
  std::string SnapshotValue() const { return producers.Encode(next_offset); }

  // Runs `find` where it may wait, and `done` with its result on the home shard.
  template <typename Result, typename Find>
  void Elsewhere(Find find, absl::AnyInvocable<void(Result)> done);

  const storage::LogId log;
  const Services services;
  std::int64_t start_offset = 0;
  std::int64_t high_watermark = 0;
  std::int64_t next_offset = 0;
  std::int32_t leader_epoch = 0;
  std::shared_ptr<Tail> tail;  // durable stores only: a memory store is its own tail
  std::deque<Pending> pending;
  std::uint64_t generation = 0;  // moves with every cut: older commits' answers are stale
  ProducerTable producers;
  TransactionIndex transactions;
  int appends_since_snapshot = 0;
  Segments segments;
  SegmentRules segment_rules;
  std::uint64_t bytes_since_segments_kept = 0;
  std::uint64_t segments_kept_size = 0;  // of what was written the last time
  absl::AnyInvocable<void()> told;  // of the next append; empty: nobody wants to know
  Waiter* waiters = nullptr;
  bool wake_scheduled = false;
  bool closed = false;
};

template <typename Result, typename Find>
void Partition::State::Elsewhere(Find find, absl::AnyInvocable<void(Result)> done) {
  runtime::Shard& home = services.home;
  auto task = [&store = services.store, &home, find = std::move(find),
               done = std::move(done)]() mutable {
    home.Post(
        [result = find(store), done = std::move(done)]() mutable { done(std::move(result)); });
  };
  if (durable()) {
    services.reader.Run(std::move(task));
  } else {
    task();
  }
}

}  // namespace wherry::core
