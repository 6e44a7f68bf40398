// How transactions end in a partition, and what is kept of it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/core/partition_state.h"
#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kAbortedVersion = 1;

// A namespace's keys begin with the size of its name; no name is empty, so 0 is the broker's own.
std::string OwnKey(std::string_view kind, storage::LogId log) {
  std::string key("\0\0", 2);
  key.append(kind);
  PutBigEndian(key, log);
  return key;
}

std::string AbortedKey(storage::LogId log, const AbortedTransaction& aborted) {
  std::string key = Partition::AbortedPrefix(log);
  PutBigEndian(key, aborted.last_offset);
  return key;
}

std::string EncodeAborted(const AbortedTransaction& aborted) {
  std::string out;
  PutBigEndian(out, kAbortedVersion);
  PutBigEndian(out, aborted.producer_id);
  PutBigEndian(out, aborted.first_offset);
  PutBigEndian(out, aborted.last_stable_offset);
  return out;
}

std::optional<AbortedTransaction> DecodeAborted(std::string_view key, std::string_view value) {
  AbortedTransaction aborted;
  StateReader where{key};
  aborted.last_offset = where.Take<std::int64_t>();
  StateReader reader{value};
  const auto version = reader.Take<std::uint8_t>();
  aborted.producer_id = reader.Take<std::int64_t>();
  aborted.first_offset = reader.Take<std::int64_t>();
  aborted.last_stable_offset = reader.Take<std::int64_t>();
  if (version != kAbortedVersion || !where.Ended() || !reader.Ended()) return std::nullopt;
  return aborted;
}

}  // namespace

std::string Partition::SnapshotKey(storage::LogId log) { return OwnKey("producers/", log); }
std::string Partition::AbortedPrefix(storage::LogId log) { return OwnKey("aborted/", log); }

absl::Status Partition::State::LoadTransactions() {
  for (const auto& [id, producer] : producers.producers()) {
    if (producer.transaction_start >= 0) transactions.Begin(producer.transaction_start);
  }
  const std::string prefix = AbortedPrefix(log);
  absl::Status damage;
  const absl::Status scanned =
      services.store.Scan(prefix, [&](std::string_view key, std::string_view value) {
        const auto aborted = DecodeAborted(key.substr(prefix.size()), value);
        if (aborted.has_value()) {
          transactions.Restore(*aborted);
        } else {
          damage = absl::DataLossError(
              absl::StrCat("the record of an aborted transaction of log ", log,
                           " is damaged or of an unknown version"));
        }
        return aborted.has_value();
      });
  return scanned.ok() ? damage : scanned;
}

CommitQueue::Done Partition::State::StageMarker(const TransactionMarker& marker, std::string bytes,
                                                storage::CommitBatch& batch) {
  Pending append = Place(std::move(bytes), 1, marker.timestamp);
  append.undo = producers.Record(marker);
  const std::int64_t start =
      append.undo->before.has_value() ? append.undo->before->transaction_start : -1;
  if (start >= 0 && marker.commit) {
    transactions.End(start, append.batch.base_offset);
  } else if (start >= 0) {
    const AbortedTransaction aborted =
        transactions.Abort(marker.producer_id, start, append.batch.base_offset);
    // As with the snapshot: a memory store ends with its transactions.
    if (durable()) batch.Put(AbortedKey(log, aborted), EncodeAborted(aborted));
  }
  return Stage(std::move(append), batch);
}

void Partition::State::ForgetAborted() {
  storage::CommitBatch commit;
  for (const AbortedTransaction& aborted : transactions.Trim(start_offset)) {
    commit.Delete(AbortedKey(log, aborted));
  }
  if (commit.empty() || !durable()) return;
  // What stays is forgotten at the next trim after an Open.
  services.commits.Submit(std::move(commit), [](const absl::Status&) {});
}

AppendError ErrorOf(ProducerTable::Verdict verdict) {
  switch (verdict) {
    case ProducerTable::Verdict::kAccept:
    case ProducerTable::Verdict::kDuplicate:
      return AppendError::kNone;
    case ProducerTable::Verdict::kOutOfOrder:
      return AppendError::kOutOfOrderSequence;
    case ProducerTable::Verdict::kStaleEpoch:
      return AppendError::kStaleProducerEpoch;
    case ProducerTable::Verdict::kInsideTransaction:
      return AppendError::kInsideTransaction;
    case ProducerTable::Verdict::kStaleCoordinator:
      return AppendError::kStaleCoordinator;
  }
  return AppendError::kNone;
}

AppendError Partition::CheckMarker(const TransactionMarker& marker,
                                   ProducerTable::MarkerEpoch epochs) const {
  return ErrorOf(state_->producers.Check(marker, epochs));
}

CommitQueue::Done Partition::StageMarker(const TransactionMarker& marker, std::string bytes,
                                         storage::CommitBatch& batch) {
  return state_->StageMarker(marker, std::move(bytes), batch);
}

std::int64_t Partition::last_stable_offset() const {
  const std::int64_t first_unstable =
      std::max(state_->transactions.first_unstable_offset(), state_->start_offset);
  return std::min(first_unstable, state_->high_watermark);
}

std::vector<AbortedTransaction> Partition::Aborted(std::int64_t from, std::int64_t to) const {
  return state_->transactions.Aborted(from, to);
}

const ProducerTable& Partition::producers() const { return state_->producers; }

void Partition::EraseState(storage::CommitBatch& batch) const {
  batch.Delete(SnapshotKey(state_->log));
  batch.Delete(SegmentsKey(state_->log));
  if (!state_->durable()) return;
  for (const AbortedTransaction& aborted : state_->transactions.Aborted(0, INT64_MAX)) {
    batch.Delete(AbortedKey(state_->log, aborted));
  }
}

}  // namespace wherry::core
