// A partition's segments: kept as of an offset, beside the producer table.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/partition_state.h"

namespace wherry::core {

namespace {

// What is kept may be so much of what is appended meanwhile.
constexpr std::uint64_t kAppendedPerByteKept = 64;

}  // namespace

std::string Partition::SegmentsKey(storage::LogId log) {
  // A namespace's keys begin with the size of its name; no name is empty, so 0 is the broker's own.
  std::string key("\0\0segments/", 11);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(log >> shift));
  return key;
}

absl::StatusOr<std::int64_t> Partition::State::LoadSegments(const storage::LogBounds& bounds) {
  segments = Segments(bounds.start_offset);
  if (bounds.start_offset == bounds.end_offset) return bounds.end_offset;
  const auto kept = services.store.Get(SegmentsKey(log));
  if (!kept.ok()) return kept.status();
  if (!kept->has_value()) return bounds.start_offset;
  absl::StatusOr<Segments::Decoded> decoded = Segments::Decode(**kept);
  if (!decoded.ok()) return decoded.status();
  segments = std::move(decoded->segments);
  segments_kept_size = (*kept)->size();
  segments.TrimPrefix(bounds.start_offset, bounds.end_offset);
  return std::max(bounds.start_offset, decoded->end_offset);
}

void Partition::State::NoteSegment(const storage::Batch& batch) {
  segments.Append(batch, segment_rules, services.home.TurnUnixMillis());
  // A memory store ends with its segments; nothing would read the list.
  bytes_since_segments_kept += batch.bytes->size();
  if (durable() && bytes_since_segments_kept >=
                       std::max(kBytesPerSegmentsKept, kAppendedPerByteKept * segments_kept_size)) {
    KeepSegments([](const absl::Status&) {});
  }
  if (told) std::exchange(told, nullptr)();
}

void Partition::State::KeepSegments(CommitQueue::Done done) {
  std::string list = segments.Encode(high_watermark), table = SnapshotValue();
  bytes_since_segments_kept = 0;
  segments_kept_size = list.size() + table.size();
  storage::CommitBatch commit;
  commit.Put(SegmentsKey(log), std::move(list));
  // What stands behind it is read by the next Open; the producers in it may have to be too.
  commit.Put(SnapshotKey(log), std::move(table));
  appends_since_snapshot = 0;
  services.commits.Submit(std::move(commit), std::move(done));
}

void Partition::SetSegmentRules(const SegmentRules& rules) { state_->segment_rules = rules; }
const Segments& Partition::segments() const { return state_->segments; }

void Partition::TellOfNextAppend(absl::AnyInvocable<void()> told) {
  state_->told = std::move(told);
}

void Partition::BeforeCompaction(CommitQueue::Done done) {
  if (state_->durable()) return state_->KeepSegments(std::move(done));
  state_->services.home.Post([done = std::move(done)]() mutable { done(absl::OkStatus()); });
}

void Partition::OnCompacted(const std::vector<CompactedBatch>& changes) {
  for (const CompactedBatch& change : changes) {
    state_->segments.Shrink(change.base_offset, change.freed_bytes);
    if (state_->tail == nullptr) continue;
    std::deque<storage::Batch>& batches = state_->tail->batches;
    const auto found = std::partition_point(
        batches.begin(), batches.end(), [&change](const storage::Batch& batch) {
          return batch.base_offset < change.base_offset;
        });
    if (found == batches.end() || found->base_offset != change.base_offset) continue;
    if (change.replacement.has_value()) {
      *found = *change.replacement;
    } else {
      batches.erase(found);
    }
  }
}

void Partition::AfterCompaction(std::int64_t first_dirty_offset) {
  state_->segments.set_first_dirty_offset(first_dirty_offset);
  if (state_->durable() && !state_->closed) state_->KeepSegments([](const absl::Status&) {});
}

}  // namespace wherry::core
