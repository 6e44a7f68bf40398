#include "storage/log_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Maker>
class LogStoreTest : public ::testing::Test {
 protected:
  LogStore& store() { return *maker_.store; }
  void Reopen() { maker_.Reopen(); }

  absl::Status Append(LogId log, std::int64_t base, std::int64_t last, std::string bytes,
                      std::int64_t timestamp = -1) {
    CommitBatch batch;
    batch.Add({log, base, last, timestamp, BytesOf(std::move(bytes))});
    return store().Commit(batch, Durability::kKernel);
  }
  // The documented example: [0,9] [10,10] [11,15].
  LogId ThreeBatches() {
    const LogId log = store().CreateLog().value();
    EXPECT_TRUE(Append(log, 0, 9, "first", 100).ok());
    EXPECT_TRUE(Append(log, 10, 10, "second", 300).ok());
    EXPECT_TRUE(Append(log, 11, 15, "third", 200).ok());
    Reopen();
    return log;
  }
  std::vector<std::string> Read(LogId log, std::int64_t offset, ReadLimits limits = {}) {
    // Named: a loop over what a temporary refers to would outlive it.
    const std::vector<Batch> batches = store().Read(log, offset, limits).value();
    std::vector<std::string> bytes;
    for (const Batch& batch : batches) {
      bytes.push_back(*batch.bytes);
    }
    return bytes;
  }

  Maker maker_;
};

using Makers = ::testing::Types<Memory, Disk, DiskReopened, DiskSealed, Delaying, PowerLost>;
TYPED_TEST_SUITE(LogStoreTest, Makers);

TYPED_TEST(LogStoreTest, ReadsFromTheBatchThatHoldsTheOffset) {
  const LogId log = this->ThreeBatches();
  EXPECT_THAT(this->Read(log, 0), ElementsAre("first", "second", "third"));
  EXPECT_THAT(this->Read(log, 5), ElementsAre("first", "second", "third"));
  EXPECT_THAT(this->Read(log, 10), ElementsAre("second", "third"));
  EXPECT_THAT(this->Read(log, 11), ElementsAre("third"));
  EXPECT_THAT(this->Read(log, 16), IsEmpty());
  const Batch batch = this->store().Read(log, 12, {}).value().at(0);
  EXPECT_EQ(batch.base_offset, 11);
  EXPECT_EQ(batch.last_offset, 15);
  EXPECT_EQ(batch.max_timestamp, 200);
}

TYPED_TEST(LogStoreTest, StopsAtTheLimitsButReturnsOneBatchAtLeast) {
  const LogId log = this->ThreeBatches();
  EXPECT_THAT(this->Read(log, 0, {.max_bytes = 0}), ElementsAre("first"));
  EXPECT_THAT(this->Read(log, 0, {.max_bytes = 11}), ElementsAre("first", "second"));
  EXPECT_THAT(this->Read(log, 0, {.max_bytes = 10}), ElementsAre("first"));
  EXPECT_THAT(this->Read(log, 0, {.end_offset = 11}), ElementsAre("first", "second"));
}

