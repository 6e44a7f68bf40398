#include "storage/memory_log_store.h"

#include <algorithm>
#include <utility>

#include "storage/checks.h"

namespace wherry::storage {

// The batch that holds `offset`, or the first behind it.
std::deque<Batch>::const_iterator MemoryLogStore::Holding(const Log& log, std::int64_t offset) {
  return std::partition_point(log.batches.begin(), log.batches.end(),
                              [offset](const Batch& batch) { return batch.last_offset < offset; });
}

const MemoryLogStore::Log* MemoryLogStore::Find(LogId id) const {
  const auto found = logs_.find(id);
  return found == logs_.end() ? nullptr : &found->second;
}

std::deque<Batch>::iterator MemoryLogStore::AtBase(Log& log, std::int64_t base_offset) {
  const auto found = std::partition_point(
      log.batches.begin(), log.batches.end(),
      [base_offset](const Batch& batch) { return batch.base_offset < base_offset; });
  if (found == log.batches.end() || found->base_offset != base_offset) return log.batches.end();
  return found;
}

void MemoryLogStore::Count(Log& log, std::uint64_t size) {
  log.bounds.size_bytes += size;
  memory_bytes_ += size + kBatchOverhead;
}

void MemoryLogStore::Discount(Log& log, std::uint64_t size) {
  log.bounds.size_bytes -= size;
  memory_bytes_ -= size + kBatchOverhead;
}

absl::Status MemoryLogStore::Check(const CommitBatch& batch) const {
  return CheckCommit(batch, [this](LogId id) -> std::optional<std::int64_t> {
    const Log* const log = Find(id);
    if (log == nullptr) return std::nullopt;
    return log->bounds.end_offset;
  });
}

absl::Status MemoryLogStore::Commit(const CommitBatch& batch, Durability) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  if (absl::Status status = Check(batch); !status.ok()) return status;
  for (const Append& append : batch.appends()) {
    Log& log = logs_.find(append.log)->second;
    log.batches.push_back(
        {append.base_offset, append.last_offset, append.max_timestamp, append.bytes});
    log.bounds.end_offset = append.last_offset + 1;
    Count(log, append.bytes->size());
  }
  for (const CommitBatch::KeyChange& change : batch.key_changes()) {
    const auto found = state_.find(change.key);
    if (found != state_.end()) {
      memory_bytes_ -= found->first.size() + found->second.size();
      state_.erase(found);
    }
    if (!change.value.has_value()) continue;
    memory_bytes_ += change.key.size() + change.value->size();
    state_.emplace(change.key, *change.value);
  }
  return absl::OkStatus();
}

absl::StatusOr<LogId> MemoryLogStore::CreateLog(std::int64_t start_offset) {
  if (absl::Status status = CheckStartOffset(start_offset); !status.ok()) return status;
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  const LogId id = next_log_++;
  logs_[id].bounds = {start_offset, start_offset, 0};
  return id;
}

absl::Status MemoryLogStore::DeleteLog(LogId id) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end()) return NoSuchLog(id);
  for (const Batch& batch : found->second.batches) Discount(found->second, batch.bytes->size());
  logs_.erase(found);
  return absl::OkStatus();
}

std::vector<LogId> MemoryLogStore::Logs() const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  std::vector<LogId> ids;
  ids.reserve(logs_.size());
  for (const auto& [id, log] : logs_) ids.push_back(id);
  return ids;
}

absl::StatusOr<LogBounds> MemoryLogStore::Bounds(LogId id) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const Log* const log = Find(id);
  if (log == nullptr) return NoSuchLog(id);
  return log->bounds;
}

absl::StatusOr<std::vector<Batch>> MemoryLogStore::Read(LogId id, std::int64_t offset,
                                                        const ReadLimits& limits) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const Log* const log = Find(id);
  if (log == nullptr) return NoSuchLog(id);
  if (absl::Status status = CheckOffset(id, offset, log->bounds); !status.ok()) return status;
  std::vector<Batch> found;
  std::size_t bytes = 0;
  for (auto batch = Holding(*log, offset); batch != log->batches.end(); ++batch) {
    if (batch->base_offset >= limits.end_offset) break;
    bytes += batch->bytes->size();
    if (!found.empty() && bytes > limits.max_bytes) break;
    found.push_back(*batch);
  }
  return found;
}

absl::StatusOr<std::optional<Batch>> MemoryLogStore::FindByTimestamp(LogId id,
                                                                     std::int64_t timestamp) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const Log* const log = Find(id);
  if (log == nullptr) return NoSuchLog(id);
  for (const Batch& batch : log->batches) {
    if (batch.max_timestamp >= timestamp) return batch;
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Batch>> MemoryLogStore::FindMaxTimestamp(LogId id) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const Log* const log = Find(id);
  if (log == nullptr) return NoSuchLog(id);
  const auto found = std::max_element(
      log->batches.begin(), log->batches.end(),
      [](const Batch& a, const Batch& b) { return a.max_timestamp < b.max_timestamp; });
  if (found == log->batches.end()) return std::nullopt;
  return *found;
}

absl::Status MemoryLogStore::TrimPrefix(LogId id, std::int64_t offset) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end()) return NoSuchLog(id);
  Log& log = found->second;
  if (absl::Status status = CheckTrim(id, offset, log.bounds); !status.ok()) return status;
  log.bounds.start_offset = std::max(log.bounds.start_offset, offset);
  while (!log.batches.empty() && log.batches.front().last_offset < offset) {
    Discount(log, log.batches.front().bytes->size());
    log.batches.pop_front();
  }
  return absl::OkStatus();
}

absl::Status MemoryLogStore::EraseBatch(LogId id, std::int64_t base_offset) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end()) return NoSuchLog(id);
  const auto batch = AtBase(found->second, base_offset);
  if (batch == found->second.batches.end()) return NoSuchBatch(id, base_offset);
  Discount(found->second, batch->bytes->size());
  found->second.batches.erase(batch);
  return absl::OkStatus();
}

absl::Status MemoryLogStore::ReplaceBatch(LogId id, std::int64_t base_offset, Batch replacement) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end()) return NoSuchLog(id);
  const auto batch = AtBase(found->second, base_offset);
  if (batch == found->second.batches.end()) return NoSuchBatch(id, base_offset);
  if (absl::Status status = CheckReplacement(id, *batch, replacement); !status.ok()) return status;
  Discount(found->second, batch->bytes->size());
  *batch = std::move(replacement);
  Count(found->second, batch->bytes->size());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> MemoryLogStore::Get(std::string_view key) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const auto found = state_.find(key);
  if (found == state_.end()) return std::nullopt;
  return found->second;
}

absl::Status MemoryLogStore::Scan(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  for (auto entry = state_.lower_bound(prefix); entry != state_.end(); ++entry) {
    if (std::string_view(entry->first).substr(0, prefix.size()) != prefix) break;
    if (!visit(entry->first, entry->second)) break;
  }
  return absl::OkStatus();
}

std::unique_ptr<MemoryLogStore> MemoryLogStore::Copy() const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  auto copy = std::make_unique<MemoryLogStore>();
  copy->logs_ = logs_;
  copy->next_log_ = next_log_;
  copy->state_ = state_;
  copy->memory_bytes_ = memory_bytes_.load();
  return copy;
}

}  // namespace wherry::storage
