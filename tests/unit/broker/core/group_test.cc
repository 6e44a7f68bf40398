#include "broker/core/group.h"

#include "tests/unit/broker/core/group_fixture.h"

namespace wherry::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using GroupTest = GroupFixture;

TEST_F(GroupTest, OneMemberLeadsItself) {
  const JoinResult joined = Join(Joining())->value();
  EXPECT_EQ(joined.error, GroupError::kNone);
  EXPECT_EQ(joined.generation, 1);
  EXPECT_EQ(joined.leader, joined.member_id);
  EXPECT_EQ(joined.protocol_name, "range");
  EXPECT_THAT(joined.member_id, ::testing::StartsWith("client-"));
  ASSERT_THAT(joined.members, SizeIs(1));
  EXPECT_EQ(joined.members[0].metadata, "topics");
  EXPECT_EQ(Describe().state, GroupState::kCompletingRebalance);
  EXPECT_EQ(Heartbeat(Claim(joined)), GroupError::kNone);
  EXPECT_EQ(ValidateCommit(Claim(joined)), GroupError::kRebalanceInProgress);
  EXPECT_EQ(Sync(joined, {{joined.member_id, "all"}})->value().assignment, "all");
  EXPECT_EQ(Describe().state, GroupState::kStable);
  EXPECT_EQ(Describe().members[0].assignment, "all");
  EXPECT_EQ(ValidateCommit(Claim(joined)), GroupError::kNone);
}

TEST_F(GroupTest, ANewMemberMayHaveToJoinWithItsId) {
  JoinRequest request = Joining();
  request.require_member_id = true;
  const JoinResult first = Join(request)->value();
  EXPECT_EQ(first.error, GroupError::kMemberIdRequired);
  request.member_id = first.member_id;
  const JoinResult second = Join(request)->value();
  EXPECT_EQ(second.error, GroupError::kNone);
  EXPECT_EQ(second.member_id, first.member_id);
}

TEST_F(GroupTest, AnIdThatIsNeverUsedIsForgottenWithItsGroup) {
  JoinRequest request = Joining();
  request.require_member_id = true;
  Join(request);
  Advance(seconds(11));
  On([this] { EXPECT_THAT(groups_->List(), IsEmpty()); });
}

TEST_F(GroupTest, ThreeMembersComeAndOneGoesAndComesBack) {
  const JoinResult first = StableGroup();
  const auto second = Join(Joining());
  const auto third = Join(Joining());
  EXPECT_FALSE(second->has_value());  // waits for the first to join again
  EXPECT_EQ(Heartbeat(Claim(first)), GroupError::kRebalanceInProgress);
  EXPECT_EQ(ValidateCommit(Claim(first)), GroupError::kNone);
  const JoinResult leader = Join(Joining(first.member_id))->value();
  ASSERT_TRUE(second->has_value() && third->has_value());
  EXPECT_EQ(leader.generation, 2);
  EXPECT_THAT(leader.members, SizeIs(3));
  EXPECT_THAT((*second)->members, IsEmpty());

  const auto parked = Sync(**second);
  EXPECT_FALSE(parked->has_value());
  Sync(leader, {{(*second)->member_id, "b"}, {(*third)->member_id, "c"}});
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->assignment, "b");
  EXPECT_EQ(Sync(**third)->value().assignment, "c");

  EXPECT_EQ(Leave({(*third)->member_id, std::nullopt}), GroupError::kNone);
  EXPECT_EQ(Leave({(*third)->member_id, std::nullopt}), GroupError::kUnknownMember);
  EXPECT_EQ(Heartbeat(Claim(leader)), GroupError::kRebalanceInProgress);
  Join(Joining(first.member_id));
  const auto again = Join(Joining((*second)->member_id));
  EXPECT_EQ(again->value().generation, 3);
  const auto back = Join(Joining());
  EXPECT_FALSE(back->has_value());
}

TEST_F(GroupTest, AFollowerThatJoinsAgainChangesNothingALeaderDoes) {
  const JoinResult first = StableGroup();
  const auto second = Join(Joining());
  const JoinResult leader = Join(Joining(first.member_id))->value();
  Sync(leader);
  const JoinResult same = Join(Joining((*second)->member_id))->value();
  EXPECT_EQ(same.generation, leader.generation);
  EXPECT_EQ(Describe().state, GroupState::kStable);
  EXPECT_FALSE(Join(Joining(leader.member_id))->has_value());
  EXPECT_EQ(Describe().state, GroupState::kPreparingRebalance);
}

TEST_F(GroupTest, AMemberThatIsSilentIsOut) {
  const JoinResult joined = StableGroup();
  Advance(seconds(9));
  EXPECT_EQ(Heartbeat(Claim(joined)), GroupError::kNone);
  Advance(seconds(9));
  EXPECT_EQ(Describe().state, GroupState::kStable);
  Advance(seconds(2));
  EXPECT_EQ(Describe().state, GroupState::kEmpty);
  EXPECT_EQ(Heartbeat(Claim(joined)), GroupError::kUnknownMember);
}

