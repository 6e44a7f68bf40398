// What RocksDB's own recovery would not tell: a damaged list of files, damaged tables.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/disk_log_store.h"
#include "storage/rocksdb_manifest.h"
#include "storage/rocksdb_tables.h"
#include "tests/conformance/support/flip_byte.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;

class RocksdbDamageTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto store = OpenDiskLogStore(folder_.path()).value();
    const LogId log = store->CreateLog().value();
    for (int i = 0; i < 100; ++i) {
      CommitBatch batch;
      batch.Add({log, i, i, i, BytesOf(std::string(1000, 'x'))});
      ASSERT_TRUE(store->Commit(batch, Durability::kSynced).ok());
    }
    ASSERT_TRUE(store->Seal().ok());
  }

  fs::path LargestTable() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      if (entry.path().extension() != ".sst") continue;
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
  void ExpectRefused(const std::string& what) const {
    const absl::Status status = OpenDiskLogStore(folder_.path()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(folder_.path()), HasSubstr(what)));
  }

  const TestFolder folder_;
};

TEST_F(RocksdbDamageTest, EveryByteOfTheListOfFilesCounts) {
  const fs::path manifest = Manifest();
  for (std::uint64_t position = 0; position < fs::file_size(manifest); ++position) {
    Flip(manifest, position);
    const absl::Status status = MendManifest(folder_.path());
    EXPECT_TRUE(absl::IsDataLoss(status)) << "byte " << position << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(manifest.filename().string()));
    Flip(manifest, position);
  }
  EXPECT_TRUE(MendManifest(folder_.path()).ok());
}

TEST_F(RocksdbDamageTest, OfAListOfFilesThatEndsEarlyTheLastRecordIsCutOff) {
  const auto size = fs::file_size(Manifest());
  fs::resize_file(Manifest(), size - 3);
  EXPECT_TRUE(MendManifest(folder_.path()).ok());
  EXPECT_LT(fs::file_size(Manifest()), size - 3);
}

TEST_F(RocksdbDamageTest, OfAListOfFilesThatEndsInLostSectorsTheLastRecordIsCutOff) {
  const auto size = fs::file_size(Manifest());
  fs::resize_file(Manifest(), size / 512 * 512);
  fs::resize_file(Manifest(), size);
  EXPECT_TRUE(MendManifest(folder_.path()).ok());
  EXPECT_LT(fs::file_size(Manifest()), size);
  const auto again = fs::file_size(Manifest());
  EXPECT_TRUE(MendManifest(folder_.path()).ok());
  EXPECT_EQ(fs::file_size(Manifest()), again);
}

TEST_F(RocksdbDamageTest, DamagedPropertiesOfATableAreNamed) {
  const fs::path table = LargestTable();
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

TEST_F(RocksdbDamageTest, ALostCurrentIsDamage) {
  fs::remove(fs::path(folder_.path()) / "CURRENT");
  ExpectRefused("restore it from a copy");
}

}  // namespace
}  // namespace wherry::storage
