#include "storage/fault_log_store.h"

#include <gmock/gmock.h>

#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

class FaultLogStoreTest : public ::testing::Test {
 protected:
  absl::Status Append(std::int64_t offset, Durability durability = Durability::kKernel) {
    CommitBatch batch;
    batch.Add({log_, offset, offset, -1, BytesOf("x")});
    return store_.Commit(batch, durability);
  }
  std::int64_t end() const { return store_.Bounds(log_)->end_offset; }

  FaultLogStore store_;
  const LogId log_ = store_.CreateLog(0).value();
};

TEST_F(FaultLogStoreTest, CommitsFailAsOftenAsToldAndChangeNothing) {
  store_.FailCommits(2, absl::ResourceExhaustedError("full"));
  EXPECT_EQ(Append(0), absl::ResourceExhaustedError("full"));
  EXPECT_EQ(Append(0), absl::ResourceExhaustedError("full"));
  EXPECT_EQ(end(), 0);
  EXPECT_TRUE(Append(0).ok());
  store_.FailCommits(-1, absl::ResourceExhaustedError("full"));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Append(1).ok());
  store_.FailCommits(0, absl::OkStatus());
  EXPECT_TRUE(Append(1).ok());
}

TEST_F(FaultLogStoreTest, APowerLossTakesWhatWasNotSynced) {
  EXPECT_TRUE(Append(0).ok());
  EXPECT_TRUE(Append(1, Durability::kSynced).ok());
  EXPECT_TRUE(Append(2).ok());
  store_.LosePower();
  EXPECT_EQ(end(), 2);
}

TEST_F(FaultLogStoreTest, APowerLossMayLeaveAPrefixOfTheRest) {
  EXPECT_TRUE(store_.Sync().ok());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Append(i).ok());
  store_.LosePower(/*survivors=*/2);
  EXPECT_EQ(end(), 2);
  store_.LosePower();
  EXPECT_EQ(end(), 2) << "it has survived one";
}

TEST_F(FaultLogStoreTest, ALogThatNoSyncCommitFollowedIsGone) {
  EXPECT_TRUE(store_.Sync().ok());
  const LogId later = store_.CreateLog(0).value();
  store_.LosePower();
  EXPECT_EQ(store_.Bounds(later).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store_.Bounds(log_).ok());
}

TEST_F(FaultLogStoreTest, APowerLossTakesKeysTooAndWhatWasTrimmedComesBack) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Append(i).ok());
  CommitBatch kept;
  kept.Put("k", "synced");
  EXPECT_TRUE(store_.Commit(kept, Durability::kSynced).ok());
  CommitBatch lost;
  lost.Put("k", "lost");
  EXPECT_TRUE(store_.Commit(lost, Durability::kKernel).ok());
  EXPECT_TRUE(store_.TrimPrefix(log_, 2).ok());
  store_.LosePower();
  EXPECT_EQ(store_.Get("k").value(), "synced");
  EXPECT_EQ(store_.Bounds(log_)->start_offset, 0);
  EXPECT_EQ(store_.Read(log_, 0, {}).value().size(), 3u);
}

TEST_F(FaultLogStoreTest, WhatWasNotSyncedForLongIsWrittenBack) {
  for (std::size_t i = 0; i < FaultLogStore::kMaxUnsynced; ++i) {
    EXPECT_TRUE(Append(static_cast<std::int64_t>(i)).ok());
  }
  store_.LosePower();
  const std::int64_t kept = end();
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, static_cast<std::int64_t>(FaultLogStore::kMaxUnsynced));
}

}  // namespace
}  // namespace wherry::storage
