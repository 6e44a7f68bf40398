// How a file of the journal becomes tables, and how what is dead in it goes away.
#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rocksdb/convenience.h"
#include "rocksdb/sst_file_writer.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_sealed.h"

namespace wherry::storage {

namespace {

// What is read at once of a journal for small batches, which lie scattered.
constexpr std::size_t kSmallWindow = 8 * 1024;

// The keys of the batches that a file of the journal takes away from a log, by a range; nullopt: it
// takes none.
std::optional<std::pair<std::string, std::string>> RangeGone(LogId id, const Memtable::Log& log) {
  if (log.deleted) return std::pair(format::BatchKey(id, 0), format::BatchKey(id + 1, 0));
  if (log.trimmed_to == 0) return std::nullopt;
  return std::pair(format::BatchKey(id, 0), format::BatchKey(id, log.trimmed_to));
}

absl::Status Stopped() { return absl::CancelledError("the store is being closed"); }

}  // namespace

// New tables, one for each column family that gets any, which join the others in one step.
class SealedLogs::Tables {
 public:
  Tables(const RocksdbDatabase& database, std::string folder)
      : database_(database), folder_(std::move(folder)) {}
  // What did not join goes away.
  ~Tables() {
    for (const auto& [family, table] : tables_) {
      std::error_code gone;
      std::filesystem::remove(table.path, gone);
    }
  }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  // In the order of keys. A key that comes later than a range that has it counts.
  absl::Status Put(rocksdb::ColumnFamilyHandle* family, const rocksdb::Slice& key,
                   const rocksdb::Slice& value) {
    return Write(family, [&](rocksdb::SstFileWriter& to) { return to.Put(key, value); });
  }
  absl::Status Delete(rocksdb::ColumnFamilyHandle* family, const rocksdb::Slice& key) {
    return Write(family, [&](rocksdb::SstFileWriter& to) { return to.Delete(key); });
  }
  // Of older tables only.
  absl::Status DeleteRange(rocksdb::ColumnFamilyHandle* family, const std::string& from,
                           const std::string& to_key) {
    return Write(family,
                 [&](rocksdb::SstFileWriter& to) { return to.DeleteRange(from, to_key); });
  }

  absl::Status Join() {
    std::vector<rocksdb::IngestExternalFileArg> joining;
    for (auto& [family, table] : tables_) {
      const rocksdb::Status finished = table.writer->Finish();
      if (!finished.ok()) return FromRocksdb(finished, "writing a table");
      rocksdb::IngestExternalFileArg& one = joining.emplace_back();
      one.column_family = family;
      one.external_files = {table.path};
      one.options.move_files = true;
      one.options.write_global_seqno = false;
    }
    if (joining.empty()) return absl::OkStatus();
    // What made it stop the last time, a full disk, may be over.
    static_cast<void>(database_.db->Resume());
    return FromRocksdb(database_.db->IngestExternalFiles(joining), "taking over tables");
  }

 private:
  struct Table {
    std::string path;
    std::unique_ptr<rocksdb::SstFileWriter> writer;
  };

  template <typename Change>
  absl::Status Write(rocksdb::ColumnFamilyHandle* family, const Change& change) {
    Table& table = tables_[family];
    if (table.writer == nullptr) {
      table.path = absl::StrCat(folder_, "/", family->GetName(), ".sst");
      // Its readers come soon: what was written may stay in the kernel's memory.
      constexpr bool kForgetPages = false;
      const rocksdb::Options options = database_.db->GetOptions(family);
      table.writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), options,
                                                              family, kForgetPages);
      const rocksdb::Status opened = table.writer->Open(table.path);
      if (!opened.ok()) return FromRocksdb(opened, "creating a table");
    }
    return FromRocksdb(change(*table.writer), "writing a table");
  }

  const RocksdbDatabase& database_;
  const std::string folder_;
  std::map<rocksdb::ColumnFamilyHandle*, Table> tables_;
};

