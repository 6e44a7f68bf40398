#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "storage/log_store.h"

namespace wherry::storage {

// RocksDB's error in our words: kResourceExhausted for a full disk, kDataLoss for damage, kInternal
// else. `doing` is what was tried: "reading log 4".
absl::Status FromRocksdb(const rocksdb::Status& status, const std::string& doing);

// The open database of one directory, and its column families.
// Threads: any. Owned by SealedLogs.
struct RocksdbDatabase {
  // Of a new directory it creates the journal too, before the tables.
  static absl::StatusOr<std::unique_ptr<RocksdbDatabase>> Open(const std::string& directory);
  ~RocksdbDatabase();

  std::unique_ptr<rocksdb::DB> db;
  // Handles belong to the database and are given back before it closes.
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* logs = nullptr;
  rocksdb::ColumnFamilyHandle* batches = nullptr;
  rocksdb::ColumnFamilyHandle* state = nullptr;
  std::string directory;
};

}  // namespace wherry::storage