TYPED_TEST(LogStoreTest, RefusesWhatLiesOutsideItsBounds) {
  const LogId log = this->ThreeBatches();
  EXPECT_EQ(this->store().Read(log, 17, {}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(this->store().Read(log, -1, {}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(this->store().Read(log + 1, 0, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(this->Append(log, 15, 20, "overlaps").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(this->Append(log, 16, 15, "backwards").code(), absl::StatusCode::kInvalidArgument);
}

TYPED_TEST(LogStoreTest, AppliesACommitWholeOrNotAtAll) {
  const LogId log = this->store().CreateLog().value();
  CommitBatch batch;
  batch.Add({log, 0, 0, -1, BytesOf("good")});
  batch.Put("key", "value");
  batch.Add({log + 100, 0, 0, -1, BytesOf("nowhere")});
  EXPECT_EQ(this->store().Commit(batch, Durability::kSynced).code(), absl::StatusCode::kNotFound);
  this->Reopen();
  EXPECT_EQ(this->store().Bounds(log)->end_offset, 0);
  EXPECT_EQ(this->store().Get("key").value(), std::nullopt);
}

TYPED_TEST(LogStoreTest, KeepsGaps) {
  const LogId log = this->store().CreateLog(5).value();
  this->Reopen();
  EXPECT_TRUE(this->Append(log, 10, 11, "a").ok());
  EXPECT_TRUE(this->Append(log, 20, 20, "b").ok());
  this->Reopen();
  EXPECT_EQ(this->store().Bounds(log)->start_offset, 5);
  EXPECT_EQ(this->store().Bounds(log)->end_offset, 21);
  EXPECT_THAT(this->Read(log, 5), ElementsAre("a", "b"));
  EXPECT_THAT(this->Read(log, 15), ElementsAre("b"));
}

TYPED_TEST(LogStoreTest, FindsByTime) {
  const LogId log = this->ThreeBatches();
  EXPECT_EQ(this->store().FindByTimestamp(log, 100).value()->base_offset, 0);
  EXPECT_EQ(this->store().FindByTimestamp(log, 101).value()->base_offset, 10);
  EXPECT_EQ(this->store().FindByTimestamp(log, 301).value(), std::nullopt);
  EXPECT_EQ(*this->store().FindMaxTimestamp(log).value()->bytes, "second");
  ASSERT_TRUE(this->store().TrimPrefix(log, 11).ok());
  EXPECT_EQ(*this->store().FindMaxTimestamp(log).value()->bytes, "third");
  ASSERT_TRUE(this->store().TrimPrefix(log, 16).ok());
  EXPECT_EQ(this->store().FindMaxTimestamp(log).value(), std::nullopt);
}

TYPED_TEST(LogStoreTest, TrimsWholeBatchesAndKeepsItsPlaceWhenEmpty) {
  const LogId log = this->ThreeBatches();
  ASSERT_TRUE(this->store().TrimPrefix(log, 12).ok());
  this->Reopen();
  EXPECT_EQ(this->store().Bounds(log)->start_offset, 12);
  EXPECT_THAT(this->Read(log, 12), ElementsAre("third"));
  EXPECT_EQ(this->store().Read(log, 11, {}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(this->store().TrimPrefix(log, 3).ok()) << "never moves down";
  EXPECT_EQ(this->store().Bounds(log)->start_offset, 12);
  EXPECT_EQ(this->store().TrimPrefix(log, 17).code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(this->store().TrimPrefix(log, 16).ok());
  this->Reopen();
  EXPECT_EQ(this->store().Bounds(log)->start_offset, 16);
  EXPECT_EQ(this->store().Bounds(log)->end_offset, 16);
  EXPECT_TRUE(this->Append(log, 16, 16, "next").ok());
  EXPECT_THAT(this->Read(log, 16), ElementsAre("next"));
}

TYPED_TEST(LogStoreTest, ErasesAndReplacesBatches) {
  const LogId log = this->ThreeBatches();
  ASSERT_TRUE(this->store().EraseBatch(log, 10).ok());
  ASSERT_TRUE(this->store().ReplaceBatch(log, 0, {3, 8, 90, BytesOf("less")}).ok());
  this->Reopen();
  EXPECT_THAT(this->Read(log, 0), ElementsAre("less", "third"));
  EXPECT_EQ(this->store().EraseBatch(log, 10).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(this->store().ReplaceBatch(log, 11, {11, 16, 0, BytesOf("more")}).code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(this->store().EraseBatch(log, 11).ok());
  this->Reopen();
  EXPECT_EQ(this->store().Bounds(log)->end_offset, 16) << "offsets are never given out again";
}

TYPED_TEST(LogStoreTest, NeverGivesOutALogIdAgain) {
  const LogId first = this->store().CreateLog().value();
  const LogId second = this->ThreeBatches();
  ASSERT_TRUE(this->store().DeleteLog(second).ok());
  this->Reopen();
  EXPECT_THAT(this->store().Logs(), ElementsAre(first));
  EXPECT_EQ(this->store().DeleteLog(second).code(), absl::StatusCode::kNotFound);
  const LogId third = this->store().CreateLog().value();
  EXPECT_NE(third, second);
  EXPECT_THAT(this->Read(third, 0), IsEmpty());
}

TYPED_TEST(LogStoreTest, KeepsKeysInUnsignedOrder) {
  CommitBatch batch;
  batch.Put("p/\xff", "last");
  batch.Put("p/\x01", "first");
  batch.Put("p/a", "old");
  batch.Put("p/a", "new");
  batch.Put("q", "other");
  batch.Put("gone", "x");
  batch.Delete("gone");
  ASSERT_TRUE(this->store().Commit(batch, Durability::kSynced).ok());
  this->Reopen();
  std::vector<std::string> values;
  ASSERT_TRUE(this->store()
                  .Scan("p/",
                        [&](std::string_view, std::string_view value) {
                          values.emplace_back(value);
                          return values.size() < 3;
                        })
                  .ok());
  EXPECT_THAT(values, ElementsAre("first", "new", "last"));
  EXPECT_EQ(this->store().Get("gone").value(), std::nullopt);
  EXPECT_EQ(this->store().Get("q").value(), "other");
}

}  // namespace
}  // namespace wherry::storage
