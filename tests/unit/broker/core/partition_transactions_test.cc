// Transactions in one partition: what is stable, what was aborted, and what is left after a crash.
#include <map>
#include <set>

#include "broker/runtime/random.h"
#include "tests/unit/broker/core/partition_fixture.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TransactionalPartitionFixture : public PartitionFixture {
 protected:
  Later AppendIn(std::int64_t producer, std::int32_t sequence, bool transactional = true,
                 std::int16_t epoch = 0) {
    const ProducerStamp stamp{producer, epoch, sequence, sequence, 5000, transactional};
    std::string text = std::to_string(producer) + ":" + std::to_string(epoch);
    for (int i = 0; i < 2; ++i) text += ":" + std::to_string(sequence);
    return Append(text + (transactional ? ":t" : ":x"), 1, stamp.max_timestamp, stamp);
  }
  Partition::AppendResult AppendedIn(std::int64_t producer, std::int32_t sequence,
                                     bool transactional = true, std::int16_t epoch = 0) {
    Later later;
    On([&] { later = AppendIn(producer, sequence, transactional, epoch); });
    return Answer(later);
  }
  // On the shard; what is returned holds the outcome once there is one.
  std::shared_ptr<std::optional<absl::Status>> End(std::int64_t producer, bool commit,
                                                   std::int16_t epoch = 0) {
    const TransactionMarker marker{producer, epoch, commit, 0, 6000};
    storage::CommitBatch batch;
    CommitQueue::Done staged = partition_->StageMarker(
        marker,
        (commit ? "commit:" : "abort:") + std::to_string(producer) + ":" + std::to_string(epoch),
        batch);
    auto outcome = std::make_shared<std::optional<absl::Status>>();
    commits_->Submit(std::move(batch),
                     [outcome, staged = std::move(staged)](const absl::Status& status) mutable {
                       staged(status);
                       *outcome = status;
                     });
    return outcome;
  }
  absl::Status Ended(std::int64_t producer, bool commit, std::int16_t epoch = 0) {
    std::shared_ptr<std::optional<absl::Status>> outcome;
    On([&] { outcome = End(producer, commit, epoch); });
    EXPECT_TRUE(Await([&] { return outcome->has_value(); }));
    return **outcome;
  }
  std::int64_t last_stable() {
    std::int64_t offset = -1;
    On([&] { offset = partition_->last_stable_offset(); });
    return offset;
  }
  std::vector<std::int64_t> FirstAborted(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> first;
    On([&] {
      for (const auto& aborted : partition_->Aborted(from, to)) {
        first.push_back(aborted.first_offset);
      }
    });
    return first;
  }
  absl::Status Trimmed(std::int64_t offset) {
    std::optional<absl::Status> answer;
    On([&] { partition_->TrimPrefix(offset, [&](absl::Status status) { answer = status; }); });
    EXPECT_TRUE(Await([&] { return answer.has_value(); }));
    return *answer;
  }
};

template <typename Maker>
class PartitionTransactionsTest : public TransactionalPartitionFixture {
 protected:
  PartitionTransactionsTest() { Open(*maker_.store); }
  ~PartitionTransactionsTest() override { Close(); }
  void Reopen() {
    Close();
    Open(*maker_.store);
  }

  Maker maker_;
};

using Makers =
    ::testing::Types<storage::Memory, storage::Disk, storage::Delaying, storage::PowerLost>;
TYPED_TEST_SUITE(PartitionTransactionsTest, Makers);

TYPED_TEST(PartitionTransactionsTest, NothingOfAnOpenTransactionIsStable) {
  this->Appended("a", 2);
  this->AppendedIn(1, 0);
  this->Appended("b");
  EXPECT_EQ(this->last_stable(), 2);
  EXPECT_EQ(this->bounds().high_watermark, 4);
  std::optional<Partition::ReadResult> stable;
  this->On([&] {
    stable = this->partition_->ReadNow(0, {.end_offset = this->partition_->last_stable_offset()});
    EXPECT_GT(this->partition_->BytesFrom(2), 0u);
    EXPECT_EQ(this->partition_->BytesFrom(2, 2), 0u);
  });
  EXPECT_THAT(this->TextsOf(stable.value()), ElementsAre("a@0"));
  EXPECT_EQ(this->AppendedIn(1, 1, /*transactional=*/false).error,
            AppendError::kInsideTransaction);
  ASSERT_TRUE(this->Ended(1, /*commit=*/true).ok());
  EXPECT_EQ(this->last_stable(), 5);
  EXPECT_THAT(this->FirstAborted(0, 5), IsEmpty());
  EXPECT_THAT(this->TextsOf(this->Read(2)), ElementsAre("1:0:0:0:t@2", "b@3", "commit:1:0@4"));
}

