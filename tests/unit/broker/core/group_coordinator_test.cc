#include "broker/core/group_coordinator.h"

#include "tests/unit/broker/core/group_fixture.h"

namespace wherry::core {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using GroupCoordinatorTest = GroupFixture;

TEST_F(GroupCoordinatorTest, AStableGroupSurvivesARestart) {
  const JoinResult joined = StableGroup();
  Restart();
  const GroupDescription description = Describe();
  EXPECT_EQ(description.state, GroupState::kStable);
  EXPECT_EQ(description.protocol_type, "consumer");
  EXPECT_EQ(description.protocol_name, "range");
  ASSERT_THAT(description.members, SizeIs(1));
  EXPECT_EQ(description.members[0].member_id, joined.member_id);
  EXPECT_EQ(description.members[0].client_host, "/127.0.0.1");
  EXPECT_EQ(description.members[0].metadata, "topics");
  EXPECT_EQ(description.members[0].assignment, "all");
  EXPECT_EQ(Heartbeat(Claim(joined)), GroupError::kNone);
  EXPECT_EQ(Sync(joined)->value().assignment, "all");
  Advance(seconds(11));
  EXPECT_EQ(Describe().state, GroupState::kEmpty);
}

TEST_F(GroupCoordinatorTest, AnEmptyGroupSurvivesARestart) {
  const JoinResult joined = StableGroup();
  Leave({joined.member_id, std::nullopt});
  Restart();
  EXPECT_EQ(Describe().state, GroupState::kEmpty);
  EXPECT_EQ(Join(Joining())->value().generation, joined.generation + 2);
}

TEST_F(GroupCoordinatorTest, ThereAreNotMoreGroupsThanAllowed) {
  settings_.max_groups = 1;
  Restart();
  const JoinResult joined = StableGroup();
  JoinRequest other = Joining();
  other.group_id = "h";
  EXPECT_EQ(Join(other)->value().error, GroupError::kGroupFull);
  EXPECT_EQ(Join(Joining(joined.member_id))->value().error, GroupError::kNone) << "it is there";
  Leave({joined.member_id, std::nullopt});
  EXPECT_EQ(Delete("g"), GroupError::kNone);
  EXPECT_EQ(Join(other)->value().error, GroupError::kNone);
}

TEST_F(GroupCoordinatorTest, OnlyAnEmptyGroupCanBeDeleted) {
  EXPECT_EQ(Delete("g"), GroupError::kGroupNotFound);
  const JoinResult joined = StableGroup();
  Commit("g", "t", 5);
  EXPECT_EQ(Delete("g"), GroupError::kNonEmptyGroup);
  Leave({joined.member_id, std::nullopt});
  EXPECT_EQ(Delete("g"), GroupError::kNone);
  for (int i = 0; i < 2; ++i, Restart()) {
    EXPECT_EQ(Describe().state, GroupState::kDead);
    EXPECT_FALSE(Fetch("g", "t").has_value());
    On([this] { EXPECT_THAT(groups_->List(), IsEmpty()); });
  }
}

TEST_F(GroupCoordinatorTest, CommittedOffsetsAloneMakeAGroup) {
  EXPECT_EQ(ValidateCommit({"g", -1, "", std::nullopt}), GroupError::kNone);
  EXPECT_EQ(ValidateCommit({"g", 1, "m", std::nullopt}), GroupError::kIllegalGeneration);
  Commit("g", "t", 5);
  EXPECT_EQ(Describe().state, GroupState::kEmpty);
  On([this] { EXPECT_THAT(groups_->List(), SizeIs(1)); });
  EXPECT_EQ(Delete("g"), GroupError::kNone);
  EXPECT_EQ(Describe().state, GroupState::kDead);
}

TEST_F(GroupCoordinatorTest, WhatIsParkedIsAnsweredWhenItStops) {
  const JoinResult joined = StableGroup();
  const auto joining = Join(Joining());
  EXPECT_FALSE(joining->has_value());
  Close();
  ASSERT_TRUE(joining->has_value());
  EXPECT_EQ((*joining)->error, GroupError::kCoordinatorNotAvailable);
}

TEST_F(GroupCoordinatorTest, AFullGroupTakesNobody) {
  settings_.max_group_size = 1;
  Restart();
  const JoinResult joined = StableGroup();
  EXPECT_EQ(Join(Joining())->value().error, GroupError::kGroupFull);
  EXPECT_EQ(Join(Joining(joined.member_id))->value().error, GroupError::kNone);
}

TEST_F(GroupCoordinatorTest, AnInitialDelayLetsOthersArrive) {
  settings_.initial_rebalance_delay = seconds(3);
  Restart();
  const auto first = Join(Joining());
  Advance(seconds(1));
  const auto second = Join(Joining());
  Advance(seconds(2));
  EXPECT_FALSE(first->has_value());
  Advance(seconds(3));
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_EQ((*first)->generation, 1);
  EXPECT_EQ((*second)->generation, 1);
}

TEST_F(GroupCoordinatorTest, ARecordReadsBack) {
  GroupRecord record{3, "consumer", "range", "m", {}};
  record.members.push_back(
      {"m", "i", "c", "h", seconds(1), seconds(2), "a", {{"range", std::string("\0x", 2)}}});
  const std::string bytes = record.Encode();
  const GroupRecord decoded = GroupRecord::Decode(bytes).value();
  EXPECT_EQ(decoded.Encode(), bytes);
  EXPECT_EQ(decoded.members[0].instance_id, "i");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(GroupRecord::Decode(bytes.substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace wherry::core
