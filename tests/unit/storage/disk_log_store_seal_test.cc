// What becomes of the journal: tables, files that are kept for their batches, and their end.
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/disk_log_store.h"
#include "storage/journal_folder.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kLarge = 1000;
constexpr JournalLimits kLimits{.min_kept_bytes = kLarge};

class DiskLogStoreSealTest : public testing::Test {
 protected:
  DiskLogStoreSealTest() { Open(); }

  void Open() {
    store_ = nullptr;
    store_ = OpenDiskLogStore(folder_.path(), kLimits).value();
  }
  void Append(LogId log, std::int64_t offset, std::size_t size) {
    CommitBatch batch;
    batch.Add({log, offset, offset, offset, BytesOf(Content(log, offset, size))});
    const absl::Status status = store_->Commit(batch, Durability::kKernel);
    ASSERT_TRUE(status.ok()) << status;
  }
  static std::string Content(LogId log, std::int64_t offset, std::size_t size) {
    std::string text = std::to_string(log) + "/" + std::to_string(offset) + " ";
    text.resize(size, static_cast<char>('a' + offset % 26));
    return text;
  }
  void Seal() {
    const absl::Status status = store_->Seal();
    ASSERT_TRUE(status.ok()) << status;
  }
  // By number, also the one that is written to.
  std::vector<std::uint64_t> Journals() const {
    return ListJournal(JournalFolderOf(folder_.path())).value();
  }
  std::vector<std::int64_t> Offsets(LogId log) const {
    std::vector<std::int64_t> offsets;
    const LogBounds bounds = store_->Bounds(log).value();
    const auto read = store_->Read(log, bounds.start_offset, {.max_bytes = 1 << 30});
    EXPECT_TRUE(read.ok()) << read.status();
    if (!read.ok()) return {};
    for (const Batch& batch : *read) {
      EXPECT_EQ(*batch.bytes, Content(log, batch.base_offset, batch.bytes->size()));
      offsets.push_back(batch.base_offset);
    }
    return offsets;
  }

  const TestFolder folder_;
  std::unique_ptr<DiskLogStore> store_;
};

TEST_F(DiskLogStoreSealTest, SmallBatchesAreCopiedAndTheJournalGoes) {
  const LogId log = store_->CreateLog().value();
  Append(log, 0, kLarge - 1);
  Append(log, 1, 0);
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(2));
  EXPECT_THAT(Offsets(log), ElementsAre(0, 1));
  Open();
  EXPECT_THAT(Offsets(log), ElementsAre(0, 1));
}

TEST_F(DiskLogStoreSealTest, LargeBatchesStayWhereTheyAre) {
  const LogId log = store_->CreateLog().value();
  Append(log, 0, kLarge);
  Append(log, 1, 10);
  Seal();
  Append(log, 2, kLarge);
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Offsets(log), ElementsAre(0, 1, 2));
  Open();
  EXPECT_THAT(Offsets(log), ElementsAre(0, 1, 2));
}

TEST_F(DiskLogStoreSealTest, NothingToSealIsNoNewJournal) {
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(1));
}

TEST_F(DiskLogStoreSealTest, AJournalGoesWhenAllInItIsTrimmed) {
  const LogId log = store_->CreateLog().value();
  for (int i = 0; i < 3; ++i) {
    Append(log, i, kLarge);
    Seal();
  }
  ASSERT_TRUE(store_->TrimPrefix(log, 2).ok());
  EXPECT_THAT(Journals(), ElementsAre(1, 2, 3, 4)) << "before the trim is sealed";
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(3, 5));
  EXPECT_THAT(Offsets(log), ElementsAre(2));
}

TEST_F(DiskLogStoreSealTest, AJournalGoesWithTheLastOfItsLogs) {
  const LogId one = store_->CreateLog().value();
  const LogId two = store_->CreateLog().value();
  Append(one, 0, kLarge);
  Append(two, 0, 2 * kLarge);
  Seal();
  ASSERT_TRUE(store_->DeleteLog(one).ok());
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(1, 3)) << "most of it is still needed";
  ASSERT_TRUE(store_->DeleteLog(two).ok());
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(4));
}

TEST_F(DiskLogStoreSealTest, WhatIsLeftOfAJournalIsCopiedOutOfIt) {
  const LogId one = store_->CreateLog().value();
  const LogId two = store_->CreateLog().value();
  Append(one, 0, 3 * kLarge);
  Append(two, 0, kLarge);
  Append(two, 1, kLarge);
  Seal();
  ASSERT_TRUE(store_->DeleteLog(one).ok());
  Seal();
  EXPECT_THAT(Journals(), ElementsAre(3));
  EXPECT_THAT(Offsets(two), ElementsAre(0, 1));
  Open();
  EXPECT_THAT(Offsets(two), ElementsAre(0, 1));
}

TEST_F(DiskLogStoreSealTest, WhatIsErasedAndReplacedCountsAsGone) {
  const LogId log = store_->CreateLog().value();
  for (int i = 0; i < 4; ++i) Append(log, i, kLarge);
  Seal();
  ASSERT_TRUE(store_->EraseBatch(log, 0).ok());
  ASSERT_TRUE(
      store_->ReplaceBatch(log, 1, {1, 1, 1, BytesOf(Content(log, 1, kLarge + 5))}).ok());
  EXPECT_THAT(Offsets(log), ElementsAre(1, 2, 3));
  Seal();
  EXPECT_THAT(Offsets(log), ElementsAre(1, 2, 3));
  // Half of the first file is left, all of the second: the first is given up.
  EXPECT_THAT(Journals(), ElementsAre(2, 3));
  Open();
  EXPECT_THAT(Offsets(log), ElementsAre(1, 2, 3));
}

