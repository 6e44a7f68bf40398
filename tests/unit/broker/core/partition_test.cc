// A partition on every store, and what only a slow or failing one shows.
#include "broker/core/partition.h"

#include "tests/unit/broker/core/partition_fixture.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename Maker>
class PartitionTest : public PartitionFixture {
 protected:
  PartitionTest() { Open(*maker_.store); }
  ~PartitionTest() override { Close(); }

  Maker maker_;
};

using Makers =
    ::testing::Types<storage::Memory, storage::Disk, storage::Delaying, storage::PowerLost>;
TYPED_TEST_SUITE(PartitionTest, Makers);

TYPED_TEST(PartitionTest, OffsetsCountRecordsAndBytesCarryThem) {
  EXPECT_EQ(this->Appended("a", 10).base_offset, 0);
  EXPECT_EQ(this->Appended("b").base_offset, 10);
  EXPECT_EQ(this->Appended("c", 5).base_offset, 11);
  EXPECT_EQ(this->bounds(), (PartitionFixture::Bounds{0, 16, 16}));
  EXPECT_THAT(this->TextsOf(this->Read(0)), ElementsAre("a@0", "b@10", "c@11"));
  EXPECT_THAT(this->TextsOf(this->Read(5)), ElementsAre("a@0", "b@10", "c@11"));
  EXPECT_THAT(this->TextsOf(this->Read(15)), ElementsAre("c@11"));
  EXPECT_THAT(this->TextsOf(this->Read(16)), IsEmpty());
  EXPECT_THAT(this->TextsOf(this->Read(0, 1)), ElementsAre("a@0")) << "one at least";
  EXPECT_EQ(this->Read(17).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(this->Read(-1).status().code(), absl::StatusCode::kOutOfRange);
}

TYPED_TEST(PartitionTest, AppendsAreAnsweredInOrder) {
  std::vector<std::int64_t> offsets;
  this->On([&] {
    for (int i = 0; i < 100; ++i) {
      this->partition_->Append({"x", 1, -1, std::nullopt}, [&](Partition::AppendResult result) {
        offsets.push_back(result.base_offset);
      });
    }
  });
  ASSERT_TRUE(this->Await([&] { return offsets.size() == 100; }));
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    EXPECT_EQ(offsets[i], static_cast<std::int64_t>(i));
  }
}

TYPED_TEST(PartitionTest, WaitersWakeWhenTheHighWatermarkMoves) {
  std::unique_ptr<Partition::Waiter> waiter;
  std::vector<std::int64_t> seen;
  this->On([&] {
    waiter = std::make_unique<Partition::Waiter>(
        *this->partition_, [&] { seen.push_back(this->partition_->high_watermark()); });
  });
  this->Appended("a", 3);
  ASSERT_TRUE(this->Await([&] { return !seen.empty(); }));
  EXPECT_THAT(seen, ElementsAre(3));
  this->On([&] { waiter.reset(); });
  this->Appended("b");
  this->Settle();
  EXPECT_THAT(seen, SizeIs(1)) << "it is gone";
}

TYPED_TEST(PartitionTest, AWaiterMayEndItselfAndOthersAndIsToldOfTheEnd) {
  std::vector<std::unique_ptr<Partition::Waiter>> waiters(3);
  int woken = 0;
  this->On([&] {
    for (auto& waiter : waiters) {
      waiter = std::make_unique<Partition::Waiter>(*this->partition_, [&] {
        ++woken;
        for (auto& any : waiters) any.reset();
      });
    }
  });
  this->Appended("a");
  ASSERT_TRUE(this->Await([&] { return woken > 0; }));
  this->Settle();
  EXPECT_EQ(woken, 1);
  bool told = false;
  std::unique_ptr<Partition::Waiter> last;
  this->On([&] {
    last = std::make_unique<Partition::Waiter>(*this->partition_, [&] { told = true; });
    this->partition_.reset();
    EXPECT_TRUE(told);
    last.reset();
  });
}

