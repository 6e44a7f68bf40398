#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/partition_state.h"

namespace wherry::core {

namespace {

// As far as a memory store's batches are counted for a long poll; more satisfies any.
constexpr std::size_t kCountedBytes = 1024 * 1024;

}  // namespace

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
                                                               storage::ReadLimits limits) const {
  if (offset < start_offset || offset > high_watermark) {
    return absl::OutOfRangeError(absl::StrCat("offset ", offset, " lies outside [", start_offset,
                                              ", ", high_watermark, "]"));
  }
  limits.end_offset = std::min(limits.end_offset, high_watermark);
  if (offset >= limits.end_offset) return std::vector<storage::Batch>();
  if (!durable()) return services.store.Read(log, offset, limits);
  if (tail->batches.empty() || offset < tail->batches.front().base_offset) return std::nullopt;
  return ReadTail(offset, limits);
}

Partition::ReadResult Partition::State::ReadTail(std::int64_t offset,
                                                 const storage::ReadLimits& limits) const {
  const auto first = std::partition_point(
      tail->batches.begin(), tail->batches.end(),
      [offset](const storage::Batch& batch) { return batch.last_offset < offset; });
  std::vector<storage::Batch> found;
  std::size_t bytes = 0;
  for (auto batch = first; batch != tail->batches.end(); ++batch) {
    if (batch->base_offset >= limits.end_offset) break;
    bytes += batch->bytes->size();
    if (!found.empty() && bytes > limits.max_bytes) break;
    found.push_back(*batch);
  }
  return found;
}

std::uint64_t Partition::BytesFrom(std::int64_t offset, std::int64_t end_offset) const {
  const State& state = *state_;
  const std::int64_t end = std::min(end_offset, state.high_watermark);
  if (offset >= end) return 0;
  std::uint64_t bytes = 0;
  if (!state.durable()) {
    const std::optional<ReadResult> found = state.ReadNow(offset, {kCountedBytes, end});
    if (!found.has_value() || !found->ok()) return 0;
    for (const storage::Batch& batch : **found) bytes += batch.bytes->size();
    return bytes;
  }
  for (auto batch = state.tail->batches.rbegin(); batch != state.tail->batches.rend(); ++batch) {
    if (batch->last_offset < offset) return bytes;
    if (batch->base_offset < end) bytes += batch->bytes->size();
    if (batch->base_offset <= offset) return bytes;
  }
  return bytes + 1;
}

std::optional<Partition::ReadResult> Partition::ReadNow(std::int64_t offset,
                                                        storage::ReadLimits limits) const {
  return state_->ReadNow(offset, limits);
}

void Partition::Read(std::int64_t offset, storage::ReadLimits limits,
                     absl::AnyInvocable<void(ReadResult)> done) {
  std::optional<ReadResult> now = state_->ReadNow(offset, limits);
  if (now.has_value()) {
    state_->services.home.Post(
        [now = std::move(*now), done = std::move(done)]() mutable { done(std::move(now)); });
    return;
  }
  limits.end_offset = std::min(limits.end_offset, state_->high_watermark);
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
