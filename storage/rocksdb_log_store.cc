#include "storage/rocksdb_log_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rocksdb/convenience.h"
#include "rocksdb/write_batch.h"
#include "storage/checks.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_format.h"

namespace wherry::storage {

namespace {

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
rocksdb::Slice Of(std::string_view view) { return {view.data(), view.size()}; }

// What an opening looks through of each log at most, besides one batch.
constexpr std::uint64_t kBytesBehindFloor = 1024 * 1024;

// Walks the batches of one log, up to the next log's.
class BatchIterator {
 public:
  BatchIterator(const RocksdbDatabase& database, LogId log)
      : log_(log), end_(format::BatchKey(log + 1, 0)), upper_bound_(end_) {
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper_bound_;
    iterator_.reset(database.db->NewIterator(options, database.batches));
  }

  void Seek(std::int64_t offset) { iterator_->Seek(format::BatchKey(log_, offset)); }
  // Of a valid one. kDataLoss: it is not there by any key of ours.
  absl::StatusOr<std::int64_t> LastOffset() const {
    const auto name = format::ReadBatchKey(View(iterator_->key()));
    if (name.has_value()) return name->last_offset;
    return absl::DataLossError(absl::StrCat("a key behind a batch of log ", log_, " is damaged"));
  }
  void Next() { iterator_->Next(); }
  bool Valid() const {
    if (!iterator_->Valid()) return false;
    const auto name = format::ReadBatchKey(View(iterator_->key()));
    return !name.has_value() || name->log == log_;  // what is no key of ours, Get tells
  }
  std::size_t size() const {
    return iterator_->value().size() - std::min(iterator_->value().size(), kHeader);
  }
  // Offsets and timestamp alone.
  absl::StatusOr<Batch> Header() const {
    return format::ReadBatch(View(iterator_->key()), View(iterator_->value()), false);
  }
  absl::StatusOr<Batch> Get() const {
    const std::string_view value = View(iterator_->value());
    absl::StatusOr<Batch> batch = format::ReadBatch(View(iterator_->key()), value, true);
    if (batch.ok()) batch->bytes = std::make_shared<const std::string>(value.substr(kHeader));
    return batch;
  }
  absl::Status status() const {
    return FromRocksdb(iterator_->status(), absl::StrCat("reading log ", log_));
  }

 private:
  static constexpr std::size_t kHeader = format::kBatchHeaderSize;
  const LogId log_;
  const std::string end_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// A LogStore in a RocksDB database. Bounds are kept in memory too: whoever appends or fetches asks
// for them, and they are read from the disk once, at opening.
// Threads: as LogStore says: changes take turns, reads go beside them. Owned by its opener.
class RocksdbLogStore final : public LogStore {
 public:
  explicit RocksdbLogStore(std::unique_ptr<RocksdbDatabase> database)
      : database_(std::move(database)) {}

  absl::Status Load();

  bool durable() const override { return true; }
  absl::Status Commit(const CommitBatch& batch, Durability durability) override;
  absl::StatusOr<LogId> CreateLog(std::int64_t start_offset) override;
  absl::Status DeleteLog(LogId log) override;
  std::vector<LogId> Logs() const override;
  absl::StatusOr<LogBounds> Bounds(LogId log) const override;
  absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                          const ReadLimits& limits) const override;
  absl::StatusOr<std::optional<Batch>> FindByTimestamp(LogId log,
                                                       std::int64_t timestamp) const override;
  absl::StatusOr<std::optional<Batch>> FindMaxTimestamp(LogId log) const override;
  absl::Status TrimPrefix(LogId log, std::int64_t offset) override;
  absl::Status EraseBatch(LogId log, std::int64_t base_offset) override;
  absl::Status ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) override;
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override;
  absl::Status Scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;
  absl::Status Sync() override { return FromRocksdb(db().FlushWAL(true), "syncing the log"); }
  std::uint64_t memory_bytes() const override;

