// How a JournaledLogStore seals its journal, in the background.
#include <utility>

#include "storage/journaled_log_store.h"
#include "storage/rocksdb_background.h"

namespace wherry::storage {

namespace {

// Files' worth that may wait to be sealed. Who wants to write more waits too.
constexpr std::uint64_t kMaxWaiting = 8;
// How much more of a file there must be before what failed is tried again.
constexpr std::uint64_t kRetriesPerFile = 4;

}  // namespace

bool JournaledLogStore::IsFull() const {
  const Memtable& active = *memtables_.back();
  const std::uint64_t size = active.file->size() + active.state_bytes;
  if (size < seal_again_at_) return false;
  return size >= limits_.file_bytes || active.batch_count >= limits_.file_batches ||
         freed_bytes_ >= limits_.file_bytes;
}

void JournaledLogStore::ScheduleSeal() {
  if (seal_scheduled_) return;
  seal_scheduled_ = true;
  RunInBackground([this] { RunSeals(); });
}

absl::Status JournaledLogStore::Seal() {
  std::unique_lock<std::mutex> writing(write_mutex_);
  // One that runs already may have passed what was committed last.
  seal_ended_.wait(writing, [this] { return !seal_scheduled_; });
  seal_wanted_ = true;
  ScheduleSeal();
  seal_ended_.wait(writing, [this] { return !seal_scheduled_; });
  return last_seal_;
}

absl::Status JournaledLogStore::WaitForRoom(std::unique_lock<std::mutex>& writing) {
  while (memtables_.back()->file->size() >= kMaxWaiting * limits_.file_bytes) {
    ScheduleSeal();
    seal_ended_.wait(writing, [this] { return !seal_scheduled_; });
    if (!last_seal_.ok()) return last_seal_;
  }
  return absl::OkStatus();
}

void JournaledLogStore::RunSeals() {
  absl::Status status;
  while (status.ok() && !stopping_) {
    const absl::StatusOr<std::shared_ptr<const Memtable>> next = NextToSeal();
    status = next.status();
    if (!next.ok() || *next == nullptr) break;
    status = SealOne(**next);
  }
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const std::uint64_t size = memtables_.back()->file->size();
  seal_again_at_ = status.ok() ? 0 : size + limits_.file_bytes / kRetriesPerFile;
  last_seal_ = std::move(status);
  seal_wanted_ = false;
  seal_scheduled_ = false;
  seal_ended_.notify_all();
}

// The oldest that is not the active one; that, if it is time, once another has taken its place.
// nullptr: there is nothing to do.
absl::StatusOr<std::shared_ptr<const Memtable>> JournaledLogStore::NextToSeal() {
  std::uint64_t next = 0;
  {
    const std::lock_guard<std::mutex> writing(write_mutex_);
    if (memtables_.size() > 1) return memtables_.front();
    const bool empty = memtables_.back()->file->size() == journal::kFileHeaderSize;
    if (empty || !(seal_wanted_ || IsFull())) return nullptr;
    seal_wanted_ = false;
    next = memtables_.back()->file->number() + 1;
  }
  // Syncing its name takes a while, and nobody should wait for that.
  absl::StatusOr<std::shared_ptr<JournalFile>> file = JournalFile::Create(journal_folder_, next);
  if (!file.ok()) return file.status();
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  Memtable& ended = *memtables_.back();
  ended.next_sequence = next_sequence_;
  Finish(ended);
  unsynced_ = ended.file;
  freed_bytes_ = 0;
  memtables_.push_back(std::make_shared<Memtable>(*std::move(file)));
  return memtables_.front();
}

void JournaledLogStore::Finish(Memtable& memtable) const {
  memtable.next_log = next_log_;
  for (auto& [id, changes] : memtable.logs) {
    const auto found = logs_.find(id);
    if (found != logs_.end()) changes.record = found->second.record;
  }
}

absl::Status JournaledLogStore::SealOne(const Memtable& memtable) {
  // Nothing may be known of it in tables that a loss of power could take away here.
  if (absl::Status status = memtable.file->Sync(); !status.ok()) return status;
  {
    const std::lock_guard<std::mutex> writing(write_mutex_);
    if (unsynced_ == memtable.file) unsynced_ = nullptr;
  }
  if (absl::Status status = sealed_->Seal(memtable, limits_.min_kept_bytes, stopping_);
      !status.ok()) {
    return status;
  }
  {
    const std::lock_guard<std::mutex> writing(write_mutex_);
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    for (const auto& [id, changes] : memtable.logs) {
      const auto found = logs_.find(id);
      if (found == logs_.end() || !changes.record.has_value()) continue;
      found->second.sealed_end = changes.record->end_offset;
    }
    memtables_.erase(memtables_.begin());
  }
  return sealed_->Reclaim(stopping_);
}

}  // namespace wherry::storage