TYPED_TEST(PartitionTransactionsTest, AbortedOnesAreFoundByOffset) {
  this->AppendedIn(1, 0);
  this->AppendedIn(2, 0);
  ASSERT_TRUE(this->Ended(2, false).ok());
  EXPECT_EQ(this->last_stable(), 0);
  ASSERT_TRUE(this->Ended(1, false).ok());
  EXPECT_EQ(this->last_stable(), 4);
  EXPECT_THAT(this->FirstAborted(0, 4), ElementsAre(1, 0));
  EXPECT_THAT(this->FirstAborted(3, 4), ElementsAre(0));
  ASSERT_TRUE(this->Trimmed(3).ok());
  EXPECT_THAT(this->FirstAborted(3, 4), ElementsAre(0));
  EXPECT_EQ(this->last_stable(), 4);
}

TYPED_TEST(PartitionTransactionsTest, AMarkerIsCheckedAndItsEpochHolds) {
  this->AppendedIn(1, 0, true, 4);
  this->On([&] {
    using Epochs = ProducerTable::MarkerEpoch;
    const TransactionMarker marker{.producer_id = 1, .epoch = 4};
    EXPECT_EQ(this->partition_->CheckMarker(marker, Epochs::kLater),
              AppendError::kStaleProducerEpoch);
    EXPECT_EQ(this->partition_->CheckMarker(marker, Epochs::kSameOrLater), AppendError::kNone);
  });
  ASSERT_TRUE(this->Ended(1, false, 5).ok());
  EXPECT_EQ(this->AppendedIn(1, 1, true, 4).error, AppendError::kStaleProducerEpoch);
  EXPECT_EQ(this->AppendedIn(1, 0, true, 5).error, AppendError::kNone);
}

TYPED_TEST(PartitionTransactionsTest, TrimmingIntoAnOpenOneLeavesTheRestUnstable) {
  for (std::int32_t i = 0; i < 3; ++i) this->AppendedIn(1, i);
  ASSERT_TRUE(this->Trimmed(2).ok());
  EXPECT_EQ(this->last_stable(), 2);
  ASSERT_TRUE(this->Ended(1, false).ok());
  EXPECT_EQ(this->last_stable(), 4);
  EXPECT_THAT(this->FirstAborted(2, 4), ElementsAre(0));
}

TYPED_TEST(PartitionTransactionsTest, DeletingTheLogLeavesNoKeys) {
  this->AppendedIn(1, 0);
  ASSERT_TRUE(this->Ended(1, false).ok());
  this->On([&] {
    this->partition_->SnapshotProducers();
    storage::CommitBatch batch;
    this->partition_->EraseState(batch);
    this->commits_->Submit(std::move(batch), [](const absl::Status&) {});
  });
  this->Close();
  int keys = 0;
  ASSERT_TRUE(this->store_
                  ->Scan("",
                         [&](std::string_view, std::string_view) {
                           ++keys;
                           return true;
                         })
                  .ok());
  EXPECT_EQ(keys, 0);
}

class CrashingTransactionsTest : public TransactionalPartitionFixture {
 protected:
  ~CrashingTransactionsTest() override { Close(); }
  void LosePower() {
    Close();
    store_.LosePower();
    Open(store_);
  }

  storage::FaultLogStore store_;
};

TEST_F(CrashingTransactionsTest, OpenAndAbortedOnesAreThereAfterAPowerLoss) {
  Open(store_);
  AppendedIn(1, 0);
  AppendedIn(2, 0);
  ASSERT_TRUE(Ended(2, false).ok());
  // Once from the batches alone, once from a snapshot and the batches behind it.
  for (int round = 0; round < 2; ++round) {
    LosePower();
    EXPECT_EQ(last_stable(), 0) << round;
    EXPECT_THAT(FirstAborted(0, 3), ElementsAre(1)) << round;
    EXPECT_EQ(AppendedIn(1, 1 + round, false).error, AppendError::kInsideTransaction) << round;
    On([&] { partition_->SnapshotProducers(); });
    AppendedIn(1, 1 + round);
  }
  ASSERT_TRUE(Ended(1, true).ok());
  LosePower();
  EXPECT_EQ(last_stable(), 6);
  ASSERT_TRUE(Trimmed(3).ok());
  Settle();
  LosePower();
  EXPECT_THAT(FirstAborted(0, 6), IsEmpty()) << "trimmed for good";
}

