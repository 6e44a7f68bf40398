// How a JournaledLogStore is read.
#include <algorithm>
#include <utility>

#include "storage/checks.h"
#include "storage/journaled_log_store.h"

namespace wherry::storage {

namespace {

// Of the memtables, that a cursor looks at in one go: what a fetch takes is less.
constexpr std::size_t kEntriesPerView = 256;

}  // namespace

std::vector<std::shared_ptr<const Memtable>> JournaledLogStore::NewestFirst() const {
  return {memtables_.rbegin(), memtables_.rend()};
}

LogCursor JournaledLogStore::Cursor(LogId log) const {
  return LogCursor(*sealed_, log, [this, log](std::int64_t offset) {
    LogSnapshot snapshot;
    bool sealed = false;
    {
      const std::shared_lock<std::shared_mutex> lock(mutex_);
      snapshot.unsealed = ViewLog(NewestFirst(), log, offset, kEntriesPerView);
      const auto found = logs_.find(log);
      sealed = found != logs_.end() && offset < found->second.sealed_end;
    }
    // Behind the view: what is sealed in between is seen twice, and not missed.
    if (sealed) snapshot.sealed = sealed_->Batches(log);
    return snapshot;
  });
}

std::vector<LogId> JournaledLogStore::Logs() const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  std::vector<LogId> ids;
  ids.reserve(logs_.size());
  for (const auto& [id, log] : logs_) ids.push_back(id);
  return ids;
}

absl::StatusOr<LogBounds> JournaledLogStore::Bounds(LogId log) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const auto found = logs_.find(log);
  if (found == logs_.end()) return NoSuchLog(log);
  const LogRecord& record = found->second.record;
  return LogBounds{record.start_offset, record.end_offset, record.size_bytes};
}

absl::StatusOr<std::vector<Batch>> JournaledLogStore::Read(LogId log, std::int64_t offset,
                                                           const ReadLimits& limits) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  if (absl::Status status = CheckOffset(log, offset, *bounds); !status.ok()) return status;
  std::vector<Batch> found;
  std::size_t bytes = 0;
  LogCursor batches = Cursor(log);
  for (batches.Seek(offset); batches.Valid(); batches.Next()) {
    if (batches.base_offset() >= limits.end_offset) break;
    bytes += batches.size();
    if (!found.empty() && bytes > limits.max_bytes) break;
    absl::StatusOr<Batch> batch = batches.Get();
    if (absl::IsNotFound(batch.status())) break;  // trimmed meanwhile
    if (!batch.ok()) return batch.status();
    found.push_back(*std::move(batch));
    // Reading the next one only to see its size costs as much as returning it.
    if (bytes + found.back().bytes->size() > limits.max_bytes) break;
  }
  if (!batches.status().ok()) return batches.status();
  return found;
}

absl::StatusOr<std::optional<Batch>> JournaledLogStore::FindByTimestamp(
    LogId log, std::int64_t timestamp) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  LogCursor batches = Cursor(log);
  for (batches.Seek(bounds->start_offset); batches.Valid(); batches.Next()) {
    if (batches.max_timestamp() < timestamp) continue;
    absl::StatusOr<Batch> batch = batches.Get();
    if (!batch.ok()) return batch.status();
    return std::optional<Batch>(*std::move(batch));
  }
  if (!batches.status().ok()) return batches.status();
  return std::nullopt;
}

absl::StatusOr<std::optional<Batch>> JournaledLogStore::FindMaxTimestamp(LogId log) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  std::optional<std::pair<std::int64_t, std::int64_t>> greatest;  // timestamp, last offset
  LogCursor batches = Cursor(log);
  for (batches.Seek(bounds->start_offset); batches.Valid(); batches.Next()) {
    if (greatest.has_value() && batches.max_timestamp() <= greatest->first) continue;
    greatest.emplace(batches.max_timestamp(), batches.last_offset());
  }
  if (!batches.status().ok()) return batches.status();
  if (!greatest.has_value()) return std::nullopt;
  batches.Seek(greatest->second);
  if (!batches.status().ok()) return batches.status();
  if (!batches.Valid()) return std::nullopt;  // trimmed meanwhile
  absl::StatusOr<Batch> batch = batches.Get();
  if (!batch.ok()) return batch.status();
  return std::optional<Batch>(*std::move(batch));
}

absl::StatusOr<std::optional<std::string>> JournaledLogStore::Get(std::string_view key) const {
  {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    for (auto memtable = memtables_.rbegin(); memtable != memtables_.rend(); ++memtable) {
      const auto found = (*memtable)->state.find(key);
      if (found != (*memtable)->state.end()) return found->second;
    }
  }
  return sealed_->Get(key);
}

absl::Status JournaledLogStore::Scan(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  std::map<std::string, std::optional<std::string>> unsealed;
  {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    unsealed = ViewState(NewestFirst(), prefix);
  }
  auto next = unsealed.begin();
  // Of those that are not sealed, what comes before `key`; false: `visit` wants no more.
  const auto visit_before = [&](std::optional<std::string_view> key) {
    for (; next != unsealed.end() && (!key.has_value() || next->first < *key); ++next) {
      if (next->second.has_value() && !visit(next->first, *next->second)) return false;
    }
    return true;
  };
  bool more = true;
  absl::Status status =
      sealed_->Scan(prefix, [&](std::string_view key, std::string_view value) {
        more = visit_before(key);
        if (!more) return false;
        if (next == unsealed.end() || next->first != key) return more = visit(key, value);
        const std::optional<std::string>& changed = next->second;
        if (changed.has_value()) more = visit(key, *changed);
        ++next;
        return more;
      });
  if (status.ok() && more) visit_before(std::nullopt);
  return status;
}

std::uint64_t JournaledLogStore::memory_bytes() const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  std::uint64_t bytes = sealed_->memory_bytes();
  for (const auto& memtable : memtables_) bytes += memtable->memory_bytes();
  return bytes;
}

}  // namespace wherry::storage