// One that was erased before its log was trimmed must not be counted twice: what is left would look
// like nothing.
TEST_F(DiskLogStoreSealTest, WhatIsErasedAndThenTrimmedIsGoneOnce) {
  const LogId one = store_->CreateLog().value();
  const LogId two = store_->CreateLog().value();
  Append(one, 0, kLarge);
  Append(one, 1, kLarge);
  Append(two, 0, 2 * kLarge);
  Seal();
  ASSERT_TRUE(store_->EraseBatch(one, 0).ok());
  ASSERT_TRUE(store_->EraseBatch(one, 1).ok());
  Seal();
  ASSERT_TRUE(store_->TrimPrefix(one, 2).ok());
  Seal();
  EXPECT_THAT(Offsets(two), ElementsAre(0));
}

TEST_F(DiskLogStoreSealTest, ManyBatchesInAllPlacesAreReadInOrder) {
  constexpr int kMany = 2000;
  const LogId log = store_->CreateLog().value();
  const LogId other = store_->CreateLog().value();
  for (int i = 0; i < kMany; ++i) {
    Append(log, i, i % 7 == 0 ? kLarge : 20);
    Append(other, i, 20);
    if (i == kMany / 4 || i == kMany / 2) Seal();
  }
  std::vector<std::int64_t> expected;
  for (int i = 0; i < kMany; ++i) {
    if (i % 3 == 0) {
      ASSERT_TRUE(store_->EraseBatch(log, i).ok()) << i;
    } else {
      expected.push_back(i);
    }
  }
  EXPECT_EQ(Offsets(log), expected);
  const auto found = store_->FindByTimestamp(log, kMany - 1).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->base_offset, kMany - 1);
  Open();
  EXPECT_EQ(Offsets(log), expected);
  Seal();
  EXPECT_EQ(Offsets(log), expected);
}

TEST_F(DiskLogStoreSealTest, KeysOfAllPlacesAreOneSpace) {
  const auto put = [&](std::string key, std::optional<std::string> value) {
    CommitBatch batch;
    if (value.has_value()) batch.Put(std::move(key), *std::move(value));
    else batch.Delete(std::move(key));
    ASSERT_TRUE(store_->Commit(batch, Durability::kKernel).ok());
  };
  for (const char* key : {"a", "b", "c", "d"}) put(key, "old");
  Seal();
  put("b", "new");
  put("c", std::nullopt);
  put("bb", "between");
  put("e", "behind");
  const auto all = [&] {
    std::string found;
    EXPECT_TRUE(store_
                    ->Scan("",
                           [&](std::string_view key, std::string_view value) {
                             found.append(key).append("=").append(value).append(" ");
                             return true;
                           })
                    .ok());
    return found;
  };
  EXPECT_EQ(all(), "a=old b=new bb=between d=old e=behind ");
  EXPECT_EQ(store_->Get("c").value(), std::nullopt);
  EXPECT_EQ(store_->Get("b").value(), "new");
  std::vector<std::string> some;
  ASSERT_TRUE(store_
                  ->Scan("b",
                         [&](std::string_view key, std::string_view) {
                           some.emplace_back(key);
                           return some.size() < 2;
                         })
                  .ok());
  EXPECT_THAT(some, ElementsAre("b", "bb"));
  Seal();
  EXPECT_EQ(all(), "a=old b=new bb=between d=old e=behind ");
}

// Readers go beside the sealing and the giving up of files.
TEST_F(DiskLogStoreSealTest, ReadersMissNothingMeanwhile) {
  constexpr int kRounds = 30;
  const LogId log = store_->CreateLog().value();
  const LogId doomed = store_->CreateLog().value();
  std::atomic<std::int64_t> written = 0;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const std::int64_t count = written;
      const auto offsets = Offsets(log);
      ASSERT_GE(static_cast<std::int64_t>(offsets.size()), count);
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        ASSERT_EQ(offsets[i], static_cast<std::int64_t>(i));
      }
    }
  });
  for (int round = 0; round < kRounds; ++round) {
    Append(log, round, kLarge);
    // More than half of each file, so that the rest is copied out.
    Append(doomed, round, 3 * kLarge);
    written = round + 1;
    if (round % 3 == 0) {
      ASSERT_TRUE(store_->TrimPrefix(doomed, round + 1).ok());
    }
    Seal();
  }
  done = true;
  reader.join();
  EXPECT_EQ(Offsets(log).size(), static_cast<std::size_t>(kRounds));
}

// A file that may not grow is what a full disk is to a process.
TEST_F(DiskLogStoreSealTest, ACommitThatTheDiskHasNoRoomForChangesNothing) {
  const LogId log = store_->CreateLog().value();
  Append(log, 0, kLarge);
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 3 * kLarge;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  CommitBatch batch;
  batch.Add({log, 1, 1, 1, BytesOf(std::string(10 * kLarge, 'x'))});
  batch.Put("key", "value");
  const absl::Status refused = store_->Commit(batch, Durability::kKernel);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  ::signal(SIGXFSZ, before);
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.message()), HasSubstr("File too large"));
  EXPECT_EQ(store_->Get("key").value(), std::nullopt);
  Append(log, 1, kLarge);
  EXPECT_THAT(Offsets(log), ElementsAre(0, 1));
  Open();
  EXPECT_THAT(Offsets(log), ElementsAre(0, 1));
}

}  // namespace
}  // namespace wherry::storage