 private:
  rocksdb::DB& db() const { return *database_->db; }
  absl::Status LoadLog(LogId log, const format::LogRecord& record);
  absl::Status Check(const CommitBatch& batch) const;
  absl::Status Write(rocksdb::WriteBatch& batch, Durability durability, const std::string& doing);
  void PutBounds(rocksdb::WriteBatch& batch, LogId log, const LogBounds& bounds) const;
  // Writes down from time to time how far a log reaches, or all of its batches would have to be
  // looked at when it is opened.
  void RaiseFloor(rocksdb::WriteBatch& batch, const Append& append);
  void SetBounds(LogId log, const LogBounds& bounds);
  // The batch with this base offset, for EraseBatch and ReplaceBatch.
  absl::StatusOr<Batch> FindBatch(LogId log, std::int64_t base_offset) const;
  void FreeFiles(LogId log, std::int64_t before);

  const std::unique_ptr<RocksdbDatabase> database_;
  std::mutex write_mutex_;           // one change at a time
  mutable std::shared_mutex mutex_;  // guards bounds_
  std::map<LogId, LogBounds> bounds_;
  LogId next_log_ = 1;  // under write_mutex_
  std::map<LogId, std::uint64_t> behind_floor_;  // bytes; under write_mutex_
};

absl::Status RocksdbLogStore::Load() {
  std::string value;
  const rocksdb::Status got =
      db().Get(rocksdb::ReadOptions(), database_->meta, format::kNextLogKey, &value);
  if (!got.ok() && !got.IsNotFound()) return FromRocksdb(got, "reading the next log's id");
  if (got.ok()) next_log_ = format::FromBe64(value).value_or(0);
  if (next_log_ == 0) return absl::DataLossError("the next log's id is damaged");

  const std::unique_ptr<rocksdb::Iterator> logs(
      db().NewIterator(rocksdb::ReadOptions(), database_->logs));
  for (logs->SeekToFirst(); logs->Valid(); logs->Next()) {
    const auto log = format::FromBe64(View(logs->key()));
    const auto record = format::ReadLogValue(View(logs->value()));
    if (!log.has_value() || !record.has_value()) {
      return absl::DataLossError(
          absl::StrCat("the record of log ", log.value_or(0), " is damaged"));
    }
    if (absl::Status status = LoadLog(*log, *record); !status.ok()) return status;
  }
  return FromRocksdb(logs->status(), "reading the list of logs");
}

absl::Status RocksdbLogStore::LoadLog(LogId log, const format::LogRecord& record) {
  LogBounds bounds{record.start_offset, record.end_floor, 0};
  BatchIterator behind(*database_, log);
  for (behind.Seek(record.end_floor); behind.Valid(); behind.Next()) {
    const absl::StatusOr<std::int64_t> last_offset = behind.LastOffset();
    if (!last_offset.ok()) return last_offset.status();
    bounds.end_offset = *last_offset + 1;
  }
  if (absl::Status status = behind.status(); !status.ok()) return status;
  const std::string from = format::BatchKey(log, 0), to = format::BatchKey(log + 1, 0);
  const rocksdb::Range range(from, to);
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  static_cast<void>(
      db().GetApproximateSizes(options, database_->batches, &range, 1, &bounds.size_bytes));
  bounds_[log] = bounds;
  return absl::OkStatus();
}

absl::Status RocksdbLogStore::Write(rocksdb::WriteBatch& batch, Durability durability,
                                    const std::string& doing) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  return FromRocksdb(db().Write(options, &batch), doing);
}

absl::Status RocksdbLogStore::Check(const CommitBatch& batch) const {
  std::map<LogId, std::int64_t> ends;
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  for (const Append& append : batch.appends()) {
    const auto [end, first] = ends.try_emplace(append.log, 0);
    if (first) {
      const auto bounds = bounds_.find(append.log);
      if (bounds == bounds_.end()) return NoSuchLog(append.log);
      end->second = bounds->second.end_offset;
    }
    if (absl::Status status = CheckAppend(append, end->second); !status.ok()) return status;
    end->second = append.last_offset + 1;
  }
  return CheckKeys(batch);
}