TEST_F(GroupTest, WhoeverDoesNotJoinWithinTheRebalanceTimeoutIsOut) {
  const JoinResult first = StableGroup();
  const auto second = Join(Joining());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Heartbeat(Claim(first)), GroupError::kRebalanceInProgress);
    EXPECT_FALSE(second->has_value());
    Advance(seconds(6));
  }
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ((*second)->leader, (*second)->member_id);
  EXPECT_THAT((*second)->members, SizeIs(1));
  EXPECT_EQ(Heartbeat(Claim(first)), GroupError::kUnknownMember);
}

TEST_F(GroupTest, WhoeverDoesNotSyncWithinTheRebalanceTimeoutIsOut) {
  const JoinResult joined = Join(Joining())->value();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Heartbeat(Claim(joined)), GroupError::kNone);
    Advance(seconds(6));
  }
  EXPECT_EQ(Describe().state, GroupState::kEmpty);
}

TEST_F(GroupTest, ProtocolsAreThoseThatAllSupport) {
  JoinRequest request = Joining();
  request.protocols = {{"sticky", "s"}, {"range", "r"}};
  const JoinResult first = Join(request)->value();
  EXPECT_EQ(first.protocol_name, "sticky");
  JoinRequest other = Joining();
  other.protocols = {{"roundrobin", ""}};
  EXPECT_EQ(Join(other)->value().error, GroupError::kInconsistentProtocol);
  other = Joining();
  other.protocol_type = "connect";
  EXPECT_EQ(Join(other)->value().error, GroupError::kInconsistentProtocol);
  const auto second = Join(Joining());
  request.member_id = first.member_id;
  EXPECT_EQ(Join(request)->value().protocol_name, "range");
}

TEST_F(GroupTest, WhatDoesNotFitIsRefused) {
  const JoinResult joined = StableGroup();
  MemberClaim claim = Claim(joined);
  claim.generation = 7;
  EXPECT_EQ(Heartbeat(claim), GroupError::kIllegalGeneration);
  EXPECT_EQ(ValidateCommit(claim), GroupError::kIllegalGeneration);
  claim = Claim(joined);
  claim.member_id = "stranger";
  EXPECT_EQ(Heartbeat(claim), GroupError::kUnknownMember);
  EXPECT_EQ(ValidateCommit({"g", -1, "", std::nullopt}), GroupError::kUnknownMember);
  EXPECT_EQ(Join(Joining("stranger"))->value().error, GroupError::kUnknownMember);
  JoinRequest request = Joining();
  request.session_timeout = milliseconds(1);
  EXPECT_EQ(Join(request)->value().error, GroupError::kInvalidSessionTimeout);
  request = Joining();
  request.group_id = "";
  EXPECT_EQ(Join(request)->value().error, GroupError::kInvalidGroupId);
  JoinResult wrong = joined;
  wrong.generation = 9;
  EXPECT_EQ(Sync(wrong)->value().error, GroupError::kIllegalGeneration);
}

TEST_F(GroupTest, AStaticMemberComesBackWithoutARebalance) {
  const JoinResult first = Join(JoiningAs("one"))->value();
  Sync(first, {{first.member_id, "all"}});
  const JoinResult again = Join(JoiningAs("one"))->value();
  EXPECT_EQ(again.error, GroupError::kNone);
  EXPECT_EQ(again.generation, first.generation);
  EXPECT_NE(again.member_id, first.member_id);
  EXPECT_EQ(again.leader, first.member_id);  // it must not assign anew
  EXPECT_EQ(Sync(again)->value().assignment, "all");
  EXPECT_EQ(Heartbeat({"g", first.generation, first.member_id, "one"}),
            GroupError::kFencedInstance);
  EXPECT_EQ(ValidateCommit({"g", first.generation, first.member_id, "one"}),
            GroupError::kFencedInstance);
  JoinRequest fenced = JoiningAs("one");
  fenced.member_id = first.member_id;
  EXPECT_EQ(Join(fenced)->value().error, GroupError::kFencedInstance);

  JoinRequest skipping = JoiningAs("one");
  skipping.can_skip_assignment = true;
  const JoinResult skipped = Join(skipping)->value();
  EXPECT_TRUE(skipped.skip_assignment);
  EXPECT_EQ(skipped.leader, skipped.member_id);
  EXPECT_THAT(skipped.members, SizeIs(1));

  EXPECT_EQ(Leave({"", "two"}), GroupError::kUnknownMember);
  EXPECT_EQ(Leave({"", "one"}), GroupError::kNone);
  EXPECT_EQ(Describe().state, GroupState::kEmpty);
}

TEST_F(GroupTest, AParkedStaticMemberIsFencedByItsSuccessor) {
  const JoinResult first = StableGroup();
  const auto parked = Join(JoiningAs("one"));
  const auto successor = Join(JoiningAs("one"));
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->error, GroupError::kFencedInstance);
  Join(Joining(first.member_id));
  ASSERT_TRUE(successor->has_value());
  EXPECT_EQ((*successor)->error, GroupError::kNone);
}

}  // namespace
}  // namespace wherry::core