TYPED_TEST(PartitionTest, AProducersBatchIsStoredOnce) {
  EXPECT_EQ(this->AppendedOf(0).base_offset, 0);
  EXPECT_EQ(this->AppendedOf(1).base_offset, 1);
  const Partition::AppendResult again = this->AppendedOf(0);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.base_offset, 0);
  EXPECT_EQ(again.max_timestamp, 5000);
  EXPECT_EQ(this->AppendedOf(3).error, AppendError::kOutOfOrderSequence);
  EXPECT_EQ(this->AppendedOf(0, 1).error, AppendError::kNone);
  EXPECT_EQ(this->AppendedOf(2, 0).error, AppendError::kStaleProducerEpoch);
  EXPECT_EQ(this->bounds().high_watermark, 3);
}

TYPED_TEST(PartitionTest, TimesFindTheirBatch) {
  this->Appended("a", 10, 100);
  this->Appended("b", 1, 300);
  this->Appended("c", 5, 200);
  const auto find = [this](std::int64_t timestamp) {
    std::optional<std::optional<storage::Batch>> found;
    this->On([&] {
      this->partition_->FindByTimestamp(
          timestamp, [&](Partition::FindResult result) { found = std::move(result).value(); });
    });
    EXPECT_TRUE(this->Await([&] { return found.has_value(); }));
    return found->has_value() ? (*found)->base_offset : -1;
  };
  EXPECT_EQ(find(0), 0);
  EXPECT_EQ(find(100), 0);
  EXPECT_EQ(find(101), 10);
  EXPECT_EQ(find(301), -1);
}

