#include "storage/journaled_log_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/checks.h"
#include "storage/journal_folder.h"
#include "storage/journal_replay.h"

namespace wherry::storage {

namespace {

// What one record may change beside batches.
constexpr std::size_t kMaxFrameBytes = 1 << 30;

journal::BatchFrame FrameOf(std::int64_t base_offset, std::int64_t last_offset,
                            std::int64_t max_timestamp, const std::string& bytes) {
  return {base_offset, last_offset, max_timestamp,
          journal::BatchChecksum(base_offset, last_offset, max_timestamp, bytes),
          static_cast<std::uint32_t>(bytes.size())};
}

void Reduce(std::uint64_t& size, std::uint64_t by) { size -= std::min(size, by); }

}  // namespace

// Frames of a log that there is not any more change nothing.
struct JournaledLogStore::Applier {
  JournaledLogStore& store;
  Memtable& memtable;
  std::uint64_t position;  // of the next batch's bytes

  Log* Find(LogId id) const {
    const auto found = store.logs_.find(id);
    return found == store.logs_.end() ? nullptr : &found->second;
  }
  JournaledBatch Take(const journal::BatchFrame& batch) {
    const std::uint64_t at = position;
    position += batch.size;
    return {batch.base_offset, batch.max_timestamp, at, batch.size, batch.crc};
  }

