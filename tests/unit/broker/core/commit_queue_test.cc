#include "broker/core/commit_queue.h"

#include "storage/delaying_log_store.h"
#include "storage/fault_log_store.h"
#include "storage/memory_log_store.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A queue over one store, and what became of each commit, in the order of the answers.
class CommitQueueTest : public ShardFixture {
 protected:
  void Open(storage::LogStore& store, SyncPolicy policy = SyncPolicy::kCommit) {
    store_ = &store;
    commits_ = std::make_unique<CommitQueue>(store, policy, shard_, faults_);
    commits_->Start();
  }
  ~CommitQueueTest() override {
    if (commits_ != nullptr) commits_->Stop();
    shard_.Stop();
  }

  // On the shard.
  void Put(const std::string& key, std::string value = "value") {
    storage::CommitBatch batch;
    batch.Put(key, std::move(value));
    commits_->Submit(std::move(batch), [this, key](const absl::Status& status) {
      answers_.push_back(key + (status.ok() ? "" : " " + std::string(status.message())));
    });
  }
  bool AwaitAnswers(std::size_t count) {
    return Await([this, count] { return answers_.size() >= count; });
  }
  bool Kept(std::string_view key) const { return store_->Get(key).value().has_value(); }

  storage::LogStore* store_ = nullptr;
  std::unique_ptr<CommitQueue> commits_;
  std::vector<std::string> answers_;  // on the shard
  const std::shared_ptr<StorageFaults> faults_ = std::make_shared<StorageFaults>();
};

TEST_F(CommitQueueTest, InMemoryItCommitsAtOnceAndAnswersLater) {
  storage::MemoryLogStore store;
  Open(store);
  On([&] {
    Put("a");
    EXPECT_TRUE(Kept("a"));
    EXPECT_THAT(answers_, IsEmpty()) << "answered inside the call";
    Put("b");
  });
  ASSERT_TRUE(AwaitAnswers(2));
  EXPECT_THAT(answers_, ElementsAre("a", "b"));
}

TEST_F(CommitQueueTest, OnDiskTheShardGoesOnWhileACommitWaits) {
  storage::DelayingLogStore store(std::make_unique<storage::MemoryLogStore>());
  Open(store);
  store.commits().Close();
  On([&] { Put("a"); });
  store.commits().AwaitWaiting();
  On([&] { EXPECT_THAT(answers_, IsEmpty()); });
  EXPECT_FALSE(Kept("a"));
  store.commits().Open();
  ASSERT_TRUE(AwaitAnswers(1));
  EXPECT_TRUE(Kept("a"));
}

TEST_F(CommitQueueTest, WhatComesDuringACommitSharesTheNext) {
  storage::DelayingLogStore store(std::make_unique<storage::MemoryLogStore>());
  Open(store);
  store.commits().Close();
  On([&] { Put("first"); });
  store.commits().AwaitWaiting();
  On([&] {
    Put("b");
    Put("c");
    Put("d");
  });
  store.commits().LetOnePass();
  ASSERT_TRUE(AwaitAnswers(1));
  store.commits().LetOnePass();
  ASSERT_TRUE(AwaitAnswers(4)) << "the other three took more than one commit";
  EXPECT_THAT(answers_, ElementsAre("first", "b", "c", "d"));
}

TEST_F(CommitQueueTest, AGroupHasItsLimit) {
  storage::DelayingLogStore store(std::make_unique<storage::MemoryLogStore>());
  Open(store);
  store.commits().Close();
  On([&] { Put("first"); });
  store.commits().AwaitWaiting();
  const std::string most(CommitQueue::kMaxGroupBytes - 10, 'x');
  On([&] {
    Put("b", most);
    Put("c", most);
  });
  store.commits().LetOnePass();
  store.commits().LetOnePass();
  ASSERT_TRUE(AwaitAnswers(2));
  store.commits().AwaitWaiting();
  EXPECT_FALSE(Kept("c"));
  store.commits().Open();
  ASSERT_TRUE(AwaitAnswers(3));
}

TEST_F(CommitQueueTest, AFailedCommitFailsWhatWasSubmittedBehindIt) {
  storage::FaultLogStore store;
  Open(store);
  store.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  On([&] {
    Put("a");
    Put("b");
    Put("c");
  });
  ASSERT_TRUE(AwaitAnswers(3));
  EXPECT_THAT(answers_,
              ElementsAre("a the disk is full", "b the disk is full", "c the disk is full"));
  for (const char* key : {"a", "b", "c"}) EXPECT_FALSE(Kept(key)) << key;
  // Once everybody has heard of it, commits go on.
  On([&] { Put("d"); });
  ASSERT_TRUE(AwaitAnswers(4));
  EXPECT_TRUE(Kept("d"));
}

