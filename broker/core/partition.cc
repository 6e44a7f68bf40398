#include "broker/core/partition.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/memory_budget.h"
#include "broker/core/background_thread.h"
#include "broker/core/tail_cache.h"

namespace wherry::core {

namespace {

// What an Open reads at a time while it rebuilds the producer table.
constexpr std::size_t kReplayBytes = 4 * 1024 * 1024;
// As far as a memory store's batches are counted for a long poll; more satisfies any.
constexpr std::size_t kCountedBytes = 1024 * 1024;

}  // namespace

// Outlives its Partition as long as a commit or a read is under way.
struct Partition::State : std::enable_shared_from_this<State> {
  struct Pending {
    storage::Batch batch;
    std::optional<ProducerTable::Undo> undo;
    absl::AnyInvocable<void(AppendResult)> done;
    // The same batch, sent again before it was committed.
    std::vector<absl::AnyInvocable<void(AppendResult)>> duplicates;
  };

  State(storage::LogId log, Services services) : log(log), services(services) {}

  absl::Status Load();
  absl::Status Replay(std::int64_t offset, std::int64_t end_offset);
  void Append(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done);
  void AnswerDuplicate(const ProducerTable::KeptBatch& original,
                       absl::AnyInvocable<void(AppendResult)> done);
  void Submit(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done);
  void OnCommitted(const absl::Status& status);
  void Cut(AppendError error, const std::string& message);
  void Later(absl::AnyInvocable<void(AppendResult)> done, AppendResult result);
  void WakeAtEndOfTurn();
  void Wake();

  std::optional<ReadResult> ReadNow(std::int64_t offset, std::size_t max_bytes) const;
  ReadResult ReadTail(std::int64_t offset, std::size_t max_bytes) const;
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
  std::shared_ptr<Tail> tail;  // durable stores only: a memory store is its own tail
  std::deque<Pending> pending;
  std::uint64_t generation = 0;  // moves with every cut: older commits' answers are stale
  ProducerTable producers;
  int appends_since_snapshot = 0;
  Waiter* waiters = nullptr;
  bool wake_scheduled = false;
  bool closed = false;
};

absl::StatusOr<std::unique_ptr<Partition>> Partition::Open(storage::LogId log, Services services) {
  auto state = std::make_shared<State>(log, services);
  if (absl::Status status = state->Load(); !status.ok()) return status;
  return std::unique_ptr<Partition>(new Partition(std::move(state)));
}

std::string Partition::SnapshotKey(storage::LogId log) {
  // A namespace's keys begin with the size of its name; no name is empty, so 0 is the broker's own.
  std::string key("\0\0producers/", 12);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(log >> shift));
  return key;
}

absl::Status Partition::State::Load() {
  const absl::StatusOr<storage::LogBounds> bounds = services.store.Bounds(log);
  if (!bounds.ok()) return bounds.status();
  start_offset = bounds->start_offset;
  high_watermark = next_offset = bounds->end_offset;
  if (durable()) tail = std::make_shared<Tail>();
  if (bounds->start_offset == bounds->end_offset) return absl::OkStatus();

  const auto snapshot = services.store.Get(SnapshotKey(log));
  if (!snapshot.ok()) return snapshot.status();
  std::int64_t from = start_offset;
  if (snapshot->has_value()) {
    absl::StatusOr<ProducerTable::Decoded> decoded = ProducerTable::Decode(**snapshot);
    if (!decoded.ok()) return decoded.status();
    producers = std::move(decoded->table);
    from = std::max(from, decoded->end_offset);
  }
  return Replay(from, bounds->end_offset);
}

