// What a loss of power or a bad disk makes of a journal.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/big_endian.h"
#include "storage/crc32c.h"
#include "storage/disk_log_store.h"
#include "storage/journal_file.h"
#include "storage/journal_folder.h"
#include "storage/torn_file.h"
#include "tests/conformance/support/flip_byte.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kBatches = 100;
constexpr std::size_t kBatchSize = 1000;

TEST(LostSectorsTest, OnlyWholeOnesAreLost) {
  EXPECT_TRUE(MayHaveLostSectors(std::string(530, 'x') + std::string(20, '\0'), 1000));
  EXPECT_FALSE(MayHaveLostSectors(std::string(530, 'x') + std::string(5, '\0'), 1000));
  EXPECT_FALSE(MayHaveLostSectors(std::string(530, 'x') + std::string(6, '\0'), 1000));
  EXPECT_TRUE(MayHaveLostSectors(std::string(536, 'x') + std::string(1, '\0'), 1000));
  EXPECT_TRUE(MayHaveLostSectors(std::string(3, '\0'), 1000)) << "all of it";
}

class JournalDamageTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto store = OpenDiskLogStore(folder_.path()).value();
    log_ = store->CreateLog().value();
    for (int i = 0; i < kBatches; ++i) ASSERT_TRUE(Append(*store, i).ok());
  }

  absl::Status Append(LogStore& store, int i, Durability durability = Durability::kSynced) {
    CommitBatch batch;
    batch.Add({log_, i, i, i, BytesOf(std::string(kBatchSize, 'x'))});
    return store.Commit(batch, durability);
  }
  fs::path Journal(std::uint64_t number = 1) const {
    return fs::path(JournalFolderOf(folder_.path())) / JournalFile::NameOf(number);
  }
  static void Flip(const fs::path& path, std::uint64_t position) {
    conformance::FlipByte(path, position, 0x40);
  }
  void ExpectBatches(int count) const {
    const auto store = OpenDiskLogStore(folder_.path());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Bounds(log_)->end_offset, count);
    EXPECT_EQ((*store)->Read(log_, 0, {.max_bytes = 1 << 30})->size(),
              static_cast<std::size_t>(count));
  }
  void ExpectRefused(const std::string& what) const {
    const absl::Status status = OpenDiskLogStore(folder_.path()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(folder_.path()), HasSubstr(what)));
  }

  const TestFolder folder_;
  LogId log_ = 0;
};

TEST_F(JournalDamageTest, AWholeOneIsLeftAlone) {
  const auto size = fs::file_size(Journal());
  ExpectBatches(kBatches);
  EXPECT_EQ(fs::file_size(Journal()), size);
}

TEST_F(JournalDamageTest, ALastRecordThatEndsEarlyIsLeftOut) {
  // Anywhere in it, its header too.
  const auto size = fs::file_size(Journal());
  for (const std::uint64_t missing : {std::uint64_t{1}, std::uint64_t{kBatchSize / 2},
                                      std::uint64_t{kBatchSize + 50}}) {
    fs::resize_file(Journal(), size - missing);
    ExpectBatches(kBatches - 1);
    const auto store = OpenDiskLogStore(folder_.path()).value();
    ASSERT_TRUE(Append(*store, kBatches - 1).ok());
    EXPECT_EQ(fs::file_size(Journal()), size);
  }
}

