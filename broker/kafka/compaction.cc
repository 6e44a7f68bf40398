#include "broker/kafka/compaction.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "protocol/kafka/batch_rewrite.h"

namespace wherry::kafka {

using Changes = std::vector<core::Partition::CompactedBatch>;

absl::StatusOr<Changes> Compaction::Step() {
  Changes changes;
  absl::StatusOr<std::vector<storage::Batch>> batches = ReadNext();
  if (!batches.ok()) return batches.status();
  if (batches->empty()) {
    if (filtering_) {
      done_ = true;
    } else {
      BeginFilter();
    }
    return changes;
  }
  next_ = batches->back().last_offset + 1;
  if (!filtering_) {
    ReadKeys(*batches);
    return changes;
  }
  for (const storage::Batch& batch : *batches) {
    if (absl::Status status = Filter(batch, changes); !status.ok()) return status;
  }
  return changes;
}

absl::StatusOr<std::vector<storage::Batch>> Compaction::ReadNext() {
  const absl::StatusOr<storage::LogBounds> bounds = store_.Bounds(log_);
  if (!bounds.ok()) return bounds.status();
  next_ = std::max(next_, bounds->start_offset);  // it may have been trimmed meanwhile
  if (next_ >= plan_.dirty_to) return std::vector<storage::Batch>();
  return store_.Read(log_, next_, {kStepBytes, plan_.dirty_to});
}

void Compaction::BeginFilter() {
  filtering_ = true;
  next_ = 0;
}

void Compaction::ReadKeys(const std::vector<storage::Batch>& batches) {
  for (const storage::Batch& batch : batches) {
    const std::optional<BatchHeader> header = ParseBatchHeader(*batch.bytes);
    if (!header.has_value() || header->is_control() || IsAborted(*header)) continue;
    if (AddKeys(batch)) continue;
    plan_.dirty_to = batch.base_offset;
    return BeginFilter();
  }
}

// False: there is no room for the batch's keys, and there are others already.
bool Compaction::AddKeys(const storage::Batch& batch) {
  std::vector<std::pair<std::string, std::int64_t>> keys;
  std::size_t bytes = 0;
  const absl::Status opened = ForEachRecord(*batch.bytes, [&](const Record& record) {
    if (!record.key.has_value()) return true;
    bytes += record.key->size() + kBytesPerKey;
    keys.emplace_back(*record.key, record.offset);
    return true;
  });
  // What nobody can read replaces nothing.
  if (!opened.ok()) return true;
  if (!last_.empty() && key_bytes_ + bytes > max_key_bytes_) return false;
  for (auto& [key, offset] : keys) {
    const std::size_t size = key.size() + kBytesPerKey;
    const auto [found, added] = last_.try_emplace(std::move(key), offset);
    found->second = offset;
    if (added) key_bytes_ += size;
  }
  return true;
}

bool Compaction::IsAborted(const BatchHeader& header) const {
  if (!header.is_transactional() || header.is_control()) return false;
  return std::any_of(plan_.aborted.begin(), plan_.aborted.end(),
                     [&header](const core::AbortedTransaction& aborted) {
                       return aborted.producer_id == header.producer_id &&
                              header.base_offset >= aborted.first_offset &&
                              header.base_offset <= aborted.last_offset;
                     });
}

bool Compaction::Survives(const Record& record, bool drop_tombstones) const {
  if (!record.key.has_value()) return false;
  const auto last = last_.find(*record.key);
  if (last != last_.end() && last->second > record.offset) return false;
  return record.value.has_value() || !drop_tombstones;
}

absl::Status Compaction::Filter(const storage::Batch& batch, Changes& changes) {
  const std::optional<BatchHeader> header = ParseBatchHeader(*batch.bytes);
  if (!header.has_value() || header->is_control()) return absl::OkStatus();
  if (IsAborted(*header)) return Erase(batch, changes);
  const std::optional<std::int64_t> horizon = DeleteHorizonOf(*header);
  const bool drop_tombstones = horizon.has_value() && plan_.now >= *horizon;
  bool drops = false, has_tombstone = false;
  const absl::Status opened = ForEachRecord(*batch.bytes, [&](const Record& record) {
    if (!Survives(record, drop_tombstones)) {
      drops = true;
    } else if (!record.value.has_value()) {
      has_tombstone = true;
    }
    return true;
  });
  if (!opened.ok()) return absl::OkStatus();
  std::optional<std::int64_t> new_horizon;
  if (has_tombstone && !horizon.has_value()) {
    new_horizon = plan_.delete_retention_ms > INT64_MAX - plan_.now
                      ? INT64_MAX
                      : plan_.now + plan_.delete_retention_ms;
  }
  if (!drops && !new_horizon.has_value()) return absl::OkStatus();
  absl::StatusOr<std::optional<std::string>> kept = FilterBatch(
      *batch.bytes, [&](const Record& record) { return Survives(record, drop_tombstones); },
      new_horizon);
  if (!kept.ok()) return absl::OkStatus();
  if (!kept->has_value()) return Erase(batch, changes);
  storage::Batch replacement = batch;
  replacement.max_timestamp = ParseBatchHeader(**kept)->max_timestamp;
  replacement.bytes = std::make_shared<const std::string>(**std::move(kept));
  const std::size_t before = batch.bytes->size(), after = replacement.bytes->size();
  absl::Status status = store_.ReplaceBatch(log_, batch.base_offset, replacement);
  // It may have been trimmed away.
  if (absl::IsNotFound(status)) return absl::OkStatus();
  if (!status.ok()) return status;
  changes.push_back(
      {batch.base_offset, std::move(replacement), before > after ? before - after : 0});
  return absl::OkStatus();
}

absl::Status Compaction::Erase(const storage::Batch& batch, Changes& changes) {
  absl::Status status = store_.EraseBatch(log_, batch.base_offset);
  if (absl::IsNotFound(status)) return absl::OkStatus();
  if (status.ok()) changes.push_back({batch.base_offset, std::nullopt, batch.bytes->size()});
  return status;
}

}  // namespace wherry::kafka