  void operator()(const journal::AppendBatch& frame) {
    const JournaledBatch batch = Take(frame.batch);
    Log* const log = Find(frame.log);
    if (log == nullptr) return;
    memtable.Set(frame.log, frame.batch.last_offset, batch);
    log->record.end_offset = frame.batch.last_offset + 1;
    log->record.size_bytes += frame.batch.size;
  }
  void operator()(const journal::PutKey& frame) {
    memtable.state_bytes += frame.key.size() + frame.value.size() + Memtable::kNodeBytes;
    memtable.state.insert_or_assign(std::string(frame.key), std::string(frame.value));
  }
  void operator()(const journal::DeleteKey& frame) {
    memtable.state_bytes += frame.key.size() + Memtable::kNodeBytes;
    memtable.state.insert_or_assign(std::string(frame.key), std::nullopt);
  }
  void operator()(const journal::CreateLog& frame) {
    store.logs_[frame.log] = {{frame.start_offset, frame.start_offset, 0}, 0};
    store.next_log_ = std::max(store.next_log_, frame.log + 1);
    memtable.logs[frame.log];
  }
  void operator()(const journal::DeleteLog& frame) {
    const Log* const log = Find(frame.log);
    if (log == nullptr) return;
    store.freed_bytes_ += log->record.size_bytes;
    store.logs_.erase(frame.log);
    Memtable::Log& changes = memtable.logs[frame.log];
    changes.batches.clear();
    changes.deleted = true;
  }
  void operator()(const journal::TrimLog& frame) {
    Log* const log = Find(frame.log);
    if (log == nullptr) return;
    log->record.start_offset = std::max(log->record.start_offset, frame.start_offset);
    Reduce(log->record.size_bytes, frame.freed_bytes);
    store.freed_bytes_ += frame.freed_bytes;
    Memtable::Log& changes = memtable.logs[frame.log];
    changes.trimmed_to = std::max(changes.trimmed_to, frame.start_offset);
    changes.batches.erase(changes.batches.begin(),
                          changes.batches.lower_bound(changes.trimmed_to));
  }
  void operator()(const journal::EraseBatch& frame) {
    Log* const log = Find(frame.log);
    if (log == nullptr) return;
    memtable.Set(frame.log, frame.last_offset, std::nullopt);
    Reduce(log->record.size_bytes, frame.freed_bytes);
    store.freed_bytes_ += frame.freed_bytes;
  }
  void operator()(const journal::ReplaceBatch& frame) {
    const JournaledBatch batch = Take(frame.batch);
    Log* const log = Find(frame.log);
    if (log == nullptr) return;
    memtable.Set(frame.log, frame.last_offset, std::nullopt);
    memtable.Set(frame.log, frame.batch.last_offset, batch);
    Reduce(log->record.size_bytes, frame.freed_bytes);
    log->record.size_bytes += frame.batch.size;
    store.freed_bytes_ += frame.freed_bytes;
  }
};

JournaledLogStore::JournaledLogStore(std::unique_ptr<SealedLogs> sealed,
                                     std::string journal_folder, const JournalLimits& limits)
    : sealed_(std::move(sealed)), journal_folder_(std::move(journal_folder)), limits_(limits) {}

JournaledLogStore::~JournaledLogStore() {
  stopping_ = true;
  std::unique_lock<std::mutex> writing(write_mutex_);
  seal_ended_.wait(writing, [this] { return !seal_scheduled_; });
}

absl::Status JournaledLogStore::Load() {
  for (const auto& [id, record] : sealed_->logs()) logs_[id] = {record, record.end_offset};
  next_log_ = sealed_->next_log();
  const auto numbers = ListJournal(journal_folder_);
  if (!numbers.ok()) return numbers.status();
  std::vector<std::shared_ptr<JournalFile>> files;
  for (const std::uint64_t number : *numbers) {
    if (number <= sealed_->through()) {
      if (!sealed_->Keeps(number)) JournalFile::Delete(journal_folder_, number);
      continue;
    }
    if (number != sealed_->through() + files.size() + 1) break;  // told below
    absl::StatusOr<std::shared_ptr<JournalFile>> file = JournalFile::Open(journal_folder_, number);
    if (!file.ok()) return file.status();
    files.push_back(*std::move(file));
    memtables_.push_back(std::make_shared<Memtable>(files.back()));
  }
  const std::uint64_t next = sealed_->through() + files.size() + 1;
  if (files.empty() || next <= numbers->back()) return JournalFile::Missing(next);
  std::size_t at = 0;
  const auto finish_up_to = [&](std::size_t index) {
    while (at < index) {
      memtables_[at]->next_sequence = next_sequence_;
      Finish(*memtables_[at++]);
    }
  };
  next_sequence_ = sealed_->next_sequence();
  const absl::Status replayed = ReplayJournal(
      files, next_sequence_,
      [&](const std::shared_ptr<JournalFile>& file, const journal::Frames& frames,
          std::uint64_t position) {
        finish_up_to(file->number() - sealed_->through() - 1);
        Apply(*memtables_[at], frames, position);
        ++next_sequence_;
      });
  if (!replayed.ok()) return replayed;
  finish_up_to(memtables_.size() - 1);
  const std::lock_guard<std::mutex> writing(write_mutex_);
  if (memtables_.size() > 1) unsynced_ = memtables_[memtables_.size() - 2]->file;
  if (memtables_.size() > 1 || IsFull()) ScheduleSeal();
  return absl::OkStatus();
}

void JournaledLogStore::Apply(Memtable& memtable, const journal::Frames& frames,
                              std::uint64_t position) {
  Applier applier{*this, memtable, position};
  for (const journal::Frame& frame : frames) std::visit(applier, frame);
}

absl::Status JournaledLogStore::Write(const journal::Frames& frames,
                                      const std::vector<Bytes>& batches, Durability durability) {
  const std::string encoded = journal::Encode(frames);
  if (encoded.size() > kMaxFrameBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a commit with ", encoded.size(), " bytes of keys; at most ", kMaxFrameBytes,
        " can be kept at once"));
  }
  if (durability == Durability::kSynced && unsynced_ != nullptr) {
    if (absl::Status status = unsynced_->Sync(); !status.ok()) return status;
    unsynced_ = nullptr;
  }
  Memtable& active = *memtables_.back();
  const absl::StatusOr<std::uint64_t> position =
      active.file->Append(next_sequence_, unsynced_ == nullptr, encoded, batches);
  if (!position.ok()) return position.status();
  ++next_sequence_;
  if (durability == Durability::kSynced) {
    if (absl::Status status = active.file->Sync(); !status.ok()) return status;
  }
  {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    Apply(active, frames, *position);
  }
  if (IsFull()) ScheduleSeal();
  return absl::OkStatus();
}

absl::Status JournaledLogStore::Check(const CommitBatch& batch) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  return CheckCommit(batch, [this](LogId id) -> std::optional<std::int64_t> {
    const auto found = logs_.find(id);
    if (found == logs_.end()) return std::nullopt;
    return found->second.record.end_offset;
  });
}