absl::Status Partition::State::Replay(std::int64_t offset, std::int64_t end_offset) {
  while (offset < end_offset) {
    const auto batches = services.store.Read(log, offset, {kReplayBytes, end_offset});
    if (!batches.ok()) return batches.status();
    if (batches->empty()) break;  // only a gap is left
    for (const storage::Batch& batch : *batches) {
      const std::optional<ProducerStamp> stamp = services.inspect(*batch.bytes);
      if (stamp.has_value()) producers.Record(*stamp, batch.base_offset);
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
    switch (answer.verdict) {
      case ProducerTable::Verdict::kAccept:
        break;
      case ProducerTable::Verdict::kDuplicate:
        return AnswerDuplicate(answer.original, std::move(done));
      case ProducerTable::Verdict::kOutOfOrder:
        return refuse(
            AppendError::kOutOfOrderSequence,
            absl::StrCat("sequence ", request.producer->first_sequence, " of producer ",
                         request.producer->producer_id, " does not follow the last one written"));
      case ProducerTable::Verdict::kStaleEpoch:
        return refuse(AppendError::kStaleProducerEpoch,
                      absl::StrCat("epoch ", request.producer->epoch, " of producer ",
                                   request.producer->producer_id, " has been superseded"));
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

void Partition::State::Submit(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done) {
  Pending append;
  append.batch.base_offset = next_offset;
  append.batch.last_offset = next_offset + request.record_count - 1;
  append.batch.max_timestamp = request.max_timestamp;
  services.patch_offset(request.bytes, next_offset);
  append.batch.bytes = std::make_shared<const std::string>(std::move(request.bytes));
  append.done = std::move(done);
  next_offset += request.record_count;

  storage::CommitBatch commit;
  commit.Add({log, append.batch.base_offset, append.batch.last_offset, append.batch.max_timestamp,
              append.batch.bytes});
  if (request.producer.has_value()) {
    append.undo = producers.Record(*request.producer, append.batch.base_offset);
    // A memory store ends with its producers; nothing would read the snapshot.
    if (durable() && ++appends_since_snapshot >= kAppendsPerSnapshot) {
      appends_since_snapshot = 0;
      commit.Put(SnapshotKey(log), SnapshotValue());
    }
  }
  pending.push_back(std::move(append));
  services.commits.Submit(std::move(commit), [state = shared_from_this(),
                                              generation = generation](const absl::Status& status) {
    if (state->generation == generation) state->OnCommitted(status);
  });
}

void Partition::State::OnCommitted(const absl::Status& status) {
  if (!status.ok()) return Cut(AppendError::kStorage, std::string(status.message()));
  Pending append = std::move(pending.front());
  pending.pop_front();
  high_watermark = append.batch.last_offset + 1;
  AppendResult result;
  result.base_offset = append.batch.base_offset;
  result.max_timestamp = append.batch.max_timestamp;
  if (tail != nullptr) services.tails.Add(tail, std::move(append.batch));
  WakeAtEndOfTurn();
  append.done(result);
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
  AppendResult result;
  result.error = error;
  result.message = message;
  for (Pending& append : cut) {
    append.done(result);
    for (auto& duplicate : append.duplicates) duplicate(result);
  }
}

void Partition::State::WakeAtEndOfTurn() {
  if (waiters == nullptr || wake_scheduled) return;
  wake_scheduled = true;
  services.home.AtEndOfTurn([state = shared_from_this()] {
    state->wake_scheduled = false;
    state->Wake();
  });
}

void Partition::State::Wake() {
  // A waiter may destroy itself, others and the partition, or add new ones, while it is woken.
  Waiter* waking = std::exchange(waiters, nullptr);
  if (waking != nullptr) waking->link_ = &waking;
  while (waking != nullptr) {
    Waiter* const waiter = waking;
    waking = waiter->next_;
    if (waking != nullptr) waking->link_ = &waking;
    if (closed) {
      waiter->link_ = nullptr;
      waiter->next_ = nullptr;
    } else {
      waiter->next_ = waiters;
      if (waiters != nullptr) waiters->link_ = &waiter->next_;
      waiters = waiter;
      waiter->link_ = &waiters;
    }
    const std::shared_ptr<absl::AnyInvocable<void()>> woken = waiter->woken_;
    (*woken)();
  }
}

std::optional<Partition::ReadResult> Partition::State::ReadNow(std::int64_t offset,
                                                               std::size_t max_bytes) const {
  if (offset < start_offset || offset > high_watermark) {
    return absl::OutOfRangeError(absl::StrCat("offset ", offset, " lies outside [", start_offset,
                                              ", ", high_watermark, "]"));
  }
  if (offset == high_watermark) return std::vector<storage::Batch>();
  if (!durable()) return services.store.Read(log, offset, {max_bytes, high_watermark});
  if (tail->batches.empty() || offset < tail->batches.front().base_offset) return std::nullopt;
  return ReadTail(offset, max_bytes);
}

Partition::ReadResult Partition::State::ReadTail(std::int64_t offset, std::size_t max_bytes) const {
  const auto first = std::partition_point(
      tail->batches.begin(), tail->batches.end(),
      [offset](const storage::Batch& batch) { return batch.last_offset < offset; });
  std::vector<storage::Batch> found;
  std::size_t bytes = 0;
  for (auto batch = first; batch != tail->batches.end(); ++batch) {
    bytes += batch->bytes->size();
    if (!found.empty() && bytes > max_bytes) break;
    found.push_back(*batch);
  }
  return found;
}

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

Partition::Partition(std::shared_ptr<State> state) : state_(std::move(state)) {}

Partition::~Partition() {
  state_->closed = true;
  state_->Cut(AppendError::kClosed, "the partition is closed");
  state_->Wake();
}

void Partition::Append(AppendRequest request, absl::AnyInvocable<void(AppendResult)> done) {
  state_->Append(std::move(request), std::move(done));
}

storage::LogId Partition::log() const { return state_->log; }
std::int64_t Partition::start_offset() const { return state_->start_offset; }
std::int64_t Partition::high_watermark() const { return state_->high_watermark; }
std::int64_t Partition::next_offset() const { return state_->next_offset; }

std::uint64_t Partition::BytesFrom(std::int64_t offset) const {
  const State& state = *state_;
  if (offset >= state.high_watermark) return 0;
  std::uint64_t bytes = 0;
  if (!state.durable()) {
    const std::optional<ReadResult> found = state.ReadNow(offset, kCountedBytes);
    if (!found.has_value() || !found->ok()) return 0;
    for (const storage::Batch& batch : **found) bytes += batch.bytes->size();
    return bytes;
  }
  for (auto batch = state.tail->batches.rbegin(); batch != state.tail->batches.rend(); ++batch) {
    if (batch->last_offset < offset) return bytes;
    bytes += batch->bytes->size();
    if (batch->base_offset <= offset) return bytes;
  }
  return bytes + 1;
}

std::optional<Partition::ReadResult> Partition::ReadNow(std::int64_t offset,
                                                        std::size_t max_bytes) const {
  return state_->ReadNow(offset, max_bytes);
}

void Partition::Read(std::int64_t offset, std::size_t max_bytes,
                     absl::AnyInvocable<void(ReadResult)> done) {
  std::optional<ReadResult> now = state_->ReadNow(offset, max_bytes);
  if (now.has_value()) {
    state_->services.home.Post(
        [now = std::move(*now), done = std::move(done)]() mutable { done(std::move(now)); });
    return;
  }
  const storage::ReadLimits limits{max_bytes, state_->high_watermark};
  state_->Elsewhere<ReadResult>(
      [log = state_->log, offset, limits](storage::LogStore& store) {
        return store.Read(log, offset, limits);
      },
      std::move(done));
}

void Partition::FindByTimestamp(std::int64_t timestamp, absl::AnyInvocable<void(FindResult)> done) {
  state_->Elsewhere<FindResult>(
      [log = state_->log, timestamp,
       end = state_->high_watermark](storage::LogStore& store) -> FindResult {
        FindResult found = store.FindByTimestamp(log, timestamp);
        // Timestamps need not grow: what lies behind the high watermark says nothing yet.
        if (found.ok() && found->has_value() && (*found)->base_offset >= end) return std::nullopt;
        return found;
      },
      std::move(done));
}

void Partition::FindMaxTimestamp(absl::AnyInvocable<void(FindResult)> done) {
  state_->Elsewhere<FindResult>(
      [log = state_->log](storage::LogStore& store) { return store.FindMaxTimestamp(log); },
      std::move(done));
}

void Partition::TrimPrefix(std::int64_t offset, absl::AnyInvocable<void(absl::Status)> done) {
  const std::int64_t to = std::min(offset, state_->high_watermark);
  state_->Elsewhere<absl::Status>(
      [log = state_->log, to](storage::LogStore& store) { return store.TrimPrefix(log, to); },
      [state = state_, to, done = std::move(done)](absl::Status status) mutable {
        if (status.ok() && to > state->start_offset) {
          state->start_offset = to;
          state->WakeAtEndOfTurn();
        }
        done(std::move(status));
      });
}

void Partition::SnapshotProducers() {
  if (!state_->durable() || state_->producers.empty()) return;
  storage::CommitBatch commit;
  commit.Put(SnapshotKey(state_->log), state_->SnapshotValue());
  state_->appends_since_snapshot = 0;
  // A snapshot that fails only makes the next Open read more.
  state_->services.commits.Submit(std::move(commit), [](const absl::Status&) {});
}

Partition::Waiter::Waiter(Partition& partition, absl::AnyInvocable<void()> woken)
    : woken_(std::make_shared<absl::AnyInvocable<void()>>(std::move(woken))),
      next_(partition.state_->waiters),
      link_(&partition.state_->waiters) {
  if (next_ != nullptr) next_->link_ = &next_;
  partition.state_->waiters = this;
}

Partition::Waiter::~Waiter() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
}

}  // namespace wherry::core