TYPED_TEST(PartitionTest, TrimmingMovesTheStart) {
  for (const char* text : {"a", "b", "c"}) this->Appended(text);
  const auto trim = [this](std::int64_t offset) {
    std::optional<absl::Status> answer;
    this->On([&] {
      this->partition_->TrimPrefix(offset, [&](absl::Status status) { answer = status; });
    });
    EXPECT_TRUE(this->Await([&] { return answer.has_value(); }));
    return *answer;
  };
  EXPECT_TRUE(trim(2).ok());
  EXPECT_EQ(this->bounds().start, 2);
  EXPECT_EQ(this->Read(1).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(this->TextsOf(this->Read(2)), ElementsAre("c@2"));
  EXPECT_TRUE(trim(100).ok()) << "at most to the high watermark";
  EXPECT_EQ(this->bounds(), (PartitionFixture::Bounds{3, 3, 3}));
  EXPECT_EQ(this->Appended("d").base_offset, 3);
}

TYPED_TEST(PartitionTest, ClosingAnswersWhatIsPending) {
  PartitionFixture::Later later;
  this->On([&] {
    later = this->Append("a");
    this->partition_.reset();
  });
  EXPECT_EQ(this->Answer(later).error, AppendError::kClosed);
}

class SlowPartitionTest : public PartitionFixture {
 protected:
  ~SlowPartitionTest() override {
    store_.commits().Open();
    store_.reads().Open();
    Close();
  }
  storage::DelayingLogStore store_{std::make_unique<storage::MemoryLogStore>()};
};

TEST_F(SlowPartitionTest, NothingIsSeenBeforeItIsCommitted) {
  Open(store_);
  Appended("a");
  store_.commits().Close();
  int woken = 0;
  std::unique_ptr<Partition::Waiter> waiter;
  Later later;
  On([&] {
    waiter = std::make_unique<Partition::Waiter>(*partition_, [&] { ++woken; });
    later = Append("b", 4);
  });
  store_.commits().AwaitWaiting();
  EXPECT_EQ(bounds(), (Bounds{0, 1, 5}));
  EXPECT_THAT(TextsOf(Read(0)), ElementsAre("a@0"));
  EXPECT_EQ(Read(2).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(woken, 0);
  On([&] { EXPECT_EQ(partition_->BytesFrom(1), 0u); });
  store_.commits().Open();
  EXPECT_EQ(Answer(later).base_offset, 1);
  EXPECT_THAT(TextsOf(Read(0)), ElementsAre("a@0", "b@1"));
  EXPECT_TRUE(Await([&] { return woken == 1; }));
  On([&] { waiter.reset(); });
}

TEST_F(SlowPartitionTest, ABatchSentAgainBeforeItsCommitIsAnsweredWithIt) {
  Open(store_);
  store_.commits().Close();
  Later first, again;
  On([&] {
    first = AppendOf(0);
    again = AppendOf(0);
  });
  Settle();
  On([&] { EXPECT_FALSE(again->has_value()) << "it is not kept yet"; });
  store_.commits().Open();
  EXPECT_FALSE(Answer(first).duplicate);
  EXPECT_TRUE(Answer(again).duplicate);
  EXPECT_EQ(Answer(again).base_offset, 0);
  EXPECT_EQ(bounds().high_watermark, 1);
}

TEST_F(SlowPartitionTest, TheTailIsReadWithoutTheDiskAndTheRestOffTheShard) {
  Open(store_, /*tail_bytes=*/6);
  for (const char* text : {"a", "b", "c"}) Appended(text);
  store_.reads().Close();
  EXPECT_THAT(TextsOf(ReadNow(1).value()), ElementsAre("b@1", "c@2"));
  EXPECT_FALSE(ReadNow(0).has_value()) << "it must come from the disk";
  std::optional<Partition::ReadResult> answer;
  On([&] {
    partition_->Read(0, 1 << 20, [&](Partition::ReadResult read) { answer = std::move(read); });
  });
  store_.reads().AwaitWaiting();
  On([&] { EXPECT_FALSE(answer.has_value()); });
  // The shard is free meanwhile.
  EXPECT_EQ(Appended("d").base_offset, 3);
  store_.reads().Open();
  ASSERT_TRUE(Await([&] { return answer.has_value(); }));
  EXPECT_THAT(TextsOf(*answer), ElementsAre("a@0", "b@1", "c@2"))
      << "up to the high watermark of when it was asked for";
}

TEST_F(SlowPartitionTest, BytesFromCountsTheTailAndKnowsOfMore) {
  Open(store_, /*tail_bytes=*/6);
  for (const char* text : {"a", "b", "c"}) Appended(text);
  On([&] {
    EXPECT_EQ(partition_->BytesFrom(3), 0u);
    EXPECT_EQ(partition_->BytesFrom(2), 3u);
    EXPECT_EQ(partition_->BytesFrom(1), 6u);
    EXPECT_GT(partition_->BytesFrom(0), 6u);
  });
}

TEST_F(SlowPartitionTest, AReadMayOutliveItsPartition) {
  Open(store_, /*tail_bytes=*/0);
  Appended("a");
  store_.reads().Close();
  bool answered = false;
  On([&] { partition_->Read(0, 100, [&](Partition::ReadResult) { answered = true; }); });
  store_.reads().AwaitWaiting();
  On([&] { partition_.reset(); });
  store_.reads().Open();
  EXPECT_TRUE(Await([&] { return answered; }));
}

class FailingPartitionTest : public PartitionFixture {
 protected:
  ~FailingPartitionTest() override { Close(); }
  storage::FaultLogStore store_;
};

TEST_F(FailingPartitionTest, AFailedCommitFailsAllBehindItAndLosesNothingElse) {
  Open(store_);
  Appended("kept");
  store_.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  std::vector<Later> laters;
  On([&] {
    for (const char* text : {"a", "b", "c"}) laters.push_back(Append(text));
    EXPECT_EQ(partition_->next_offset(), 4);
  });
  for (const Later& later : laters) {
    EXPECT_EQ(Answer(later).error, AppendError::kStorage);
    EXPECT_THAT(Answer(later).message, HasSubstr("the disk is full"));
  }
  EXPECT_EQ(bounds(), (Bounds{0, 1, 1})) << "cut back to the high watermark";
  EXPECT_EQ(Appended("again").base_offset, 1);
  EXPECT_THAT(TextsOf(Read(0)), ElementsAre("kept@0", "again@1"));
}

TEST_F(FailingPartitionTest, AProducerMaySendAgainWhatFailed) {
  Open(store_);
  AppendedOf(0);
  store_.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  Later first, second;
  On([&] {
    first = AppendOf(1);
    second = AppendOf(2);
  });
  EXPECT_EQ(Answer(first).error, AppendError::kStorage);
  EXPECT_EQ(Answer(second).error, AppendError::kStorage);
  const Partition::AppendResult again = AppendedOf(1);
  EXPECT_EQ(again.error, AppendError::kNone);
  EXPECT_FALSE(again.duplicate);
  EXPECT_EQ(again.base_offset, 1);
  EXPECT_EQ(AppendedOf(2).base_offset, 2);
}

TEST_F(FailingPartitionTest, APowerLossKeepsWhatWasAcknowledgedWithItsProducers) {
  Open(store_);
  // Past a snapshot, so that one half is read from it and the other from the batches.
  constexpr int kAppends = Partition::kAppendsPerSnapshot + 3;
  std::vector<Later> laters;
  On([&] {
    for (int i = 0; i < kAppends; ++i) laters.push_back(AppendOf(i));
  });
  EXPECT_EQ(Answer(laters.back()).base_offset, kAppends - 1);
  Close();
  store_.LosePower();
  Open(store_);
  EXPECT_EQ(bounds(), (Bounds{0, kAppends, kAppends}));
  EXPECT_TRUE(AppendedOf(kAppends - 1).duplicate);
  EXPECT_EQ(AppendedOf(kAppends + 1).error, AppendError::kOutOfOrderSequence);
  EXPECT_EQ(AppendedOf(kAppends).base_offset, kAppends);
}

TEST_F(FailingPartitionTest, OfALongLogOnlyTheEndIsReadAtOpening) {
  Open(store_);
  const std::string half(Partition::kBytesPerSegmentsKept / 2, 'x');
  for (int i = 0; i < 9; ++i) Appended(half);
  Settle();
  Close();
  store_.LosePower();
  const auto kept = store_.Get(Partition::SegmentsKey(log_)).value();
  ASSERT_TRUE(kept.has_value());
  EXPECT_GE(Segments::Decode(*kept).value().end_offset, 8);
  Open(store_);
  std::uint64_t bytes = 0;
  On([&] {
    for (const Segment& segment : partition_->segments().all()) bytes += segment.bytes;
  });
  EXPECT_EQ(bytes, 9 * (half.size() + 2));  // the fixture's "@0"
}

TEST_F(FailingPartitionTest, ACleanStopKeepsTheProducersToo) {
  Open(store_);
  for (int i = 0; i < 3; ++i) AppendedOf(i);
  On([&] { partition_->SnapshotProducers(); });
  Close();
  Open(store_);
  EXPECT_TRUE(AppendedOf(2).duplicate);
  EXPECT_EQ(AppendedOf(3).base_offset, 3);
}

TEST_F(FailingPartitionTest, AReadThatFailsSaysWhy) {
  Open(store_, /*tail_bytes=*/0);
  Appended("a");
  store_.FailReads(1, absl::DataLossError("checksum"));
  EXPECT_EQ(Read(0).status(), absl::DataLossError("checksum"));
  EXPECT_THAT(TextsOf(Read(0)), ElementsAre("a@0"));
}

using FullPartitionTest = PartitionFixture;

TEST_F(FullPartitionTest, TheMemoryLimitRefusesAndLosesNothing) {
  storage::MemoryLogStore store;
  Open(store, TailCache::kDefaultMaxBytes, /*memory_limit=*/1000);
  ASSERT_EQ(Appended(std::string(500, 'a')).error, AppendError::kNone);
  const Partition::AppendResult refused = Appended(std::string(500, 'b'));
  EXPECT_EQ(refused.error, AppendError::kMemoryLimit);
  EXPECT_THAT(refused.message, HasSubstr("1000"));
  EXPECT_EQ(bounds(), (Bounds{0, 1, 1}));
  EXPECT_EQ(Appended("small").base_offset, 1);
  Close();
}

}  // namespace
}  // namespace wherry::core
