// Groups that move from one protocol to the other, member by member.
#include "tests/unit/broker/core/consumer_group_fixture.h"

namespace wherry::core {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConsumerGroupMigrationTest : public ConsumerGroupFixture {
 protected:
  // `owned`: as a cooperative member says it; an eager one has given up everything.
  static JoinRequest Classic(const std::string& member_id, const std::string& owned = "") {
    JoinRequest request = GroupFixture::Joining(member_id);
    request.protocols = {{"range", "t|" + owned}};
    return request;
  }
  // A stable classic group of two members.
  std::pair<JoinResult, JoinResult> ClassicGroup() {
    const JoinResult first = Join(Classic(""))->value();
    EXPECT_EQ(Sync(first, {{first.member_id, "t:0,t:1,t:2,t:3"}})->value().error,
              GroupError::kNone);
    const auto second = Join(Classic(""));
    const JoinResult leader = Join(Classic(first.member_id))->value();
    Sync(leader, {{leader.member_id, "t:0,t:1"}, {(*second)->member_id, "t:2,t:3"}});
    EXPECT_EQ(Sync(**second)->value().assignment, "t:2,t:3");
    return {leader, **second};
  }
  GroupError Beat(const JoinResult& joined) { return Heartbeat(Claim(joined)); }
  using ConsumerGroupFixture::Beat;
};

TEST_F(ConsumerGroupMigrationTest, AnOnlineGroupTakesAMemberOfTheOtherProtocol) {
  const auto [a, b] = ClassicGroup();
  const ConsumerHeartbeatResult joined = Beat(Joining("z"));
  EXPECT_EQ(joined.error, GroupError::kNone) << joined.message;
  EXPECT_EQ(joined.epoch, a.generation + 1);
  EXPECT_EQ(joined.assignment, Of({}));
  EXPECT_EQ(Describe().kind, GroupKind::kConsumer);
  ASSERT_THAT(Described().members, SizeIs(3));

  // The classic members keep what they have until they join again.
  EXPECT_EQ(Beat(a), GroupError::kRebalanceInProgress);
  EXPECT_EQ(Beat(b), GroupError::kRebalanceInProgress);
  EXPECT_EQ(ValidateCommit(Claim(a)), GroupError::kNone);
  const JoinResult a2 = Join(Classic(a.member_id))->value();
  EXPECT_EQ(a2.error, GroupError::kNone);
  EXPECT_EQ(a2.generation, joined.epoch);
  EXPECT_EQ(a2.protocol_name, "range");
  EXPECT_THAT(a2.members, IsEmpty());
  EXPECT_EQ(ValidateCommit(Claim(a)), GroupError::kIllegalGeneration);
  EXPECT_EQ(Beat(a2), GroupError::kNone);
  const std::string a_has = Sync(a2)->value().assignment;
  const JoinResult b2 = Join(Classic(b.member_id))->value();
  const std::string b_has = Sync(b2)->value().assignment;
  const ConsumerHeartbeatResult given = Beat(Staying("z", joined.epoch));
  ASSERT_TRUE(given.assignment.has_value());
  EXPECT_THAT(given.assignment->at(t_), SizeIs(1));
  EXPECT_EQ(a_has.size() + b_has.size(), std::string("t:0,t:1").size() + std::string("t:2").size());
  EXPECT_EQ(Described().state, GroupState::kStable);
}

TEST_F(ConsumerGroupMigrationTest, ACooperativeMemberLetsGoBeforeOthersGet) {
  const JoinResult a = Join(Classic(""))->value();
  Sync(a, {{a.member_id, "t:0,t:1,t:2,t:3"}});
  const ConsumerHeartbeatResult z = Beat(Joining("z"));
  EXPECT_EQ(Beat(a), GroupError::kRebalanceInProgress);
  const JoinResult asked = Join(Classic(a.member_id, "t:0,t:1,t:2,t:3"))->value();
  EXPECT_EQ(asked.generation, a.generation);
  EXPECT_EQ(Sync(asked)->value().assignment, "t:0,t:1");
  EXPECT_EQ(Beat(Staying("z", z.epoch)).assignment, std::nullopt);
  EXPECT_EQ(Beat(asked), GroupError::kRebalanceInProgress);
  const JoinResult done = Join(Classic(a.member_id, "t:0,t:1"))->value();
  EXPECT_EQ(done.generation, z.epoch);
  EXPECT_EQ(Sync(done)->value().assignment, "t:0,t:1");
  EXPECT_EQ(Beat(done), GroupError::kNone);
  EXPECT_EQ(Beat(Staying("z", z.epoch)).assignment, Of({2, 3}));
}

TEST_F(ConsumerGroupMigrationTest, AClassicMemberJoinsAGroupOfTheOtherKind) {
  Beat(Joining("z"));
  JoinRequest request = Classic("");
  request.require_member_id = true;
  const JoinResult first = Join(request)->value();
  EXPECT_EQ(first.error, GroupError::kMemberIdRequired);
  request.member_id = first.member_id;
  const JoinResult a = Join(request)->value();
  EXPECT_EQ(a.generation, 2);
  EXPECT_EQ(Sync(a)->value().assignment, "");
  EXPECT_EQ(Beat(a), GroupError::kNone);  // what it is to have is not free yet
  Beat(Staying("z", 1));
  Beat(Owning("z", 1, Of({0, 1})));
  EXPECT_EQ(Beat(a), GroupError::kRebalanceInProgress);
  const JoinResult again = Join(Classic(a.member_id))->value();
  EXPECT_THAT(Sync(again)->value().assignment, HasSubstr("t:"));
  EXPECT_EQ(Sync(again)->value().protocol_type, "consumer");

  request = Classic("");
  request.protocols = {{"other", "t"}};
  EXPECT_EQ(Join(request)->value().error, GroupError::kInconsistentProtocol);
  request.protocols = {{"range", "|||"}};
  EXPECT_EQ(Join(request)->value().error, GroupError::kInconsistentProtocol);
  request.protocol_type = "connect";
  EXPECT_EQ(Join(request)->value().error, GroupError::kInconsistentProtocol);
}

TEST_F(ConsumerGroupMigrationTest, TheGroupGoesBackWhenOnlyClassicMembersAreLeft) {
  const JoinResult a = Join(Classic(""))->value();
  Sync(a, {{a.member_id, "t:0,t:1,t:2,t:3"}});
  const ConsumerHeartbeatResult z = Beat(Joining("z"));
  const JoinResult a2 = Join(Classic(a.member_id))->value();
  Sync(a2);
  Beat(Staying("z", kLeaveEpoch));
  EXPECT_EQ(Describe().kind, GroupKind::kClassic);
  EXPECT_EQ(Describe().state, GroupState::kPreparingRebalance);
  EXPECT_EQ(Beat(a2), GroupError::kRebalanceInProgress);
  const JoinResult leads = Join(Classic(a.member_id))->value();
  EXPECT_EQ(leads.generation, z.epoch + 1);
  EXPECT_EQ(leads.leader, leads.member_id);
  Sync(leads, {{leads.member_id, "t:0,t:1,t:2,t:3"}});
  Restart();
  EXPECT_EQ(Describe().kind, GroupKind::kClassic);
  EXPECT_EQ(Describe().state, GroupState::kStable);
}

TEST_F(ConsumerGroupMigrationTest, AMixedGroupSurvivesARestart) {
  const JoinResult a = Join(Classic(""))->value();
  Sync(a, {{a.member_id, "t:0,t:1,t:2,t:3"}});
  Beat(Joining("z"));
  Restart();
  EXPECT_EQ(Describe().kind, GroupKind::kConsumer);
  ASSERT_THAT(Described().members, SizeIs(2));
  EXPECT_EQ(Beat(a), GroupError::kRebalanceInProgress);
  EXPECT_EQ(Join(Classic(a.member_id))->value().error, GroupError::kNone);
}

TEST_F(ConsumerGroupMigrationTest, WhoeverWaitsForARebalanceJoinsAgain) {
  const JoinResult a = Join(Classic(""))->value();
  Sync(a, {{a.member_id, "t:0"}});
  const auto b = Join(Classic(""));
  EXPECT_FALSE(b->has_value());
  Beat(Joining("z"));
  ASSERT_TRUE(b->has_value());
  EXPECT_EQ((*b)->error, GroupError::kRebalanceInProgress);
}

TEST_F(ConsumerGroupMigrationTest, GroupsOfOtherProtocolsStayAsTheyAre) {
  JoinRequest request = Classic("");
  request.protocol_type = "connect";
  const JoinResult a = Join(request)->value();
  Sync(a, {{a.member_id, "x"}});
  const ConsumerHeartbeatResult refused = Beat(Joining("z"));
  EXPECT_EQ(refused.error, GroupError::kGroupNotFound);
  EXPECT_THAT(refused.message, HasSubstr("is not a consumer group"));
  EXPECT_EQ(Beat(a), GroupError::kNone);
  EXPECT_EQ(Leave({a.member_id, std::nullopt}), GroupError::kNone);
  // A leader that assigns in its own way.
  const JoinResult b = Join(Classic(""))->value();
  Sync(b, {{b.member_id, "its own words"}});
  EXPECT_EQ(Beat(Joining("z")).error, GroupError::kGroupNotFound);
  EXPECT_EQ(Beat(b), GroupError::kNone);
}

TEST_F(ConsumerGroupMigrationTest, AClassicMemberThatDoesNotComeAgainIsOut) {
  JoinRequest request = Classic("");
  request.session_timeout = seconds(1000);
  const JoinResult a = Join(request)->value();
  Sync(a, {{a.member_id, "t:0,t:1,t:2,t:3"}});
  times_.session_timeout = seconds(1000);
  const ConsumerHeartbeatResult z = Beat(Joining("z"));
  EXPECT_EQ(Beat(a), GroupError::kRebalanceInProgress);
  Advance(seconds(61));
  EXPECT_EQ(Beat(a), GroupError::kUnknownMember);
  EXPECT_EQ(Beat(Staying("z", z.epoch)).assignment, Of({0, 1, 2, 3}));
}

}  // namespace
}  // namespace wherry::core
