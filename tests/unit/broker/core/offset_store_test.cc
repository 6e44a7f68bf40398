#include "broker/core/offset_store.h"

#include "tests/unit/broker/core/group_fixture.h"

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class OffsetStoreTest : public GroupFixture {
 protected:
  // As the deletion of a topic does it. On the shard.
  void DeleteTopic(std::string_view topic) {
    storage::CommitBatch batch;
    CommitQueue::Done staged = offsets_->DeleteTopic(topic, batch);
    commits_.Submit(std::move(batch), std::move(staged));
  }
  absl::StatusCode TryCommit(std::string group, std::string topic, std::string metadata) {
    absl::StatusCode code{};
    On([&] {
      offsets_->Commit(group, {{std::move(topic), 0, {5, 0, std::move(metadata), 0}}},
                       [&code](const absl::Status& status) { code = status.code(); });
    });
    Settle();
    return code;
  }
};

TEST_F(OffsetStoreTest, WhatWasCommittedIsFound) {
  EXPECT_FALSE(Fetch("g", "t").has_value());
  Commit("g", "t", 5);
  Commit("g", "t", 6);
  EXPECT_EQ(Fetch("g", "t"), (CommittedOffset{6, 3, "note", 77}));
  EXPECT_FALSE(Fetch("g", "u").has_value());
  EXPECT_FALSE(Fetch("h", "t").has_value());
}

TEST_F(OffsetStoreTest, SurvivesARestart) {
  Commit("g", "t", 5);
  Commit("g", "u", 6);
  Commit("h", "t", 7);
  Restart();
  EXPECT_EQ(Fetch("g", "t"), (CommittedOffset{5, 3, "note", 77}));
  On([this] {
    EXPECT_THAT(offsets_->Groups(), ElementsAre("g", "h"));
    EXPECT_THAT(offsets_->FetchAll("g"), SizeIs(2));
    EXPECT_THAT(offsets_->FetchAll("none"), IsEmpty());
  });
}

TEST_F(OffsetStoreTest, ADeletedGroupIsGoneAlsoAfterARestart) {
  Commit("g", "t", 5);
  Commit("h", "t", 7);
  On([this] { offsets_->DeleteGroup("g", [](const absl::Status&) {}); });
  Settle();
  for (int i = 0; i < 2; ++i, Restart()) {
    On([this] { EXPECT_THAT(offsets_->Groups(), ElementsAre("h")); });
  }
}

TEST_F(OffsetStoreTest, ADeletedTopicIsGoneFromEveryGroup) {
  Commit("g", "t", 5);
  Commit("g", "t2", 6);
  Commit("h", "t", 7);
  On([this] { DeleteTopic("t"); });
  Settle();
  for (int i = 0; i < 2; ++i, Restart()) {
    On([this] {
      EXPECT_THAT(offsets_->Groups(), ElementsAre("g"));
      EXPECT_THAT(offsets_->FetchAll("g"),
                  ElementsAre(Pair(OffsetStore::TopicPartition("t2", 0), ::testing::_)));
    });
  }
}

TEST_F(OffsetStoreTest, DeletingTakesBackWhatIsStillUnderWay) {
  On([this] {
    offsets_->Commit("g", {{"t", 0, {5, 0, "", 0}}}, [](const absl::Status&) {});
    DeleteTopic("t");
  });
  Settle();
  EXPECT_FALSE(Fetch("g", "t").has_value());
  Restart();
  EXPECT_FALSE(Fetch("g", "t").has_value());
}

TEST_F(OffsetStoreTest, ItTakesNoMoreThanItsLimitAndLosesNothing) {
  max_offset_bytes_ = 1000;
  Restart();
  EXPECT_EQ(TryCommit("g", "t", std::string(500, 'x')), absl::StatusCode::kOk);
  EXPECT_EQ(TryCommit("g", "u", std::string(500, 'x')), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(Fetch("g", "u").has_value());
  EXPECT_EQ(TryCommit("g", "t", std::string(600, 'x')), absl::StatusCode::kOk) << "in its place";
  Restart();
  EXPECT_EQ(TryCommit("g", "u", std::string(500, 'x')), absl::StatusCode::kResourceExhausted);
  On([this] { DeleteTopic("t"); });
  Settle();
  EXPECT_EQ(TryCommit("g", "u", std::string(500, 'x')), absl::StatusCode::kOk);
}

TEST_F(OffsetStoreTest, CallbacksRunAlsoWhenTheStoreIsGone) {
  bool answered = false;
  On([&] {
    offsets_->Commit("g", {{"t", 0, {5, 0, "", 0}}}, [&](const absl::Status&) { answered = true; });
    groups_.reset();
    offsets_.reset();
  });
  Settle();
  EXPECT_TRUE(answered);
}

TEST_F(OffsetStoreTest, DamageIsAnErrorThatNamesTheGroup) {
  Commit("g", "t", 5);
  storage::CommitBatch batch;
  ASSERT_TRUE(store_
                  .Scan("",
                        [&](std::string_view key, std::string_view value) {
                          batch.Put(std::string(key), std::string(value.substr(0, 3)));
                          return true;
                        })
                  .ok());
  ASSERT_TRUE(store_.Commit(batch, storage::Durability::kKernel).ok());
  const auto opened = OffsetStore::Open(space_, store_, commits_);
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(opened.status().message()), ::testing::HasSubstr("'g'"));
}

}  // namespace
}  // namespace wherry::core