absl::Status RocksdbLogStore::Commit(const CommitBatch& batch, Durability durability) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  if (absl::Status status = Check(batch); !status.ok()) return status;
  rocksdb::WriteBatch write;
  for (const Append& append : batch.appends()) {
    const std::string key = format::BatchKey(append.log, append.last_offset);
    const std::string header = format::BatchHeader(
        {append.base_offset, append.last_offset, append.max_timestamp, append.bytes});
    const rocksdb::Slice key_part(key);
    const rocksdb::Slice value_parts[] = {header, *append.bytes};
    write.Put(database_->batches, rocksdb::SliceParts(&key_part, 1),
              rocksdb::SliceParts(value_parts, 2));
    RaiseFloor(write, append);
  }
  for (const CommitBatch::KeyChange& change : batch.key_changes()) {
    if (change.value.has_value()) {
      write.Put(database_->state, change.key, *change.value);
    } else {
      write.Delete(database_->state, change.key);
    }
  }
  if (absl::Status status = Write(write, durability, "writing to the log"); !status.ok()) {
    return status;
  }
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  for (const Append& append : batch.appends()) {
    LogBounds& bounds = bounds_[append.log];
    bounds.end_offset = append.last_offset + 1;
    bounds.size_bytes += append.bytes->size();
  }
  return absl::OkStatus();
}

void RocksdbLogStore::PutBounds(rocksdb::WriteBatch& batch, LogId log,
                                const LogBounds& bounds) const {
  batch.Put(database_->logs, format::Be64(log),
            format::LogValue({bounds.start_offset, bounds.end_offset}));
}

void RocksdbLogStore::RaiseFloor(rocksdb::WriteBatch& batch, const Append& append) {
  std::uint64_t& bytes = behind_floor_[append.log];
  bytes += append.bytes->size();
  if (bytes < kBytesBehindFloor) return;
  bytes = 0;
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const std::int64_t start_offset = bounds_.find(append.log)->second.start_offset;
  PutBounds(batch, append.log, {start_offset, append.last_offset + 1, 0});
}

void RocksdbLogStore::SetBounds(LogId log, const LogBounds& bounds) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  bounds_[log] = bounds;
}

absl::StatusOr<LogId> RocksdbLogStore::CreateLog(std::int64_t start_offset) {
  if (absl::Status status = CheckStartOffset(start_offset); !status.ok()) return status;
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const LogId log = next_log_;
  const LogBounds bounds{start_offset, start_offset, 0};
  rocksdb::WriteBatch write;
  write.Put(database_->meta, format::kNextLogKey, format::Be64(log + 1));
  PutBounds(write, log, bounds);
  // Not synced: whatever names the log is committed behind it, and syncs it too.
  if (absl::Status status = Write(write, Durability::kKernel, "creating a log"); !status.ok()) {
    return status;
  }
  next_log_ = log + 1;
  SetBounds(log, bounds);
  return log;
}

// Whole files first, which costs nothing; a range tombstone then hides the rest.
void RocksdbLogStore::FreeFiles(LogId log, std::int64_t before) {
  const std::string from = format::BatchKey(log, 0), to = format::BatchKey(log, before);
  const rocksdb::Slice begin(from), end(to);
  // What it does not free, compaction will.
  static_cast<void>(rocksdb::DeleteFilesInRange(&db(), database_->batches, &begin, &end, false));
}

absl::Status RocksdbLogStore::DeleteLog(LogId log) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  if (absl::Status status = Bounds(log).status(); !status.ok()) return status;
  rocksdb::WriteBatch write;
  write.Delete(database_->logs, format::Be64(log));
  write.DeleteRange(database_->batches, format::BatchKey(log, 0), format::BatchKey(log + 1, 0));
  const absl::Status status = Write(write, Durability::kKernel, absl::StrCat("deleting log ", log));
  if (!status.ok()) return status;
  {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    bounds_.erase(log);
  }
  behind_floor_.erase(log);
  FreeFiles(log, INT64_MAX);
  return absl::OkStatus();
}

