#include "broker/core/partition.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/memory_budget.h"
#include "broker/core/partition_state.h"

namespace wherry::core {

namespace {

// What an Open reads at a time of what the store knows no summary of.
constexpr std::size_t kReplayBytes = 4 * 1024 * 1024;

std::string Complaint(ProducerTable::Verdict verdict, const ProducerStamp& stamp) {
  switch (verdict) {
    case ProducerTable::Verdict::kOutOfOrder:
      return absl::StrCat("sequence ", stamp.first_sequence, " of producer ", stamp.producer_id,
                          " does not follow the last one written");
    case ProducerTable::Verdict::kStaleEpoch:
      return absl::StrCat("epoch ", stamp.epoch, " of producer ", stamp.producer_id,
                          " has been superseded");
    case ProducerTable::Verdict::kInsideTransaction:
      return absl::StrCat("producer ", stamp.producer_id,
                          " has a transaction open here, and the batch is not part of one");
    case ProducerTable::Verdict::kStaleCoordinator:  // of markers only
    case ProducerTable::Verdict::kAccept:
    case ProducerTable::Verdict::kDuplicate:
      break;
  }
  return {};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Partition>> Partition::Open(storage::LogId log, Services services) {
  auto state = std::make_shared<State>(log, services);
  if (absl::Status status = state->Load(); !status.ok()) return status;
  return std::unique_ptr<Partition>(new Partition(std::move(state)));
}

absl::Status Partition::State::Load() {
  const absl::StatusOr<storage::LogBounds> bounds = services.store.Bounds(log);
  if (!bounds.ok()) return bounds.status();
  start_offset = bounds->start_offset;
  high_watermark = next_offset = bounds->end_offset;
  if (durable()) tail = std::make_shared<Tail>();
  const absl::StatusOr<std::int64_t> segments_from = LoadSegments(*bounds);
  if (!segments_from.ok()) return segments_from.status();
  if (bounds->end_offset == 0) return absl::OkStatus();  // nothing was ever written
  const absl::StatusOr<std::int64_t> producers_from = LoadProducers(*bounds);
  if (!producers_from.ok()) return producers_from.status();
  absl::Status replayed = Replay(*segments_from, *producers_from, bounds->end_offset);
  return replayed.ok() ? LoadTransactions() : replayed;
}

absl::StatusOr<std::int64_t> Partition::State::LoadProducers(const storage::LogBounds& bounds) {
  const auto snapshot = services.store.Get(SnapshotKey(log));
  if (!snapshot.ok()) return snapshot.status();
  if (!snapshot->has_value()) return bounds.start_offset;
  absl::StatusOr<ProducerTable::Decoded> decoded = ProducerTable::Decode(**snapshot);
  if (!decoded.ok()) return decoded.status();
  producers = std::move(decoded->table);
  return std::max(bounds.start_offset, decoded->end_offset);
}

absl::Status Partition::State::Replay(std::int64_t segments_from, std::int64_t producers_from,
                                      std::int64_t end_offset) {
  const std::int64_t now = services.home.clock().UnixMillis();
  std::int64_t offset = std::min(segments_from, producers_from);
  while (offset < end_offset) {
    const auto batches = services.store.Read(log, offset, {kReplayBytes, end_offset});
    if (!batches.ok()) return batches.status();
    if (batches->empty()) break;  // only a gap is left
    for (const storage::Batch& batch : *batches) {
      if (batch.last_offset >= segments_from) segments.Append(batch, segment_rules, now);
      if (batch.last_offset < producers_from) continue;
      const Inspection inspected = services.inspect(*batch.bytes);
      if (inspected.producer.has_value()) producers.Record(*inspected.producer, batch.base_offset);
      if (inspected.marker.has_value()) producers.Record(*inspected.marker);
    }
    offset = batches->back().last_offset + 1;
  }
  return absl::OkStatus();
}

void Partition::State::Later(absl::AnyInvocable<void(AppendResult)> done, AppendResult result) {
  services.home.Post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void Partition::State::Append(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done) {
  const auto refuse = [&](AppendError error, std::string message) {
    AppendResult result;
    result.error = error;
    result.message = std::move(message);
    Later(std::move(done), std::move(result));
  };
  if (closed) return refuse(AppendError::kClosed, "the partition is closed");
  if (request.producer.has_value()) {
    const ProducerTable::Answer answer = producers.Check(*request.producer);
    if (answer.verdict == ProducerTable::Verdict::kDuplicate) {
      return AnswerDuplicate(answer.original, std::move(done));
    }
    if (answer.verdict != ProducerTable::Verdict::kAccept) {
      return refuse(ErrorOf(answer.verdict), Complaint(answer.verdict, *request.producer));
    }
  }
  if (!services.budget.Allows(request.bytes.size())) {
    return refuse(AppendError::kMemoryLimit,
                  absl::StrCat("the broker holds ", services.budget.used(),
                               " bytes of records, its memory limit is ", services.budget.limit(),
                               "; delete topics or records, or raise the limit"));
  }
  Submit(std::move(request), std::move(done));
}

void Partition::State::AnswerDuplicate(const ProducerTable::KeptBatch& original,
                                       absl::AnyInvocable<void(AppendResult)> done) {
  for (Pending& append : pending) {
    if (append.batch.base_offset != original.base_offset) continue;
    append.duplicates.push_back(std::move(done));
    return;
  }
  AppendResult result;
  result.duplicate = true;
  result.base_offset = original.base_offset;
  result.max_timestamp = original.max_timestamp;
  Later(std::move(done), std::move(result));
}

Partition::State::Pending Partition::State::Place(std::string bytes, std::int32_t record_count,
                                                  std::int64_t max_timestamp) {
  Pending append;
  append.batch.base_offset = next_offset;
  append.batch.last_offset = next_offset + record_count - 1;
  append.batch.max_timestamp = max_timestamp;
  services.patch_offset(bytes, next_offset, leader_epoch);
  append.batch.bytes = std::make_shared<const std::string>(std::move(bytes));
  next_offset += record_count;
  return append;
}

void Partition::State::Submit(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done) {
  Pending append = Place(std::move(request.bytes), request.record_count, request.max_timestamp);
  append.done = std::move(done);
  if (request.producer.has_value()) {
    append.undo = producers.Record(*request.producer, append.batch.base_offset);
    const bool begins = request.producer->transactional &&
                        (!append.undo->before.has_value() ||
                         append.undo->before->transaction_start < 0);
    if (begins) transactions.Begin(append.batch.base_offset);
  }
  storage::CommitBatch commit;
  CommitQueue::Done committed = Stage(std::move(append), commit);
  services.commits.Submit(std::move(commit), std::move(committed));
}

CommitQueue::Done Partition::State::Stage(Pending append, storage::CommitBatch& commit) {
  commit.Add({log, append.batch.base_offset, append.batch.last_offset, append.batch.max_timestamp,
              append.batch.bytes});
  // A memory store ends with its producers; nothing would read the snapshot.
  if (append.undo.has_value() && durable() && ++appends_since_snapshot >= kAppendsPerSnapshot) {
    appends_since_snapshot = 0;
    commit.Put(SnapshotKey(log), SnapshotValue());
  }
  pending.push_back(std::move(append));
  return [state = shared_from_this(), generation = generation](const absl::Status& status) {
    if (state->generation == generation) state->OnCommitted(status);
  };
}

void Partition::State::OnCommitted(const absl::Status& status) {
  if (!status.ok()) return Cut(AppendError::kStorage, std::string(status.message()));
  Pending append = std::move(pending.front());
  pending.pop_front();
  high_watermark = append.batch.last_offset + 1;
  transactions.Commit(high_watermark);
  AppendResult result;
  result.base_offset = append.batch.base_offset;
  result.max_timestamp = append.batch.max_timestamp;
  NoteSegment(append.batch);
  if (tail != nullptr) services.tails.Add(tail, std::move(append.batch));
  WakeAtEndOfTurn();
  if (append.done) append.done(result);
  result.duplicate = true;
  for (auto& duplicate : append.duplicates) duplicate(result);
}

void Partition::State::Cut(AppendError error, const std::string& message) {
  ++generation;
  std::deque<Pending> cut;
  cut.swap(pending);
  next_offset = high_watermark;
  for (auto append = cut.rbegin(); append != cut.rend(); ++append) {
    if (append->undo.has_value()) producers.Revert(*append->undo);
  }
  transactions.Cut(next_offset);
  AppendResult result;
  result.error = error;
  result.message = message;
  for (Pending& append : cut) {
    if (append.done) append.done(result);
    for (auto& duplicate : append.duplicates) duplicate(result);
  }
}

Partition::Partition(std::shared_ptr<State> state) : state_(std::move(state)) {}

Partition::~Partition() {
  state_->closed = true;
  state_->Cut(AppendError::kClosed, "the partition is closed");
  state_->Wake();
}

void Partition::Append(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done) {
  state_->Append(std::move(request), std::move(done));
}

void Partition::SetLeaderEpoch(std::int32_t epoch) {
  state_->leader_epoch = epoch;
  state_->WakeAtEndOfTurn();
}

storage::LogId Partition::log() const { return state_->log; }
std::int64_t Partition::start_offset() const { return state_->start_offset; }
std::int64_t Partition::high_watermark() const { return state_->high_watermark; }
std::int64_t Partition::next_offset() const { return state_->next_offset; }

void Partition::TrimPrefix(std::int64_t offset, absl::AnyInvocable<void(absl::Status)> done) {
  const std::int64_t to = std::min(offset, state_->high_watermark);
  state_->Elsewhere<absl::Status>(
      [log = state_->log, to](storage::LogStore& store) { return store.TrimPrefix(log, to); },
      [state = state_, to, done = std::move(done)](absl::Status status) mutable {
        if (status.ok() && to > state->start_offset) {
          state->start_offset = to;
          state->ForgetAborted();
          state->WakeAtEndOfTurn();
        }
        done(std::move(status));
      });
}

void Partition::SnapshotProducers() {
  if (!state_->durable() || state_->high_watermark == 0) return;
  // A snapshot that fails only makes the next Open read more.
  state_->KeepSegments([](const absl::Status&) {});
}

}  // namespace wherry::core