TEST_F(JournalDamageTest, ALastRecordThatEndsInZerosIsLeftOut) {
  const auto size = fs::file_size(Journal());
  fs::resize_file(Journal(), size - kBatchSize / 2);
  fs::resize_file(Journal(), size + 100'000);
  ExpectBatches(kBatches - 1);
}

TEST_F(JournalDamageTest, ALastRecordThatIsAlteredIsNotServed) {
  Flip(Journal(), fs::file_size(Journal()) - kBatchSize / 2);
  ExpectBatches(kBatches - 1);
}

TEST_F(JournalDamageTest, OneInUseIsLeftAlone) {
  const auto owner = OpenDiskLogStore(folder_.path()).value();
  std::ofstream(Journal(), std::ios::app | std::ios::binary) << "half";
  const auto size = fs::file_size(Journal());
  EXPECT_TRUE(absl::IsUnavailable(OpenDiskLogStore(folder_.path()).status()));
  EXPECT_EQ(fs::file_size(Journal()), size);
}

// Its size is part of a record: read wrongly, it would hide all that follows.
TEST_F(JournalDamageTest, ARecordThatOthersFollowIsNamed) {
  for (const std::uint64_t before_end : {3 * kBatchSize, 20 * kBatchSize, 60 * kBatchSize}) {
    for (std::uint64_t byte = 0; byte < kBatchSize + 800; byte += 37) {
      const std::uint64_t position = fs::file_size(Journal()) - before_end + byte;
      Flip(Journal(), position);
      ExpectRefused("the journal 000001.journal is damaged at byte ");
      Flip(Journal(), position);
    }
  }
  ExpectBatches(kBatches);
}

TEST_F(JournalDamageTest, ADamagedHeaderOfAFileIsNamed) {
  Flip(Journal(), 20);
  ExpectRefused("the journal 000001.journal is damaged at byte 0");
}

TEST_F(JournalDamageTest, AFileOfANewerFormatIsRefused) {
  constexpr std::size_t kVersionAt = 7;
  std::string header = journal::Encode(journal::FileHeader{1, 2});
  ++header[kVersionAt];
  int version = 0;
  EXPECT_FALSE(journal::DecodeFileHeader(header, version).has_value());
  EXPECT_EQ(version, 0) << "believed without a checksum";
  header.resize(header.size() - sizeof(std::uint32_t));
  AppendBigEndian(header, Crc32c(header));
  std::fstream(Journal(), std::ios::in | std::ios::out | std::ios::binary) << header;
  const absl::Status status = OpenDiskLogStore(folder_.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("has format 3"));
}

TEST_F(JournalDamageTest, AMissingFileIsNamed) {
  fs::remove(Journal());
  ExpectRefused("the journal 000001.journal is missing");
}

TEST_F(JournalDamageTest, AMissingLastFileIsNamed) {
  ASSERT_TRUE(OpenDiskLogStore(folder_.path()).value()->Seal().ok());
  fs::remove(Journal(2));
  ExpectRefused("the journal 000002.journal is missing");
}

TEST_F(JournalDamageTest, AMissingFileThatWasKeptIsNamed) {
  const JournalLimits keep_all{.min_kept_bytes = 1};
  ASSERT_TRUE(OpenDiskLogStore(folder_.path(), keep_all).value()->Seal().ok());
  fs::remove(Journal());
  ExpectRefused("the journal 000001.journal is missing");
}

TEST_F(JournalDamageTest, DamageInAFileThatWasKeptIsNotServed) {
  const JournalLimits keep_all{.min_kept_bytes = 1};
  const auto store = OpenDiskLogStore(folder_.path(), keep_all).value();
  ASSERT_TRUE(store->Seal().ok());
  Flip(Journal(), fs::file_size(Journal()) - kBatchSize / 2);
  const auto read = store->Read(log_, 0, {.max_bytes = 1 << 30});
  EXPECT_TRUE(absl::IsDataLoss(read.status())) << read.status();
  EXPECT_THAT(std::string(read.status().message()),
              AllOf(HasSubstr("offset 99"), HasSubstr("in the journal 000001.journal at byte ")));
  EXPECT_TRUE(store->Read(log_, 0, {.max_bytes = 50 * kBatchSize}).ok());
}

// What a client writes can have any bytes, also those of a journal.
TEST_F(JournalDamageTest, ARecordInsideABatchIsNone) {
  std::ifstream file(Journal(), std::ios::binary);
  const std::string copy{std::istreambuf_iterator<char>(file), {}};
  {
    const auto store = OpenDiskLogStore(folder_.path()).value();
    CommitBatch batch;
    batch.Add({log_, kBatches, kBatches, -1, BytesOf(copy)});
    ASSERT_TRUE(store->Commit(batch, Durability::kSynced).ok());
  }
  fs::resize_file(Journal(), fs::file_size(Journal()) - 10);
  ExpectBatches(kBatches);
}

// A second file, as there is while the first is being sealed.
class JournalOfTwoTest : public JournalDamageTest {
 protected:
  void WriteSecond(bool synced_before) {
    const auto file = JournalFile::Create(JournalFolderOf(folder_.path()), 2).value();
    for (int i = kBatches; i < kBatches + 10; ++i) {
      const Bytes bytes = BytesOf(std::string(kBatchSize, 'y'));
      const journal::Frames frames = {journal::AppendBatch{
          log_, {i, i, i, journal::BatchChecksum(i, i, i, *bytes), kBatchSize}}};
      // The first record made the log.
      const auto sequence = static_cast<std::uint64_t>(i) + 2;
      ASSERT_TRUE(
          file->Append(sequence, synced_before, journal::Encode(frames), {bytes}).ok());
    }
  }
};

TEST_F(JournalOfTwoTest, FilesFollowOneAnother) {
  WriteSecond(true);
  ExpectBatches(kBatches + 10);
}

TEST_F(JournalOfTwoTest, ATornFirstTakesWhatWasNotSyncedWithIt) {
  WriteSecond(false);
  fs::resize_file(Journal(), fs::file_size(Journal()) - kBatchSize / 2);
  ExpectBatches(kBatches - 1);
  const auto store = OpenDiskLogStore(folder_.path()).value();
  ASSERT_TRUE(Append(*store, kBatches - 1).ok());
}

TEST_F(JournalOfTwoTest, ATornFirstIsDamageIfItWasSynced) {
  WriteSecond(true);
  fs::resize_file(Journal(), fs::file_size(Journal()) - kBatchSize / 2);
  ExpectRefused("the journal 000001.journal is damaged at byte ");
}

TEST_F(JournalOfTwoTest, AnAlteredFirstIsDamage) {
  WriteSecond(false);
  Flip(Journal(), fs::file_size(Journal()) - kBatchSize / 2);
  ExpectRefused("the journal 000001.journal is damaged at byte ");
}

}  // namespace
}  // namespace wherry::storage