absl::Status JournaledLogStore::Commit(const CommitBatch& batch, Durability durability) {
  journal::Frames frames;
  std::vector<Bytes> batches;
  frames.reserve(batch.appends().size() + batch.key_changes().size());
  batches.reserve(batch.appends().size());
  std::unique_lock<std::mutex> writing(write_mutex_);
  if (absl::Status status = WaitForRoom(writing); !status.ok()) return status;
  if (absl::Status status = Check(batch); !status.ok()) return status;
  for (const Append& append : batch.appends()) {
    frames.push_back(journal::AppendBatch{
        append.log, FrameOf(append.base_offset, append.last_offset, append.max_timestamp,
                            *append.bytes)});
    batches.push_back(append.bytes);
  }
  for (const CommitBatch::KeyChange& change : batch.key_changes()) {
    if (change.value.has_value()) {
      frames.push_back(journal::PutKey{change.key, *change.value});
    } else {
      frames.push_back(journal::DeleteKey{change.key});
    }
  }
  return Write(frames, batches, durability);
}

absl::StatusOr<LogId> JournaledLogStore::CreateLog(std::int64_t start_offset) {
  if (absl::Status status = CheckStartOffset(start_offset); !status.ok()) return status;
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const LogId log = next_log_;
  // Not synced: whatever names the log is committed behind it, and syncs it too.
  absl::Status status = Write({journal::CreateLog{log, start_offset}}, {}, Durability::kKernel);
  if (!status.ok()) return status;
  return log;
}

absl::Status JournaledLogStore::DeleteLog(LogId log) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  if (absl::Status status = Bounds(log).status(); !status.ok()) return status;
  return Write({journal::DeleteLog{log}}, {}, Durability::kKernel);
}

absl::Status JournaledLogStore::TrimPrefix(LogId log, std::int64_t offset) {
  const absl::StatusOr<LogBounds> before = Bounds(log);
  if (!before.ok()) return before.status();
  if (absl::Status status = CheckTrim(log, offset, *before); !status.ok()) return status;
  std::uint64_t freed = 0;
  LogCursor batches = Cursor(log);
  for (batches.Seek(before->start_offset); batches.Valid(); batches.Next()) {
    if (batches.last_offset() >= offset) break;
    freed += batches.size();
  }
  if (!batches.status().ok()) return batches.status();
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  if (offset <= bounds->start_offset) return absl::OkStatus();
  return Write({journal::TrimLog{log, offset, freed}}, {}, Durability::kKernel);
}

absl::StatusOr<std::pair<Batch, std::uint64_t>> JournaledLogStore::FindBatch(
    LogId log, std::int64_t base_offset) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  LogCursor batches = Cursor(log);
  // What was trimmed may still be there.
  batches.Seek(std::max(base_offset, bounds->start_offset));
  if (!batches.status().ok()) return batches.status();
  if (!batches.Valid() || batches.base_offset() != base_offset) {
    return NoSuchBatch(log, base_offset);
  }
  return std::pair(Batch{base_offset, batches.last_offset(), batches.max_timestamp(), nullptr},
                   std::uint64_t{batches.size()});
}

absl::Status JournaledLogStore::EraseBatch(LogId log, std::int64_t base_offset) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const auto old = FindBatch(log, base_offset);
  if (!old.ok()) return old.status();
  const auto& [batch, size] = *old;
  return Write({journal::EraseBatch{log, batch.last_offset, size}}, {}, Durability::kKernel);
}

absl::Status JournaledLogStore::ReplaceBatch(LogId log, std::int64_t base_offset,
                                             Batch replacement) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const auto old = FindBatch(log, base_offset);
  if (!old.ok()) return old.status();
  const auto& [batch, size] = *old;
  if (absl::Status status = CheckReplacement(log, batch, replacement); !status.ok()) return status;
  const journal::ReplaceBatch frame{
      log, batch.last_offset, size,
      FrameOf(replacement.base_offset, replacement.last_offset, replacement.max_timestamp,
              *replacement.bytes)};
  return Write({frame}, {replacement.bytes}, Durability::kKernel);
}

absl::Status JournaledLogStore::Sync() {
  std::shared_ptr<JournalFile> before, active;
  {
    const std::lock_guard<std::mutex> writing(write_mutex_);
    before = unsynced_;
    active = memtables_.back()->file;
  }
  // Beside commits: they need not wait for this one.
  if (before != nullptr) {
    if (absl::Status status = before->Sync(); !status.ok()) return status;
    const std::lock_guard<std::mutex> writing(write_mutex_);
    if (unsynced_ == before) unsynced_ = nullptr;
  }
  return active->Sync();
}

}  // namespace wherry::storage