absl::Status SealedLogs::SealBatches(const Memtable& memtable, std::uint64_t min_kept_bytes,
                                     const std::atomic<bool>& stop, Tables& tables,
                                     format::KeptJournal& kept) const {
  rocksdb::ColumnFamilyHandle* const family = database_->batches;
  JournalReader reader(*memtable.file, kSmallWindow);
  std::string value;
  for (const auto& [id, log] : memtable.logs) {
    absl::Status status;
    if (const auto range = RangeGone(id, log); range.has_value()) {
      status = tables.DeleteRange(family, range->first, range->second);
    }
    if (!status.ok()) return status;
    format::KeptJournal::Log here{id, 0, 0, 0};
    for (const auto& [last_offset, batch] : log.batches) {
      if (stop) return Stopped();
      const std::string key = format::BatchKey(id, last_offset);
      if (!batch.has_value()) {
        status = tables.Delete(family, key);
      } else {
        format::BatchValue sealed{batch->base_offset, batch->max_timestamp, batch->crc, {}, {}};
        if (batch->size >= std::max<std::uint64_t>(min_kept_bytes, 1)) {
          sealed.place = format::Place{memtable.file->number(), batch->position, batch->size};
          if (here.bytes == 0) here.first = last_offset;
          here.last = last_offset;
          here.bytes += batch->size;
        }
        value = format::BatchHeader(sealed);
        if (!sealed.place.has_value()) {
          const auto bytes = reader.View(batch->position, batch->size);
          if (!bytes.ok()) return bytes.status();
          value.append(*bytes);
        }
        status = tables.Put(family, key, value);
      }
      if (!status.ok()) return status;
    }
    if (here.bytes > 0) kept.logs.push_back(here);
    kept.bytes += here.bytes;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::uint64_t, format::KeptJournal>> SealedLogs::WithoutErased(
    const Memtable& memtable) const {
  std::map<std::uint64_t, format::KeptJournal> changed;
  for (const auto& [id, log] : memtable.logs) {
    const auto sealed = logs_.find(id);
    if (sealed == logs_.end()) continue;
    for (const auto& [last_offset, batch] : log.batches) {
      // All that are new lie behind.
      if (last_offset >= sealed->second.end_offset) break;
      std::string old;
      const rocksdb::Status got = database_->db->Get(rocksdb::ReadOptions(), database_->batches,
                                                     format::BatchKey(id, last_offset), &old);
      if (got.IsNotFound()) continue;
      if (!got.ok()) return FromRocksdb(got, absl::StrCat("reading log ", id));
      const auto value = format::ReadBatchValue(old);
      if (!value.has_value() || !value->place.has_value()) continue;
      const auto kept = kept_.find(value->place->journal);
      if (kept == kept_.end()) continue;
      for (auto& one : changed.try_emplace(kept->first, kept->second).first->second.logs) {
        if (one.log == id) one.bytes -= std::min<std::uint64_t>(one.bytes, value->place->size);
      }
    }
  }
  return changed;
}

absl::Status SealedLogs::Seal(const Memtable& memtable, std::uint64_t min_kept_bytes,
                              const std::atomic<bool>& stop) {
  const std::uint64_t number = memtable.file->number();
  Tables tables(*database_, JournalFolder());
  format::KeptJournal kept;
  absl::Status status = SealBatches(memtable, min_kept_bytes, stop, tables, kept);
  auto changed = WithoutErased(memtable);
  status.Update(changed.status());
  for (auto entry = memtable.state.begin(); entry != memtable.state.end() && status.ok(); ++entry) {
    const auto& [key, change] = *entry;
    status = change.has_value() ? tables.Put(database_->state, key, *change)
                                : tables.Delete(database_->state, key);
  }
  for (auto log = memtable.logs.begin(); log != memtable.logs.end() && status.ok(); ++log) {
    const std::string key = format::Be64(log->first);
    const std::optional<LogRecord>& record = log->second.record;
    status = record.has_value() ? tables.Put(database_->logs, key, format::LogValue(*record))
                                : tables.Delete(database_->logs, key);
  }
  if (!status.ok()) return status;
  const bool erases = !changed->empty();
  if (!kept.logs.empty()) (*changed)[number] = kept;
  // Its keys in order: "kept/...", "next-log-id", "sealed", "version".
  for (auto one = changed->begin(); one != changed->end() && status.ok(); ++one) {
    status = tables.Put(database_->meta, format::KeptKey(one->first),
                        format::KeptValue(one->second));
  }
  const format::Sealed sealed{number, memtable.next_sequence};
  const std::pair<const char*, std::string> rest[] = {
      {format::kNextLogKey, format::Be64(memtable.next_log)},
      {format::kSealedKey, format::SealedValue(sealed)},
      {format::kVersionKey, format::Be32(format::kVersion)}};
  for (const auto& [key, value] : rest) {
    if (status.ok()) status = tables.Put(database_->meta, key, value);
  }
  if (status.ok()) status = tables.Join();
  if (!status.ok()) return status;

  sealed_ = sealed;
  next_log_ = memtable.next_log;
  for (const auto& [id, log] : memtable.logs) {
    if (log.record.has_value()) {
      logs_[id] = *log.record;
    } else {
      logs_.erase(id);
    }
    new_garbage_ = new_garbage_ || log.deleted || log.trimmed_to > 0;
  }
  new_garbage_ = new_garbage_ || erases;
  for (auto& [journal, change] : *changed) kept_[journal] = std::move(change);
  if (kept_.contains(number)) {
    const std::lock_guard<std::mutex> lock(mutex_);
    files_[number] = memtable.file;
  } else {
    Delete(number);
  }
  FreeTables(memtable);
  return absl::OkStatus();
}

void SealedLogs::FreeTables(const Memtable& memtable) {
  for (const auto& [id, log] : memtable.logs) {
    const auto range = RangeGone(id, log);
    if (!range.has_value()) continue;
    const rocksdb::Slice begin(range->first), end(range->second);
    // What it does not free, compaction will.
    static_cast<void>(rocksdb::DeleteFilesInRange(database_->db.get(), database_->batches, &begin,
                                                  &end, false));
  }
}

std::uint64_t SealedLogs::LiveBytes(const format::KeptJournal& kept) const {
  std::uint64_t live = 0;
  for (const format::KeptJournal::Log& log : kept.logs) {
    const auto found = logs_.find(log.log);
    if (found != logs_.end() && found->second.start_offset <= log.last) live += log.bytes;
  }
  return live;
}

void SealedLogs::Delete(std::uint64_t number) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    files_.erase(number);
  }
  JournalFile::Delete(JournalFolder(), number);
}

