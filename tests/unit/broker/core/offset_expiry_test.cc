// Offsets that nobody uses any more go, and groups that have nothing left.
#include "tests/unit/broker/core/consumer_group_fixture.h"

namespace wherry::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OffsetExpiryTest : public ConsumerGroupFixture {
 protected:
  // Commits at the present time.
  void CommitNow(const std::string& group, const std::string& topic) {
    On([&] {
      EXPECT_EQ(groups_->ValidateCommit({group, -1, "", std::nullopt}), GroupError::kNone);
    });
    CommitAs(group, topic);
  }
  void CommitAs(const std::string& group, const std::string& topic) {
    On([&] {
      offsets_->Commit(group, {{topic, 0, {5, -1, "", clock_.UnixMillis()}}},
                       [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
    });
    Settle();
  }
  std::vector<GroupListing> List() {
    std::vector<GroupListing> all;
    On([&] { all = groups_->List(); });
    return all;
  }
  // In steps of one look, with the members' heartbeats in between.
  template <typename Step>
  void Pass(runtime::Duration time, Step step) {
    for (runtime::Duration gone{0}; gone < time; gone += minutes(10)) {
      Advance(minutes(10));
      step();
    }
  }
  void Pass(runtime::Duration time) {
    Pass(time, [] {});
  }
};

TEST_F(OffsetExpiryTest, CommitsByHandLastForARetention) {
  CommitNow("g", "t");
  Pass(hours(7 * 24) - minutes(10));
  CommitNow("g", "u");
  EXPECT_TRUE(Fetch("g", "t").has_value());
  Pass(minutes(20));
  EXPECT_FALSE(Fetch("g", "t").has_value());
  EXPECT_TRUE(Fetch("g", "u").has_value());
  Pass(hours(7 * 24));
  EXPECT_THAT(List(), IsEmpty());
  Restart();
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(OffsetExpiryTest, AnEmptyGroupKeepsThemSinceItsLastMemberWent) {
  settings_.max_session_timeout = hours(1000);
  Restart();
  JoinRequest request = GroupFixture::Joining("");
  request.session_timeout = hours(1000);
  request.protocols = {{"range", "t"}};
  const JoinResult joined = Join(request)->value();
  Sync(joined, {{joined.member_id, "t:0"}});
  CommitAs("g", "t");
  CommitAs("g", "other");
  Pass(hours(8 * 24));
  // A topic that is subscribed to stays while there are members, another goes.
  EXPECT_TRUE(Fetch("g", "t").has_value());
  EXPECT_FALSE(Fetch("g", "other").has_value());
  Leave({joined.member_id, std::nullopt});
  Pass(hours(6 * 24));
  Restart();
  EXPECT_TRUE(Fetch("g", "t").has_value());
  Pass(hours(25));
  EXPECT_FALSE(Fetch("g", "t").has_value());
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(OffsetExpiryTest, AConsumerGroupKeepsWhatItReads) {
  times_.session_timeout = hours(1);
  Beat(Joining("a"));
  CommitAs("g", "t");
  CommitAs("g", "other");
  Pass(hours(8 * 24), [this] { Beat(Staying("a", 1)); });
  EXPECT_TRUE(Fetch("g", "t").has_value());
  EXPECT_FALSE(Fetch("g", "other").has_value());
  Beat(Staying("a", kLeaveEpoch));
  Pass(minutes(20));
  EXPECT_FALSE(Fetch("g", "t").has_value());
  EXPECT_THAT(List(), IsEmpty());
  Restart();
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(OffsetExpiryTest, NothingIsLookedAtWhileThereIsNothing) {
  On([this] { EXPECT_EQ(shard_.timers().size(), 0u); });
  CommitNow("g", "t");
  On([this] { EXPECT_EQ(shard_.timers().size(), 1u); });
  EXPECT_EQ(Delete("g"), GroupError::kNone);
  Pass(minutes(20));
  On([this] { EXPECT_EQ(shard_.timers().size(), 0u); });
}

TEST_F(OffsetExpiryTest, OffsetsOfTopicsThatAreReadAreNotDeletedByHand) {
  On([this] {
    EXPECT_EQ(groups_->CheckDeleteOffsets("g"), GroupError::kGroupNotFound);
    EXPECT_EQ(groups_->CheckDeleteOffsets(""), GroupError::kInvalidGroupId);
  });
  Beat(Joining("a"));
  On([this] {
    EXPECT_EQ(groups_->CheckDeleteOffsets("g"), GroupError::kNone);
    EXPECT_TRUE(groups_->IsSubscribed("g", "t"));
    EXPECT_FALSE(groups_->IsSubscribed("g", "u"));
  });
  Beat(Staying("a", kLeaveEpoch));
  JoinRequest request = GroupFixture::Joining("");
  request.protocols = {{"range", "t"}};
  request.protocol_type = "connect";
  const JoinResult joined = Join(request)->value();
  On([this] { EXPECT_EQ(groups_->CheckDeleteOffsets("g"), GroupError::kNonEmptyGroup); });
  Leave({joined.member_id, std::nullopt});
  On([this] { EXPECT_EQ(groups_->CheckDeleteOffsets("g"), GroupError::kNone); });
}

}  // namespace
}  // namespace wherry::core
