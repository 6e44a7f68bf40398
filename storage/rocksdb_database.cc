#include "storage/rocksdb_database.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "storage/journal_folder.h"
#include "storage/rocksdb_crc32c.h"
#include "storage/rocksdb_format.h"
#include "storage/rocksdb_manifest.h"
#include "storage/rocksdb_tables.h"

namespace wherry::storage {

namespace {

constexpr std::size_t kUnusedWriteBuffer = 64 << 10;
// Rewriting batches gains little before many files overlap: they are only appended.
constexpr int kFilesBeforeCompaction = 8;
// Pushing back would stop every topic for the compaction of one.
constexpr int kNever = 1 << 30;
constexpr std::size_t kBlockSize = 16 << 10;

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.max_open_files = -1;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions() {
  rocksdb::ColumnFamilyOptions options;
  // Nothing is ever written but whole tables.
  options.write_buffer_size = kUnusedWriteBuffer;
  // Batches come compressed, if their producer wants that.
  options.compression = rocksdb::kNoCompression;
  options.bottommost_compression = rocksdb::kNoCompression;
  options.level0_file_num_compaction_trigger = kFilesBeforeCompaction;
  options.level0_slowdown_writes_trigger = kNever;
  options.level0_stop_writes_trigger = kNever;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  rocksdb::BlockBasedTableOptions table;
  // A block is summed whenever it is read. ISA-L does that at no price (rocksdb_crc32c.cc), where
  // RocksDB's default took half of the CPU of a fetch.
  table.checksum = rocksdb::kCRC32c;
  table.block_size = kBlockSize;
  // A seek then reads a block, which is as large as a batch, only of the file that has the key, and
  // not one of every file that might.
  table.index_type = rocksdb::BlockBasedTableOptions::kBinarySearchWithFirstKey;
  table.index_shortening = rocksdb::BlockBasedTableOptions::IndexShorteningMode::kNoShortening;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && ::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (!error) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("cannot keep data in \"", directory, "\": ", error.message(),
                   "; name a directory that this user may write (--data-dir)"));
}

absl::Status OpenFailed(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("lock") != text.npos) {
    return absl::UnavailableError(
        absl::StrCat("\"", directory,
                     "\" is in use by another process; stop it or name another directory "
                     "(--data-dir)"));
  }
  // Files refer to one another by their names.
  if (status.IsCorruption() || status.IsPathNotFound()) return absl::DataLossError(text);
  return FromRocksdb(status, absl::StrCat("opening \"", directory, "\""));
}

// Under RocksDB's own lock: what another process is writing looks torn. It is given back, for
// RocksDB to take it; who takes it in between keeps us from opening.
absl::Status MakeWhole(const std::string& directory) {
  rocksdb::Env& env = *rocksdb::Env::Default();
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked = env.LockFile(directory + "/LOCK", &lock);
  if (!locked.ok()) return OpenFailed(locked, directory);
  absl::Status whole = MendManifest(directory);
  if (whole.ok()) whole = CheckTables(directory);
  std::error_code unreadable;
  const bool is_new = !std::filesystem::exists(directory + "/CURRENT", unreadable);
  if (whole.ok() && is_new) whole = CreateFirstJournal(directory);
  const rocksdb::Status unlocked = env.UnlockFile(lock);
  if (!whole.ok()) return whole;
  return FromRocksdb(unlocked, absl::StrCat("unlocking \"", directory, "\""));
}

absl::Status CheckVersion(const RocksdbDatabase& database) {
  std::string value;
  const rocksdb::Status got =
      database.db->Get(rocksdb::ReadOptions(), database.meta, format::kVersionKey, &value);
  if (got.IsNotFound()) return absl::OkStatus();  // nothing has been sealed yet
  if (!got.ok()) return FromRocksdb(got, "reading the format's version");
  const std::optional<std::uint32_t> version = format::FromBe32(value);
  if (version == format::kVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("\"", database.directory, "\" has format ", version.value_or(0),
                   ", this Wherry reads format ", format::kVersion,
                   "; use the Wherry that wrote it, or another directory"));
}

}  // namespace

absl::Status FromRocksdb(const rocksdb::Status& status, const std::string& doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(doing, " failed: ", status.ToString());
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(absl::StrCat(text, "; free space on the disk"));
  }
  if (status.IsCorruption()) return absl::DataLossError(text);
  return absl::InternalError(text);
}

absl::StatusOr<std::unique_ptr<RocksdbDatabase>> RocksdbDatabase::Open(
    const std::string& directory) {
  LinkRocksdbCrc32c();
  if (absl::Status status = MakeDirectory(directory); !status.ok()) return status;
  if (absl::Status status = MakeWhole(directory); !status.ok()) return status;
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, FamilyOptions()},
      {format::kLogs, FamilyOptions()},
      {format::kBatches, FamilyOptions()},
      {format::kState, FamilyOptions()}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(DatabaseOptions(), directory, families, &handles, &db);
  if (!opened.ok()) return OpenFailed(opened, directory);
  auto database = std::make_unique<RocksdbDatabase>();
  database->db.reset(db);
  database->directory = directory;
  database->meta = handles[0];
  database->logs = handles[1];
  database->batches = handles[2];
  database->state = handles[3];
  if (absl::Status status = CheckVersion(*database); !status.ok()) return status;
  return database;
}

RocksdbDatabase::~RocksdbDatabase() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : {meta, logs, batches, state}) {
    if (handle != nullptr) db->DestroyColumnFamilyHandle(handle);
  }
  db->Close();
}

}  // namespace wherry::storage