std::vector<LogId> RocksdbLogStore::Logs() const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  std::vector<LogId> ids;
  ids.reserve(bounds_.size());
  for (const auto& [id, bounds] : bounds_) ids.push_back(id);
  return ids;
}

absl::StatusOr<LogBounds> RocksdbLogStore::Bounds(LogId log) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const auto found = bounds_.find(log);
  if (found == bounds_.end()) return NoSuchLog(log);
  return found->second;
}

absl::StatusOr<std::vector<Batch>> RocksdbLogStore::Read(LogId log, std::int64_t offset,
                                                         const ReadLimits& limits) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  if (absl::Status status = CheckOffset(log, offset, *bounds); !status.ok()) return status;
  std::vector<Batch> found;
  std::size_t bytes = 0;
  BatchIterator batches(*database_, log);
  for (batches.Seek(offset); batches.Valid(); batches.Next()) {
    const absl::StatusOr<Batch> header = batches.Header();
    if (!header.ok()) return header.status();
    if (header->base_offset >= limits.end_offset) break;
    bytes += batches.size();
    if (!found.empty() && bytes > limits.max_bytes) break;
    absl::StatusOr<Batch> batch = batches.Get();
    if (!batch.ok()) return batch.status();
    found.push_back(*std::move(batch));
    // Reading the next one only to see its size costs as much as returning it.
    if (bytes + found.back().bytes->size() > limits.max_bytes) break;
  }
  if (absl::Status status = batches.status(); !status.ok()) return status;
  return found;
}

absl::StatusOr<std::optional<Batch>> RocksdbLogStore::FindByTimestamp(
    LogId log, std::int64_t timestamp) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  BatchIterator batches(*database_, log);
  for (batches.Seek(bounds->start_offset); batches.Valid(); batches.Next()) {
    const absl::StatusOr<Batch> header = batches.Header();
    if (!header.ok()) return header.status();
    if (header->max_timestamp < timestamp) continue;
    absl::StatusOr<Batch> batch = batches.Get();
    if (!batch.ok()) return batch.status();
    return std::optional<Batch>(*std::move(batch));
  }
  if (absl::Status status = batches.status(); !status.ok()) return status;
  return std::nullopt;
}

absl::StatusOr<std::optional<Batch>> RocksdbLogStore::FindMaxTimestamp(LogId log) const {
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  std::optional<Batch> greatest;
  BatchIterator batches(*database_, log);
  for (batches.Seek(bounds->start_offset); batches.Valid(); batches.Next()) {
    const absl::StatusOr<Batch> header = batches.Header();
    if (!header.ok()) return header.status();
    if (greatest.has_value() && header->max_timestamp <= greatest->max_timestamp) continue;
    greatest = *header;
  }
  if (absl::Status status = batches.status(); !status.ok()) return status;
  if (!greatest.has_value()) return std::nullopt;
  batches.Seek(greatest->last_offset);
  if (!batches.Valid()) return std::nullopt;  // trimmed meanwhile
  absl::StatusOr<Batch> batch = batches.Get();
  if (!batch.ok()) return batch.status();
  return std::optional<Batch>(*std::move(batch));
}

absl::Status RocksdbLogStore::TrimPrefix(LogId log, std::int64_t offset) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const absl::StatusOr<LogBounds> bounds = Bounds(log);
  if (!bounds.ok()) return bounds.status();
  if (absl::Status status = CheckTrim(log, offset, *bounds); !status.ok()) return status;
  if (offset <= bounds->start_offset) return absl::OkStatus();
  LogBounds trimmed = *bounds;
  trimmed.start_offset = offset;
  std::uint64_t freed = 0;
  BatchIterator batches(*database_, log);
  for (batches.Seek(0); batches.Valid(); batches.Next()) {
    const absl::StatusOr<Batch> header = batches.Header();
    if (!header.ok()) return header.status();
    if (header->last_offset >= offset) break;
    freed += batches.size();
  }
  trimmed.size_bytes -= std::min(freed, trimmed.size_bytes);
  rocksdb::WriteBatch write;
  PutBounds(write, log, trimmed);
  write.DeleteRange(database_->batches, format::BatchKey(log, 0), format::BatchKey(log, offset));
  const absl::Status status = Write(write, Durability::kKernel, absl::StrCat("trimming log ", log));
  if (!status.ok()) return status;
  SetBounds(log, trimmed);
  FreeFiles(log, offset);
  return absl::OkStatus();
}

