#include "storage/fault_log_store.h"

#include <algorithm>
#include <utility>

#include "storage/memory_log_store.h"

namespace wherry::storage {

FaultLogStore::FaultLogStore() : ForwardingLogStore(std::make_unique<MemoryLogStore>()) {}

absl::Status FaultLogStore::Fault::Take() {
  if (count == 0) return absl::OkStatus();
  if (count > 0) --count;
  return status;
}

absl::Status FaultLogStore::Apply(Change change, bool synced) {
  if (absl::Status status = change(to()); !status.ok()) return status;
  journal_.push_back(std::move(change));
  if (synced) synced_ = journal_.size();
  return absl::OkStatus();
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
  // Ids are given out in order: a replay gives the same.
  if (created.ok()) {
    journal_.push_back(
        [start_offset](LogStore& store) { return store.CreateLog(start_offset).status(); });
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
  synced_ = journal_.size();
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
  journal_.resize(std::min(journal_.size(), synced_ + survivors));
  synced_ = journal_.size();
  auto store = std::make_unique<MemoryLogStore>();
  // Each went well before, on the same state.
  for (const Change& change : journal_) static_cast<void>(change(*store));
  Replace(std::move(store));
}

}  // namespace wherry::storage
