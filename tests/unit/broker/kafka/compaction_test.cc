// One compaction of one log, on every store: examples, and random histories against a model.
#include <map>
#include <random>

#include <gmock/gmock.h>

#include "broker/kafka/compaction.h"
#include "protocol/kafka/batch_rewrite.h"
#include "protocol/kafka/control_batch.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Pair = std::pair<std::optional<std::string>, std::optional<std::string>>;

template <typename Maker>
class CompactionTest : public ::testing::Test {
 protected:
  // One batch; its base offset. Timestamps are of no interest.
  std::int64_t Append(const std::vector<Pair>& records, Codec codec = Codec::kNone,
                      std::int64_t producer = -1) {
    BatchBuilder builder(codec);
    if (producer >= 0) builder.SetProducer(producer, 0, 0);
    for (const auto& [key, value] : records) builder.Add(1000, key, value);
    return AppendBytes(builder.Build(), static_cast<std::int64_t>(records.size()));
  }
  std::int64_t AppendBytes(std::string bytes, std::int64_t records) {
    const std::int64_t base = end_;
    SetBaseOffset(bytes, base);
    end_ += records;
    storage::CommitBatch commit;
    commit.Add({log_, base, end_ - 1, 1000, storage::BytesOf(std::move(bytes))});
    EXPECT_TRUE(store().Commit(commit, storage::Durability::kSynced).ok());
    return base;
  }
  storage::LogStore& store() { return *maker_.store; }

  // All of it; where the next goes on.
  std::int64_t Compact(Compaction::Plan plan,
                       std::size_t key_bytes = Compaction::kMaxKeyBytes) {
    Compaction compaction(store(), log_, std::move(plan), key_bytes);
    freed_ = 0;
    while (!compaction.done()) {
      const auto changes = compaction.Step();
      EXPECT_TRUE(changes.ok()) << changes.status();
      if (!changes.ok()) break;
      for (const auto& change : *changes) freed_ += change.freed_bytes;
    }
    maker_.Reopen();
    return compaction.compacted_to();
  }
  // "offset key=value" of every record that is left.
  std::vector<std::string> Records() {
    std::vector<std::string> texts;
    for (const storage::Batch& batch : Batches()) {
      EXPECT_EQ(batch.base_offset, ParseBatchHeader(*batch.bytes)->base_offset);
      const absl::Status opened = ForEachRecord(*batch.bytes, [&](const Record& record) {
        texts.push_back(std::to_string(record.offset) + " " +
                        std::string(record.key.value_or("(null)")) + "=" +
                        std::string(record.value.value_or("(null)")));
        return true;
      });
      EXPECT_TRUE(opened.ok()) << opened;
    }
    return texts;
  }
  std::vector<storage::Batch> Batches() {
    const std::int64_t start = store().Bounds(log_)->start_offset;
    return *store().Read(log_, start, {SIZE_MAX, INT64_MAX});
  }

  Maker maker_;
  storage::LogId log_ = store().CreateLog(0).value();
  std::int64_t end_ = 0;
  std::uint64_t freed_ = 0;
};

using Makers = ::testing::Types<storage::Memory, storage::DiskReopened, storage::PowerLost>;
TYPED_TEST_SUITE(CompactionTest, Makers);

TYPED_TEST(CompactionTest, TheLastRecordOfEachKeyStaysAtItsOffset) {
  this->Append({{"a", "1"}, {"b", "1"}});
  this->Append({{"a", "2"}, {"c", "1"}}, Codec::kGzip);
  this->Append({{"a", "3"}});  // above the dirty end: nobody's business
  EXPECT_EQ(this->Compact({.dirty_to = 4, .now = 5000}), 4);
  EXPECT_THAT(this->Records(), ElementsAre("1 b=1", "2 a=2", "3 c=1", "4 a=3"));
  EXPECT_GT(this->freed_, 0u);
  EXPECT_EQ(this->store().Bounds(this->log_)->end_offset, 5);
  EXPECT_EQ(this->Compact({.dirty_from = 4, .dirty_to = 5, .now = 5000}), 5);
  EXPECT_THAT(this->Records(), ElementsAre("1 b=1", "3 c=1", "4 a=3"));
}