absl::StatusOr<Batch> RocksdbLogStore::FindBatch(LogId log, std::int64_t base_offset) const {
  if (absl::Status status = Bounds(log).status(); !status.ok()) return status;
  BatchIterator batches(*database_, log);
  batches.Seek(base_offset);
  if (batches.Valid()) {
    absl::StatusOr<Batch> batch = batches.Get();
    if (!batch.ok() || batch->base_offset == base_offset) return batch;
  }
  if (absl::Status status = batches.status(); !status.ok()) return status;
  return NoSuchBatch(log, base_offset);
}

absl::Status RocksdbLogStore::EraseBatch(LogId log, std::int64_t base_offset) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const absl::StatusOr<Batch> batch = FindBatch(log, base_offset);
  if (!batch.ok()) return batch.status();
  LogBounds bounds = *Bounds(log);
  bounds.size_bytes -= std::min<std::uint64_t>(batch->bytes->size(), bounds.size_bytes);
  rocksdb::WriteBatch write;
  write.Delete(database_->batches, format::BatchKey(log, batch->last_offset));
  // The last batch was what told the end offset.
  PutBounds(write, log, bounds);
  const absl::Status status =
      Write(write, Durability::kKernel, absl::StrCat("compacting log ", log));
  if (status.ok()) SetBounds(log, bounds);
  return status;
}

absl::Status RocksdbLogStore::ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) {
  const std::lock_guard<std::mutex> writing(write_mutex_);
  const absl::StatusOr<Batch> old = FindBatch(log, base_offset);
  if (!old.ok()) return old.status();
  if (absl::Status status = CheckReplacement(log, *old, replacement); !status.ok()) return status;
  LogBounds bounds = *Bounds(log);
  bounds.size_bytes -= std::min<std::uint64_t>(old->bytes->size(), bounds.size_bytes);
  bounds.size_bytes += replacement.bytes->size();
  rocksdb::WriteBatch write;
  write.Delete(database_->batches, format::BatchKey(log, old->last_offset));
  write.Put(database_->batches, format::BatchKey(log, replacement.last_offset),
            format::BatchHeader(replacement) + *replacement.bytes);
  PutBounds(write, log, bounds);
  const absl::Status status =
      Write(write, Durability::kKernel, absl::StrCat("compacting log ", log));
  if (status.ok()) SetBounds(log, bounds);
  return status;
}

absl::StatusOr<std::optional<std::string>> RocksdbLogStore::Get(std::string_view key) const {
  std::string value;
  const rocksdb::Status got = db().Get(rocksdb::ReadOptions(), database_->state, Of(key), &value);
  if (got.IsNotFound()) return std::nullopt;
  if (!got.ok()) return FromRocksdb(got, "reading the state");
  return value;
}

absl::Status RocksdbLogStore::Scan(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const std::unique_ptr<rocksdb::Iterator> entries(
      db().NewIterator(rocksdb::ReadOptions(), database_->state));
  for (entries->Seek(Of(prefix)); entries->Valid(); entries->Next()) {
    if (!entries->key().starts_with(Of(prefix))) break;
    if (!visit(View(entries->key()), View(entries->value()))) break;
  }
  return FromRocksdb(entries->status(), "reading the state");
}

std::uint64_t RocksdbLogStore::memory_bytes() const {
  std::uint64_t bytes = 0;
  db().GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes);
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogStore>> OpenRocksdbLogStore(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<RocksdbDatabase>> database = RocksdbDatabase::Open(directory);
  if (!database.ok()) return database.status();
  auto store = std::make_unique<RocksdbLogStore>(*std::move(database));
  if (absl::Status status = store->Load(); !status.ok()) return status;
  return store;
}

}  // namespace wherry::storage
