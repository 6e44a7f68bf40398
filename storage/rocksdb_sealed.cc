#include "storage/rocksdb_sealed.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/journal_folder.h"
#include "storage/rocksdb_database.h"

namespace wherry::storage {

namespace {

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
rocksdb::Slice Of(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

SealedBatches::SealedBatches(const RocksdbDatabase& database, LogId log)
    : log_(log),
      end_(format::BatchKey(log + 1, 0)),
      upper_bound_(std::make_unique<rocksdb::Slice>(end_)) {
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = upper_bound_.get();
  iterator_.reset(database.db->NewIterator(options, database.batches));
}

SealedBatches::~SealedBatches() = default;

void SealedBatches::Seek(std::int64_t offset) { iterator_->Seek(format::BatchKey(log_, offset)); }

bool SealedBatches::Valid() const {
  if (!iterator_->Valid()) return false;
  const auto name = format::ReadBatchKey(View(iterator_->key()));
  return !name.has_value() || name->log == log_;  // what is no key of ours, Read tells
}

void SealedBatches::Next() { iterator_->Next(); }

absl::StatusOr<SealedBatch> SealedBatches::Read() const {
  const auto name = format::ReadBatchKey(View(iterator_->key()));
  if (!name.has_value()) {
    return absl::DataLossError(absl::StrCat("a key behind a batch of log ", log_, " is damaged"));
  }
  const auto value = format::ReadBatchValue(View(iterator_->value()));
  if (!value.has_value()) {
    return absl::DataLossError(absl::StrCat("the value of the batch of log ", log_,
                                            " that ends at offset ", name->last_offset,
                                            " is damaged"));
  }
  return SealedBatch{name->last_offset, *value};
}

absl::Status SealedBatches::status() const {
  return FromRocksdb(iterator_->status(), absl::StrCat("reading log ", log_));
}

SealedLogs::SealedLogs(std::unique_ptr<RocksdbDatabase> database)
    : database_(std::move(database)) {}

SealedLogs::~SealedLogs() = default;

absl::StatusOr<std::unique_ptr<SealedLogs>> SealedLogs::Open(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<RocksdbDatabase>> database = RocksdbDatabase::Open(directory);
  if (!database.ok()) return database.status();
  std::unique_ptr<SealedLogs> sealed(new SealedLogs(*std::move(database)));
  if (absl::Status status = sealed->Load(); !status.ok()) return status;
  return sealed;
}

absl::Status SealedLogs::Load() {
  rocksdb::DB& db = *database_->db;
  const std::unique_ptr<rocksdb::Iterator> meta(
      db.NewIterator(rocksdb::ReadOptions(), database_->meta));
  for (meta->SeekToFirst(); meta->Valid(); meta->Next()) {
    std::string_view key = View(meta->key());
    const std::string_view value = View(meta->value());
    bool whole = true;
    if (key == format::kNextLogKey) {
      next_log_ = format::FromBe64(value).value_or(0);
      whole = next_log_ != 0;
    } else if (key == format::kSealedKey) {
      const auto sealed = format::ReadSealedValue(value);
      whole = sealed.has_value();
      if (whole) sealed_ = *sealed;
    } else if (key.starts_with(format::kKeptPrefix)) {
      key.remove_prefix(std::string_view(format::kKeptPrefix).size());
      const auto number = format::FromBe64(key);
      auto kept = format::ReadKeptValue(value);
      whole = number.has_value() && kept.has_value();
      if (whole) kept_[*number] = *std::move(kept);
    }
    if (whole) continue;
    return absl::DataLossError(
        absl::StrCat("what lies under \"", std::string(key), "\" is damaged"));
  }
  if (!meta->status().ok()) return FromRocksdb(meta->status(), "reading what is sealed");
  for (const auto& [number, kept] : kept_) {
    files_.emplace(number, nullptr);
    const std::string path = absl::StrCat(JournalFolder(), "/", JournalFile::NameOf(number));
    std::error_code unreadable;
    if (!std::filesystem::exists(path, unreadable)) return JournalFile::Missing(number);
  }
  const std::unique_ptr<rocksdb::Iterator> logs(
      db.NewIterator(rocksdb::ReadOptions(), database_->logs));
  for (logs->SeekToFirst(); logs->Valid(); logs->Next()) {
    const auto log = format::FromBe64(View(logs->key()));
    const auto record = format::ReadLogValue(View(logs->value()));
    if (!log.has_value() || !record.has_value()) {
      return absl::DataLossError(
          absl::StrCat("the record of log ", log.value_or(0), " is damaged"));
    }
    logs_[*log] = *record;
  }
  return FromRocksdb(logs->status(), "reading the list of logs");
}

std::string SealedLogs::JournalFolder() const { return JournalFolderOf(database_->directory); }

absl::StatusOr<std::shared_ptr<JournalFile>> SealedLogs::Journal(std::uint64_t number) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto kept = files_.find(number);
  if (kept == files_.end()) {
    return absl::NotFoundError(
        absl::StrCat("the journal ", JournalFile::NameOf(number), " is not kept any more"));
  }
  std::shared_ptr<JournalFile>& file = kept->second;
  if (file != nullptr) return file;
  absl::StatusOr<std::shared_ptr<JournalFile>> opened = JournalFile::Open(JournalFolder(), number);
  if (opened.ok()) file = *opened;
  return opened;
}

absl::StatusOr<std::optional<std::string>> SealedLogs::Get(std::string_view key) const {
  std::string value;
  const rocksdb::Status got =
      database_->db->Get(rocksdb::ReadOptions(), database_->state, Of(key), &value);
  if (got.IsNotFound()) return std::nullopt;
  if (!got.ok()) return FromRocksdb(got, "reading the state");
  return value;
}

absl::Status SealedLogs::Scan(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const std::unique_ptr<rocksdb::Iterator> entries(
      database_->db->NewIterator(rocksdb::ReadOptions(), database_->state));
  for (entries->Seek(Of(prefix)); entries->Valid(); entries->Next()) {
    if (!entries->key().starts_with(Of(prefix))) break;
    if (!visit(View(entries->key()), View(entries->value()))) break;
  }
  return FromRocksdb(entries->status(), "reading the state");
}

std::uint64_t SealedLogs::memory_bytes() const {
  std::uint64_t bytes = 0;
  database_->db->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes);
  return bytes;
}

}  // namespace wherry::storage