TYPED_TEST(CompactionTest, ABatchThatLosesAllIsErasedAndTheNextIsFoundBehindTheGap) {
  this->Append({{"a", "1"}});
  this->Append({{"a", "2"}});
  this->Append({{"a", "3"}});
  this->Compact({.dirty_to = 3, .now = 5000});
  EXPECT_THAT(this->Records(), ElementsAre("2 a=3"));
  const auto read = this->store().Read(this->log_, 1, {1000, INT64_MAX});
  ASSERT_TRUE(read.ok());
  ASSERT_THAT(*read, SizeIs(1));
  EXPECT_EQ((*read)[0].base_offset, 2);
  EXPECT_EQ(this->store().Bounds(this->log_)->start_offset, 0);
}

TYPED_TEST(CompactionTest, ATombstoneStaysUntilItsTimeAndThenGoes) {
  this->Append({{"a", "1"}, {"b", "1"}});
  this->Append({{"a", std::nullopt}});
  this->Compact({.dirty_to = 3, .now = 5000, .delete_retention_ms = 100});
  EXPECT_THAT(this->Records(), ElementsAre("1 b=1", "2 a=(null)"));
  EXPECT_EQ(DeleteHorizonOf(*ParseBatchHeader(*this->Batches().back().bytes)), 5100);
  // Another compaction before that neither drops it nor puts its end off.
  this->Compact({.dirty_from = 3, .dirty_to = 3, .now = 5099, .delete_retention_ms = 100});
  EXPECT_THAT(this->Records(), ElementsAre("1 b=1", "2 a=(null)"));
  this->Compact({.dirty_from = 3, .dirty_to = 3, .now = 5100, .delete_retention_ms = 100});
  EXPECT_THAT(this->Records(), ElementsAre("1 b=1"));
}

TYPED_TEST(CompactionTest, RecordsWithoutAKeyGo) {
  this->Append({{std::nullopt, "x"}, {"a", "1"}});
  this->Compact({.dirty_to = 2, .now = 5000});
  EXPECT_THAT(this->Records(), ElementsAre("1 a=1"));
}

TYPED_TEST(CompactionTest, MoreKeysThanFitTakeSeveralPasses) {
  for (int i = 0; i < 20; ++i) this->Append({{"key" + std::to_string(i % 10), std::to_string(i)}});
  std::int64_t from = 0;
  int passes = 0;
  while (from < 20) {
    const std::int64_t to =
        this->Compact({.dirty_from = from, .dirty_to = 20, .now = 5000},
                      4 * (Compaction::kBytesPerKey + 4));
    ASSERT_GT(to, from);
    from = to;
    ++passes;
  }
  EXPECT_GT(passes, 3);
  EXPECT_THAT(this->Records(), SizeIs(10));
  EXPECT_EQ(this->Records().front(), "10 key0=10");
}

TYPED_TEST(CompactionTest, WhatCannotBeOpenedStaysAndReplacesNothing) {
  this->Append({{"a", "1"}});
  BatchBuilder builder;
  builder.Add(1000, "a", "2");
  std::string garbage = builder.Build();
  garbage.replace(kBatchHeaderSize, 3, "\x7f\x7f\x7f");
  this->AppendBytes(garbage, 1);
  this->Append({{"b", "1"}});
  this->Compact({.dirty_to = 3, .now = 5000});
  const std::vector<storage::Batch> batches = this->Batches();
  ASSERT_THAT(batches, SizeIs(3));
  EXPECT_EQ(batches[1].bytes->substr(kBatchHeaderSize), garbage.substr(kBatchHeaderSize));
}

TYPED_TEST(CompactionTest, RecordsOfAbortedTransactionsGoAndMarkersStay) {
  const auto transactional = [this](std::int64_t producer, const char* value) {
    BatchBuilder builder;
    builder.SetProducer(producer, 0, 0);
    builder.SetTransactional();
    builder.Add(1000, "a", value);
    return this->AppendBytes(builder.Build(), 1);
  };
  transactional(1, "kept");
  transactional(2, "aborted");
  transactional(1, "newer");
  const std::int64_t marker = this->AppendBytes(
      BuildEndTxnMarker({.producer_id = 2, .producer_epoch = 0}), 1);
  this->Compact({.dirty_to = 4,
                 .now = 5000,
                 .aborted = {{.producer_id = 2, .first_offset = 1, .last_offset = marker}}});
  std::vector<std::int64_t> left;
  for (const storage::Batch& batch : this->Batches()) left.push_back(batch.base_offset);
  EXPECT_THAT(left, ElementsAre(2, 3));
}

