#include "storage/fault_log_store.h"

#include <algorithm>
#include <utility>

namespace wherry::storage {

FaultLogStore::FaultLogStore() : ForwardingLogStore(std::make_unique<MemoryLogStore>()) {}

absl::Status FaultLogStore::Fault::Take() {
  if (count == 0) return absl::OkStatus();
  if (count > 0) --count;
  return status;
}

absl::Status FaultLogStore::Apply(Change change, bool synced) {
  if (absl::Status status = change(to()); !status.ok()) return status;
  Remember(std::move(change));
  if (synced) WriteBack(unsynced_.size());
  return absl::OkStatus();
}

void FaultLogStore::Remember(Change change) {
  unsynced_.push_back(std::move(change));
  if (unsynced_.size() > kMaxUnsynced) WriteBack(kMaxUnsynced / 2);
}

void FaultLogStore::WriteBack(std::size_t count) {
  for (; count > 0; --count) {
    // It went well before, on the same state.
    static_cast<void>(unsynced_.front()(*disk_));
    unsynced_.pop_front();
  }
}

absl::Status FaultLogStore::Commit(const CommitBatch& batch, Durability durability) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (absl::Status status = commit_fault_.Take(); !status.ok()) return status;
  return Apply([batch, durability](LogStore& store) { return store.Commit(batch, durability); },
               durability == Durability::kSynced);
}

absl::StatusOr<LogId> FaultLogStore::CreateLog(std::int64_t start_offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::StatusOr<LogId> created = to().CreateLog(start_offset);
  // Ids are given out in order: the disk gives the same.
  if (created.ok()) {
    Remember([start_offset](LogStore& store) { return store.CreateLog(start_offset).status(); });
  }
  return created;
}

absl::Status FaultLogStore::DeleteLog(LogId log) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Apply([log](LogStore& store) { return store.DeleteLog(log); }, false);
}

absl::Status FaultLogStore::TrimPrefix(LogId log, std::int64_t offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Apply([log, offset](LogStore& store) { return store.TrimPrefix(log, offset); }, false);
}

absl::Status FaultLogStore::EraseBatch(LogId log, std::int64_t base_offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Apply([log, base_offset](LogStore& store) { return store.EraseBatch(log, base_offset); },
               false);
}

absl::Status FaultLogStore::ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Apply([log, base_offset, replacement = std::move(replacement)](
                   LogStore& store) { return store.ReplaceBatch(log, base_offset, replacement); },
               false);
}

absl::StatusOr<std::vector<Batch>> FaultLogStore::Read(LogId log, std::int64_t offset,
                                                       const ReadLimits& limits) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (absl::Status status = read_fault_.Take(); !status.ok()) return status;
  }
  return to().Read(log, offset, limits);
}

absl::Status FaultLogStore::Sync() {
  const std::lock_guard<std::mutex> lock(mutex_);
  WriteBack(unsynced_.size());
  return absl::OkStatus();
}

void FaultLogStore::FailCommits(int count, absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  commit_fault_ = {count, std::move(status)};
}

void FaultLogStore::FailReads(int count, absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  read_fault_ = {count, std::move(status)};
}

void FaultLogStore::LosePower(std::size_t survivors) {
  const std::lock_guard<std::mutex> lock(mutex_);
  WriteBack(std::min(unsynced_.size(), survivors));
  unsynced_.clear();
  Replace(disk_->Copy());
}

}  // namespace wherry::storage