TEST_F(CommitQueueTest, WithoutSyncingItFailsTheSameWay) {
  storage::FaultLogStore store;
  Open(store, SyncPolicy::kOs);
  store.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  On([&] {
    Put("a");
    Put("b");
  });
  ASSERT_TRUE(AwaitAnswers(2));
  EXPECT_THAT(answers_, ElementsAre("a the disk is full", "b the disk is full"));
  On([&] { Put("c"); });
  ASSERT_TRUE(AwaitAnswers(3));
  EXPECT_TRUE(Kept("c"));
}

TEST_F(CommitQueueTest, APowerLossTakesNothingThatWasAnswered) {
  storage::FaultLogStore store;
  Open(store);
  On([&] {
    for (int i = 0; i < 10; ++i) Put("key" + std::to_string(i));
  });
  ASSERT_TRUE(AwaitAnswers(10));
  commits_->Stop();
  store.LosePower();
  for (const std::string& key : answers_) EXPECT_TRUE(Kept(key)) << key;
}

TEST_F(CommitQueueTest, WithoutSyncingAPowerLossMayTakeIt) {
  storage::FaultLogStore store;
  Open(store, SyncPolicy::kOs);
  On([&] { Put("a"); });
  ASSERT_TRUE(AwaitAnswers(1));
  commits_->Stop();
  store.LosePower();
  EXPECT_FALSE(Kept("a")) << "the test of the other policy could not fail";
}

TEST_F(CommitQueueTest, StopCommitsWhatWasSubmittedAndRefusesTheRest) {
  storage::DelayingLogStore store(std::make_unique<storage::MemoryLogStore>());
  Open(store);
  store.commits().Close();
  On([&] { Put("a"); });
  store.commits().AwaitWaiting();
  On([&] { Put("b"); });
  std::thread stopping([this] { commits_->Stop(); });
  // From when it refuses, it has begun to stop; what was submitted until then is kept.
  std::size_t submitted = 0;
  EXPECT_TRUE(Await([&] {
    Put("probe" + std::to_string(submitted++));
    return !answers_.empty() && answers_.back().ends_with("the broker is stopping");
  }));
  store.commits().Open();
  stopping.join();
  EXPECT_TRUE(Kept("a"));
  EXPECT_TRUE(Kept("b"));
}

TEST_F(CommitQueueTest, AnswersComeAlsoWhenTheQueueIsGone) {
  storage::FaultLogStore store;
  Open(store);
  On([&] { Put("a"); });
  commits_->Stop();
  commits_.reset();
  EXPECT_TRUE(AwaitAnswers(1));
}

TEST_F(CommitQueueTest, AFaultOfTheDiskFailsSoManyCommitsOfAnyStore) {
  storage::MemoryLogStore memory;
  Open(memory);
  faults_->FailCommits(1, absl::ResourceExhaustedError("full"));
  On([&] { Put("a"); });
  ASSERT_TRUE(AwaitAnswers(1));
  On([&] { Put("b"); });
  ASSERT_TRUE(AwaitAnswers(2));
  EXPECT_THAT(answers_, ElementsAre("a full", "b"));
  EXPECT_FALSE(Kept("a"));
  faults_->FailCommits(-1, absl::ResourceExhaustedError("full"));
  On([&] { Put("c"); });
  ASSERT_TRUE(AwaitAnswers(3));
  faults_->FailCommits(0, absl::OkStatus());
  On([&] { Put("d"); });
  ASSERT_TRUE(AwaitAnswers(4));
  EXPECT_THAT(answers_, ElementsAre("a full", "b", "c full", "d"));
}

TEST_F(CommitQueueTest, ASlowDiskInMemoryAnswersWhenItsTimeHasCome) {
  storage::MemoryLogStore store;
  Open(store);
  faults_->Slow(std::chrono::milliseconds(10));
  On([&] {
    Put("a");
    Put("b");
  });
  Advance(std::chrono::milliseconds(9));
  On([&] { EXPECT_THAT(answers_, IsEmpty()); });
  Advance(std::chrono::milliseconds(1));
  On([&] { EXPECT_THAT(answers_, ElementsAre("a", "b")); });
  On([&] { Put("c"); });
  commits_->Stop();
  Settle();
  On([&] { EXPECT_THAT(answers_, ElementsAre("a", "b", "c")) << "a stop waits for nothing"; });
}

TEST_F(CommitQueueTest, AnAbortKeepsNothingThatWaits) {
  storage::FaultLogStore store;
  Open(store);
  faults_->Slow(std::chrono::hours(1));
  On([&] { Put("a"); });
  commits_->Abort();
  Settle();
  On([&] { EXPECT_THAT(answers_, IsEmpty()); });
  EXPECT_FALSE(Kept("a"));
}

}  // namespace
}  // namespace wherry::core