TYPED_TEST(CompactionTest, WhatWasTrimmedMeanwhileIsLeftAlone) {
  for (int i = 0; i < 10; ++i) this->Append({{"a", std::to_string(i)}});
  Compaction compaction(this->store(), this->log_, {.dirty_to = 10, .now = 5000});
  ASSERT_TRUE(compaction.Step().ok());
  ASSERT_TRUE(this->store().TrimPrefix(this->log_, 5).ok());
  while (!compaction.done()) ASSERT_TRUE(compaction.Step().ok());
  EXPECT_THAT(this->Records(), ElementsAre("9 a=9"));
}

TYPED_TEST(CompactionTest, ADeletedLogEndsItWithAnError) {
  this->Append({{"a", "1"}});
  Compaction compaction(this->store(), this->log_, {.dirty_to = 1, .now = 5000});
  ASSERT_TRUE(this->store().DeleteLog(this->log_).ok());
  EXPECT_TRUE(absl::IsNotFound(compaction.Step().status()));
}

// Against a model: of each key below the end of a compaction the last record, of those above all.
TYPED_TEST(CompactionTest, RandomHistoriesKeepTheLastOfEachKey) {
  constexpr int kHistories = 10, kSteps = 60;
  for (int seed = 0; seed < kHistories; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto pick = [&random](int below) { return static_cast<int>(random() % below); };
    this->log_ = this->store().CreateLog(0).value();
    this->end_ = 0;
    std::map<std::int64_t, Pair> model;  // every record ever written that must still be there
    std::int64_t compacted = 0;
    for (int step = 0; step < kSteps; ++step) {
      if (pick(4) != 0) {
        std::vector<Pair> records;
        for (int i = pick(4); i >= 0; --i) {
          records.emplace_back("k" + std::to_string(pick(6)), std::to_string(step));
        }
        const std::int64_t base = this->Append(records, static_cast<Codec>(pick(5)));
        for (std::size_t i = 0; i < records.size(); ++i) {
          model[base + static_cast<std::int64_t>(i)] = records[i];
        }
        continue;
      }
      const std::vector<storage::Batch> batches = this->Batches();
      if (batches.empty()) continue;
      const std::int64_t to = std::max(
          compacted, batches[static_cast<std::size_t>(pick(static_cast<int>(batches.size())))]
                         .base_offset);
      const std::size_t keys = pick(2) == 0 ? Compaction::kMaxKeyBytes : 300;
      compacted = this->Compact({.dirty_from = compacted, .dirty_to = to, .now = 5000}, keys);
      std::map<std::string, std::int64_t> last;
      for (const auto& [offset, record] : model) {
        if (offset < compacted) last[*record.first] = offset;
      }
      std::erase_if(model, [&](const auto& entry) {
        return entry.first < compacted && last[*entry.second.first] > entry.first;
      });
      std::vector<std::string> expected;
      for (const auto& [offset, record] : model) {
        expected.push_back(std::to_string(offset) + " " + *record.first + "=" + *record.second);
      }
      ASSERT_EQ(this->Records(), expected) << "seed " << seed << ", step " << step;
      ASSERT_EQ(this->store().Bounds(this->log_)->end_offset, this->end_);
    }
  }
}

// A crash after any step: what was changed is kept or not, and what must be there is.
TEST(CompactionCrashTest, PowerLostInTheMiddleLosesNothing) {
  for (int survivors = 0; survivors < 6; ++survivors) {
    storage::FaultLogStore store;
    const storage::LogId log = store.CreateLog(0).value();
    for (int i = 0; i < 12; ++i) {
      BatchBuilder builder;
      builder.Add(1000, "k" + std::to_string(i % 3), std::to_string(i));
      std::string bytes = builder.Build();
      SetBaseOffset(bytes, i);
      storage::CommitBatch commit;
      commit.Add({log, i, i, 1000, storage::BytesOf(std::move(bytes))});
      ASSERT_TRUE(store.Commit(commit, storage::Durability::kSynced).ok());
    }
    Compaction compaction(store, log, {.dirty_to = 12, .now = 5000});
    while (!compaction.done()) ASSERT_TRUE(compaction.Step().ok());
    store.LosePower(static_cast<std::size_t>(survivors));
    std::map<std::string, std::string> last;
    const auto batches = store.Read(log, 0, {SIZE_MAX, INT64_MAX});
    for (const storage::Batch& batch : *batches) {
      ASSERT_TRUE(ForEachRecord(*batch.bytes, [&](const Record& record) {
                    last[std::string(*record.key)] = *record.value;
                    return true;
                  }).ok());
    }
    EXPECT_EQ(last, (std::map<std::string, std::string>{{"k0", "9"}, {"k1", "10"}, {"k2", "11"}}))
        << survivors;
  }
}

}  // namespace
}  // namespace wherry::kafka
