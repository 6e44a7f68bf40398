// What RocksDB's own recovery would not tell: torn and damaged logs, damaged tables.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rocksdb_log_store.h"
#include "storage/rocksdb_logs.h"
#include "storage/rocksdb_tables.h"
#include "tests/conformance/support/flip_byte.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kBatches = 100;
constexpr std::size_t kBatchSize = 1000;

class RocksdbDamageTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto store = OpenRocksdbLogStore(folder_.path()).value();
    log_ = store->CreateLog().value();
    for (int i = 0; i < kBatches; ++i) {
      CommitBatch batch;
      batch.Add({log_, i, i, i, BytesOf(std::string(kBatchSize, 'x'))});
      ASSERT_TRUE(store->Commit(batch, Durability::kSynced).ok());
    }
  }

  // The largest file of a kind.
  fs::path File(const std::string& extension) const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      if (entry.path().extension() != extension) continue;
      if (found.empty() || entry.file_size() > fs::file_size(found)) found = entry.path();
    }
    return found;
  }
  fs::path Manifest() const {
    std::string name;
    std::getline(std::ifstream(fs::path(folder_.path()) / "CURRENT"), name);
    return fs::path(folder_.path()) / name;
  }
  static void Flip(const fs::path& path, std::uint64_t position) {
    conformance::FlipByte(path, position, 0x40);
  }
  void ExpectBatches(int count) const {
    const auto store = OpenRocksdbLogStore(folder_.path());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Bounds(log_)->end_offset, count);
    EXPECT_EQ((*store)->Read(log_, 0, {.max_bytes = 1 << 30})->size(),
              static_cast<std::size_t>(count));
  }
  void ExpectRefused(const std::string& what) const {
    const absl::Status status = OpenRocksdbLogStore(folder_.path()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(folder_.path()), HasSubstr(what)));
  }

  const TestFolder folder_;
  LogId log_ = 0;
};

TEST_F(RocksdbDamageTest, WholeLogsAreLeftAlone) {
  const auto size = fs::file_size(File(".log"));
  EXPECT_TRUE(MendLogs(folder_.path()).ok());
  EXPECT_EQ(fs::file_size(File(".log")), size);
  ExpectBatches(kBatches);
}

TEST_F(RocksdbDamageTest, ALastRecordThatEndsEarlyIsLeftOut) {
  const fs::path wal = File(".log");
  fs::resize_file(wal, fs::file_size(wal) - kBatchSize / 2);
  ExpectBatches(kBatches - 1);
}

TEST_F(RocksdbDamageTest, ALastRecordThatEndsInZerosIsLeftOut) {
  const fs::path wal = File(".log");
  const auto size = fs::file_size(wal);
  fs::resize_file(wal, size - kBatchSize / 2);
  fs::resize_file(wal, size + 100'000);
  ExpectBatches(kBatches - 1);
}

TEST_F(RocksdbDamageTest, ALastRecordThatIsAlteredIsNotServed) {
  const fs::path wal = File(".log");
  Flip(wal, fs::file_size(wal) - kBatchSize / 2);
  ExpectBatches(kBatches - 1);
}

// What its owner is writing looks torn to anybody else.
TEST_F(RocksdbDamageTest, LogsInUseAreLeftAlone) {
  const auto owner = OpenRocksdbLogStore(folder_.path()).value();
  const fs::path wal = File(".log");
  std::ofstream(wal, std::ios::app | std::ios::binary) << "half";
  const auto size = fs::file_size(wal);
  EXPECT_TRUE(absl::IsUnavailable(OpenRocksdbLogStore(folder_.path()).status()));
  EXPECT_EQ(fs::file_size(wal), size);
}

// Their names have six digits, until they need more.
TEST_F(RocksdbDamageTest, TheLastLogIsTheOneWithTheGreatestNumber) {
  const fs::path older = fs::path(folder_.path()) / "999999.log";
  const fs::path newer = fs::path(folder_.path()) / "1000000.log";
  fs::rename(File(".log"), older);
  fs::copy(older, newer);
  fs::resize_file(newer, fs::file_size(older) - kBatchSize / 2);
  EXPECT_TRUE(MendLogs(folder_.path()).ok());
  EXPECT_LT(fs::file_size(newer), fs::file_size(older) - kBatchSize / 2);
}

// Its size is part of a record: read wrongly, it would hide all that follows in its block.
TEST_F(RocksdbDamageTest, ARecordThatOthersFollowIsNamed) {
  const fs::path wal = File(".log");
  for (const std::uint64_t before_end : {3 * kBatchSize, 20 * kBatchSize, 60 * kBatchSize}) {
    const std::uint64_t position = fs::file_size(wal) - before_end;
    Flip(wal, position);
    ExpectRefused("write-ahead log " + wal.filename().string() + " is damaged at byte ");
    Flip(wal, position);
  }
  ExpectBatches(kBatches);
}

TEST_F(RocksdbDamageTest, EveryByteOfTheListOfFilesCounts) {
  // A second start writes what the first has made into a table.
  ExpectBatches(kBatches);
  const fs::path manifest = Manifest();
  for (std::uint64_t position = 0; position < fs::file_size(manifest); ++position) {
    Flip(manifest, position);
    const absl::Status status = MendLogs(folder_.path());
    EXPECT_TRUE(absl::IsDataLoss(status)) << "byte " << position << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(manifest.filename().string()));
    Flip(manifest, position);
  }
  EXPECT_TRUE(MendLogs(folder_.path()).ok());
}

TEST_F(RocksdbDamageTest, AListOfFilesThatEndsEarlyIsLeftToRocksdb) {
  fs::resize_file(Manifest(), fs::file_size(Manifest()) - 3);
  EXPECT_TRUE(MendLogs(folder_.path()).ok());
}

TEST_F(RocksdbDamageTest, DamagedPropertiesOfATableAreNamed) {
  ExpectBatches(kBatches);
  const fs::path table = File(".sst");
  EXPECT_TRUE(CheckTables(folder_.path()).ok());
  std::ifstream file(table, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::size_t properties = bytes.find("oldest.key.time");
  ASSERT_NE(properties, bytes.npos);
  Flip(table, properties);
  ExpectRefused("the table " + table.filename().string() + " is damaged between byte ");
}

TEST_F(RocksdbDamageTest, ACurrentThatNamesNothingIsDamage) {
  Flip(fs::path(folder_.path()) / "CURRENT", 12);
  ExpectRefused("restore it from a copy");
}

}  // namespace
}  // namespace wherry::storage