absl::Status SealedLogs::CopyOut(std::uint64_t number, const format::KeptJournal& kept,
                                 const std::atomic<bool>& stop, Tables& tables) const {
  const absl::StatusOr<std::shared_ptr<JournalFile>> file = Journal(number);
  if (!file.ok()) return file.status();
  std::string value;
  for (const format::KeptJournal::Log& log : kept.logs) {
    const auto found = logs_.find(log.log);
    if (found == logs_.end() || found->second.start_offset > log.last) continue;
    const std::unique_ptr<SealedBatches> batches = Batches(log.log);
    batches->Seek(std::max(log.first, found->second.start_offset));
    for (; batches->Valid(); batches->Next()) {
      if (stop) return Stopped();
      absl::StatusOr<SealedBatch> batch = batches->Read();
      if (!batch.ok()) return batch.status();
      if (batch->last_offset > log.last) break;
      if (!batch->value.place.has_value() || batch->value.place->journal != number) continue;
      const format::Place place = *std::exchange(batch->value.place, std::nullopt);
      value = format::BatchHeader(batch->value);
      const std::size_t header_size = value.size();
      value.resize(header_size + place.size);
      absl::Status status =
          (*file)->Read(place.position, place.size, value.data() + header_size);
      if (status.ok()) {
        status = tables.Put(database_->batches, format::BatchKey(log.log, batch->last_offset),
                            value);
      }
      if (!status.ok()) return status;
    }
    if (absl::Status status = batches->status(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SealedLogs::Reclaim(const std::atomic<bool>& stop) {
  if (!std::exchange(new_garbage_, false)) return absl::OkStatus();
  Tables tables(*database_, JournalFolder());
  std::set<std::uint64_t> done;
  bool copied = false;
  for (const auto& [number, kept] : kept_) {
    const std::uint64_t live = LiveBytes(kept);
    if (live > kept.bytes / 2) continue;
    if (live > 0 && copied) {
      new_garbage_ = true;  // one at a time
      continue;
    }
    absl::Status status;
    if (live > 0) {
      status = CopyOut(number, kept, stop, tables);
      copied = true;
    }
    if (status.ok()) status = tables.Delete(database_->meta, format::KeptKey(number));
    if (!status.ok()) {
      new_garbage_ = true;
      return status;
    }
    done.insert(number);
  }
  if (absl::Status status = tables.Join(); !status.ok()) {
    new_garbage_ = true;
    return status;
  }
  for (const std::uint64_t number : done) {
    kept_.erase(number);
    Delete(number);
  }
  return absl::OkStatus();
}

}  // namespace wherry::storage