TEST_F(CrashingTransactionsTest, AFailedMarkerLeavesTheTransactionOpen) {
  Open(store_);
  AppendedIn(1, 0);
  store_.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  EXPECT_FALSE(Ended(1, false).ok());
  EXPECT_EQ(last_stable(), 0);
  EXPECT_THAT(FirstAborted(0, 10), IsEmpty());
  EXPECT_EQ(AppendedIn(1, 1, false).error, AppendError::kInsideTransaction);
  store_.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  EXPECT_EQ(AppendedIn(2, 0).error, AppendError::kStorage);
  ASSERT_TRUE(Ended(1, true).ok());
  EXPECT_EQ(last_stable(), 2) << "the second one never began";
}

// Random histories against a model that keeps every record and its fate.
class PartitionHistoryTest : public CrashingTransactionsTest,
                               public ::testing::WithParamInterface<int> {
 protected:
  struct Written {
    std::int64_t producer = 0;  // 0: plain
    int transaction = 0;
  };
  enum class Fate { kOpen, kCommitted, kAborted };

  static constexpr std::int64_t kProducers = 4;

  void Write(std::int64_t producer) {
    if (producer == 0) {
      ASSERT_EQ(Appended("plain").error, AppendError::kNone);
      log_of_.push_back({});
      return;
    }
    if (!open_.contains(producer)) {
      open_[producer] = static_cast<int>(fates_.size());
      fates_.push_back(Fate::kOpen);
    }
    ASSERT_EQ(AppendedIn(producer, sequences_[producer]++).error, AppendError::kNone);
    log_of_.push_back({producer, open_[producer]});
  }
  void EndOne(std::int64_t producer, bool commit) {
    ASSERT_TRUE(Ended(producer, commit).ok());
    log_of_.push_back({producer, -1});
    if (!open_.contains(producer)) return;
    fates_[static_cast<std::size_t>(open_[producer])] = commit ? Fate::kCommitted : Fate::kAborted;
    open_.erase(producer);
  }
  void Compare(std::int64_t start) {
    const std::int64_t stable = last_stable();
    std::int64_t first_open = static_cast<std::int64_t>(log_of_.size());
    bool opened_below = false;
    for (std::int64_t i = first_open; i-- > 0;) {
      if (FateOf(log_of_[static_cast<std::size_t>(i)]) != Fate::kOpen) continue;
      opened_below = i < start;
      if (i >= start) first_open = i;
    }
    // One that began below the start may have more behind it, as long as that is remembered.
    ASSERT_TRUE(stable == first_open || (opened_below && stable == start))
        << stable << ", the first record of an open one is " << first_open;
    ASSERT_EQ(bounds().high_watermark, static_cast<std::int64_t>(log_of_.size()));
    // What a client leaves out, told what was aborted in [from, stable).
    for (std::int64_t from = start; from <= stable; from += 1 + (stable - start) / 7) {
      std::vector<AbortedTransaction> aborted;
      On([&] { aborted = partition_->Aborted(from, stable); });
      for (std::int64_t offset = from; offset < stable; ++offset) {
        const Written& written = log_of_[static_cast<std::size_t>(offset)];
        bool hidden = false;
        for (const AbortedTransaction& one : aborted) {
          hidden |= one.producer_id == written.producer && one.first_offset <= offset &&
                    offset < one.last_offset;
        }
        ASSERT_EQ(hidden, FateOf(written) == Fate::kAborted) << offset << " from " << from;
      }
    }
  }
  Fate FateOf(const Written& written) const {
    if (written.producer == 0 || written.transaction < 0) return Fate::kCommitted;
    return fates_[static_cast<std::size_t>(written.transaction)];
  }

  std::vector<Written> log_of_;
  std::vector<Fate> fates_;
  std::map<std::int64_t, int> open_;
  std::map<std::int64_t, std::int32_t> sequences_;
};

TEST_P(PartitionHistoryTest, ReadersOfCommittedSeeTheModel) {
  runtime::Random random(static_cast<std::uint64_t>(GetParam()));
  Open(store_);
  std::int64_t start = 0;
  for (int step = 0; step < 120; ++step) {
    const auto producer = static_cast<std::int64_t>(random.Next() % (kProducers + 1));
    const std::uint64_t what = random.Next() % 20;
    if (what < 12 || (what < 17 && producer == 0)) {
      Write(producer);
    } else if (what < 17) {
      EndOne(producer, random.Next() % 2 == 0);
    } else if (what == 17) {
      LosePower();
    } else if (what == 18) {
      On([&] { partition_->SnapshotProducers(); });
    } else {
      start += static_cast<std::int64_t>(
          random.Next() % (1 + (log_of_.size() - static_cast<std::size_t>(start)) / 2));
      ASSERT_TRUE(Trimmed(start).ok());
    }
    if (step % 10 == 9) Compare(start);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PartitionHistoryTest, ::testing::Range(0, 12));

}  // namespace
}  // namespace wherry::core
