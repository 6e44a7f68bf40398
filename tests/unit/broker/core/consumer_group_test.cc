#include "broker/core/consumer_group.h"

#include "tests/unit/broker/core/consumer_group_fixture.h"

namespace wherry::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using ConsumerGroupTest = ConsumerGroupFixture;

TEST_F(ConsumerGroupTest, TheFirstMemberGetsEverythingAtOnce) {
  const ConsumerHeartbeatResult joined = Beat(Joining("a"));
  EXPECT_EQ(joined.error, GroupError::kNone) << joined.message;
  EXPECT_EQ(joined.member_id, "a");
  EXPECT_EQ(joined.epoch, 1);
  EXPECT_EQ(joined.interval, seconds(5));
  EXPECT_EQ(joined.assignment, Of({0, 1, 2, 3}));
  EXPECT_EQ(Described().state, GroupState::kStable);
  // Nothing is new, nothing is told.
  EXPECT_EQ(Beat(Staying("a", 1)).assignment, std::nullopt);
  // All fields: it wants to hear it again.
  ConsumerHeartbeat full = Joining("a");
  full.epoch = 1;
  full.owned = Of({0, 1, 2, 3});
  EXPECT_EQ(Beat(full).assignment, Of({0, 1, 2, 3}));
}

TEST_F(ConsumerGroupTest, AMemberWithoutAnIdIsGivenOne) {
  const ConsumerHeartbeatResult joined = Beat(Joining(""));
  EXPECT_THAT(joined.member_id, SizeIs(22));
  EXPECT_EQ(Beat(Staying(joined.member_id, 1)).error, GroupError::kNone);
}

TEST_F(ConsumerGroupTest, APartitionIsGivenOnlyWhenItsOwnerHasLetGoOfIt) {
  Beat(Joining("a"));
  const ConsumerHeartbeatResult b = Beat(Joining("b"));
  EXPECT_EQ(b.epoch, 2);
  EXPECT_EQ(b.assignment, Of({}));  // a still has them
  EXPECT_EQ(Described().state, GroupState::kReconciling);
  const ConsumerHeartbeatResult a = Beat(Staying("a", 1));
  EXPECT_EQ(a.epoch, 1);
  EXPECT_EQ(a.assignment, Of({0, 1}));
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, std::nullopt);
  EXPECT_EQ(Beat(Owning("a", 1, Of({0, 1}))).epoch, 2);
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, Of({2, 3}));
  EXPECT_EQ(Described().state, GroupState::kStable);
}

TEST_F(ConsumerGroupTest, WhoLeavesLeavesItsPartitionsToTheOthers) {
  Beat(Joining("a"));
  Beat(Joining("b"));
  Beat(Staying("a", 1));
  Beat(Owning("a", 1, Of({0, 1})));
  const ConsumerHeartbeatResult left = Beat(Staying("a", kLeaveEpoch));
  EXPECT_EQ(left.error, GroupError::kNone);
  EXPECT_EQ(left.epoch, kLeaveEpoch);
  EXPECT_EQ(Described().state, GroupState::kAssigning);
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, Of({0, 1, 2, 3}));
  EXPECT_EQ(Beat(Staying("a", 2)).error, GroupError::kUnknownMember);
  Beat(Staying("b", kLeaveEpoch));
  EXPECT_EQ(Described().state, GroupState::kEmpty);
  EXPECT_EQ(Described().epoch, 4);
  EXPECT_EQ(Beat(Staying("b", kLeaveEpoch)).error, GroupError::kUnknownMember);
}

TEST_F(ConsumerGroupTest, ASilentMemberIsOut) {
  Beat(Joining("a"));
  Beat(Joining("b"));
  Advance(seconds(30));
  Beat(Staying("b", 2));
  Advance(seconds(30));
  EXPECT_THAT(Described().members, SizeIs(1));
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, Of({0, 1, 2, 3}));
}

TEST_F(ConsumerGroupTest, EachGroupHasItsOwnTimes) {
  times_.session_timeout = milliseconds(100);
  times_.heartbeat_interval = milliseconds(10);
  EXPECT_EQ(Beat(Joining("a")).interval, milliseconds(10));
  Advance(milliseconds(101));
  EXPECT_THAT(Described().members, IsEmpty());
}

TEST_F(ConsumerGroupTest, WhoDoesNotLetGoInTimeIsOut) {
  times_.session_timeout = seconds(1000);
  Beat(Joining("a"));
  Beat(Joining("b"));
  Beat(Staying("a", 1));
  Advance(seconds(59));
  Beat(Staying("a", 1));
  EXPECT_THAT(Described().members, SizeIs(2));
  Advance(seconds(2));
  EXPECT_THAT(Described().members, SizeIs(1));
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, Of({0, 1, 2, 3}));
  EXPECT_EQ(Beat(Staying("a", 1)).error, GroupError::kUnknownMember);
}

TEST_F(ConsumerGroupTest, OtherEpochsAreFenced) {
  Beat(Joining("a"));
  EXPECT_EQ(Beat(Staying("a", 2)).error, GroupError::kFencedMemberEpoch);
  Beat(Joining("b"));
  Beat(Staying("a", 1));
  Beat(Owning("a", 1, Of({0, 1})));  // now in epoch 2
  // The answer was lost: the epoch before is good while nothing else is owned.
  EXPECT_EQ(Beat(Owning("a", 1, Of({0}))).epoch, 2);
  EXPECT_EQ(Beat(Owning("a", 1, Of({0, 1, 2}))).error, GroupError::kFencedMemberEpoch);
  EXPECT_EQ(Beat(Staying("a", 1)).error, GroupError::kFencedMemberEpoch);
  // It gives up everything and joins again.
  const ConsumerHeartbeatResult again = Beat(Joining("a"));
  EXPECT_EQ(again.epoch, 2);
  EXPECT_EQ(again.assignment, Of({0, 1}));
}

TEST_F(ConsumerGroupTest, ASubscriptionFollowsItsTopics) {
  Beat(Joining("a", {"t", "u"}));
  SetTopic("v", 1);
  EXPECT_EQ(Beat(Staying("a", 1)).epoch, 1);  // not its own
  const TopicId u = SetTopic("u", 1);
  const ConsumerHeartbeatResult more = Beat(Staying("a", 1));
  EXPECT_EQ(more.epoch, 2);
  EXPECT_EQ(more.assignment, (PartitionsOfTopics{{t_, {0, 1, 2, 3}}, {u, {0}}}));
  SetTopic("u", 2);
  EXPECT_EQ(Beat(Staying("a", 2)).assignment,
            (PartitionsOfTopics{{t_, {0, 1, 2, 3}}, {u, {0, 1}}}));
  On([this] { topics_.Delete("t"); });
  EXPECT_EQ(Beat(Staying("a", 3)).assignment, (PartitionsOfTopics{{u, {0, 1}}}));
  ConsumerHeartbeat other = Owning("a", 3, {{u, {0, 1}}});
  other.topics = {"v"};
  EXPECT_EQ(Beat(other).assignment, Of({}));  // lets go first
}

TEST_F(ConsumerGroupTest, APatternFollowsTheNames) {
  ConsumerHeartbeat request = Joining("a");
  request.topics.reset();
  request.pattern = "logs-.*";
  EXPECT_EQ(Beat(request).assignment, Of({}));
  const TopicId one = SetTopic("logs-1", 1);
  SetTopic("old-logs-1", 1);  // the whole name must match
  EXPECT_EQ(Beat(Staying("a", 1)).assignment, (PartitionsOfTopics{{one, {0}}}));
  EXPECT_EQ(Described().members[0].pattern, "logs-.*");
  request.member_id = "b";
  request.pattern = "(";
  const ConsumerHeartbeatResult refused = Beat(request);
  EXPECT_EQ(refused.error, GroupError::kInvalidPattern);
  EXPECT_THAT(refused.message, HasSubstr("missing )"));
  request.pattern = std::string(NamePattern::kMaxSize + 1, 'x');
  EXPECT_EQ(Beat(request).error, GroupError::kInvalidPattern);
}

TEST_F(ConsumerGroupTest, TheMembersChooseTheAssignor) {
  ConsumerHeartbeat request = Joining("a");
  request.assignor = "sticky";
  const ConsumerHeartbeatResult refused = Beat(request);
  EXPECT_EQ(refused.error, GroupError::kUnsupportedAssignor);
  EXPECT_THAT(refused.message, HasSubstr("uniform, range"));
  On([this] { EXPECT_THAT(groups_->List(), IsEmpty()); });
  EXPECT_EQ(Beat(Joining("b")).error, GroupError::kNone);
  EXPECT_EQ(Described().assignor, "uniform");
  request.assignor = "range";
  Beat(request);
  EXPECT_EQ(Described().assignor, "range");
}

TEST_F(ConsumerGroupTest, AStaticMemberComesBackToItsPartitions) {
  Beat(As(Joining("a"), "one"));
  Beat(As(Joining("b"), "two"));
  EXPECT_EQ(Beat(As(Joining("c"), "one")).error, GroupError::kUnreleasedInstance);
  EXPECT_EQ(Beat(As(Staying("c", 1), "one")).error, GroupError::kFencedInstance);
  EXPECT_EQ(Beat(As(Staying("c", 1), "three")).error, GroupError::kUnknownMember);
  Beat(As(Staying("a", 1), "one"));
  Beat(As(Owning("a", 1, Of({0, 1})), "one"));
  EXPECT_EQ(Beat(As(Staying("a", kLeaveForNowEpoch), "one")).epoch, kLeaveForNowEpoch);
  EXPECT_EQ(Beat(As(Staying("b", 2), "two")).assignment, Of({2, 3}));
  const std::int32_t epoch = Described().epoch;
  const ConsumerHeartbeatResult back = Beat(As(Joining("c"), "one"));
  EXPECT_EQ(back.assignment, Of({0, 1}));
  EXPECT_EQ(back.epoch, epoch);  // nobody else notices
  EXPECT_EQ(Beat(As(Staying("a", 2), "one")).error, GroupError::kFencedInstance);
  Beat(As(Staying("c", kLeaveForNowEpoch), "one"));
  Advance(seconds(44));
  Beat(As(Staying("b", 2), "two"));
  Advance(seconds(2));
  EXPECT_THAT(Described().members, SizeIs(1));
  EXPECT_EQ(Beat(As(Staying("b", 2), "two")).assignment, Of({0, 1, 2, 3}));
}

TEST_F(ConsumerGroupTest, ItSurvivesARestart) {
  Beat(As(Joining("a"), "one"));
  Beat(Joining("b"));
  Beat(As(Staying("a", 1), "one"));
  const ConsumerGroupDescription before = Described();
  Restart();
  const ConsumerGroupDescription after = Described();
  EXPECT_EQ(after.epoch, before.epoch);
  EXPECT_EQ(after.state, GroupState::kReconciling);
  ASSERT_THAT(after.members, SizeIs(2));
  EXPECT_EQ(after.members[0].assigned, Of({0, 1}));
  EXPECT_EQ(after.members[1].target, before.members[1].target);
  // Nothing has changed: no new epoch, and the reconciliation goes on.
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, std::nullopt);
  EXPECT_EQ(Beat(As(Owning("a", 1, Of({0, 1})), "one")).epoch, 2);
  EXPECT_EQ(Beat(Staying("b", 2)).assignment, Of({2, 3}));
  Beat(Staying("b", kLeaveEpoch));
  Restart();
  EXPECT_THAT(Described().members, SizeIs(1));
  EXPECT_EQ(Described().epoch, 3);
}

TEST_F(ConsumerGroupTest, OnlyMembersOfThePresentEpochCommit) {
  EXPECT_EQ(ValidateCommit({"g", -1, "", std::nullopt}), GroupError::kNone);
  Beat(Joining("a"));
  EXPECT_EQ(ValidateCommit({"g", -1, "", std::nullopt}), GroupError::kUnknownMember);
  EXPECT_EQ(ValidateCommit({"g", 1, "a", std::nullopt}), GroupError::kNone);
  EXPECT_EQ(ValidateCommit({"g", 2, "a", std::nullopt}), GroupError::kStaleMemberEpoch);
  EXPECT_EQ(ValidateCommit({"g", 1, "a", std::nullopt, 0, false, false}),
            GroupError::kUnsupportedVersion);
  EXPECT_EQ(ValidateCommit({"g", 1, "a", std::nullopt, 0, true, false}), GroupError::kNone);
  EXPECT_EQ(ValidateCommit({"g", -1, "", std::nullopt, 0, true}), GroupError::kNone);
  On([this] {
    EXPECT_EQ(groups_->ValidateFetch({"g", -1, "", std::nullopt}), GroupError::kNone);
    EXPECT_EQ(groups_->ValidateFetch({"g", 1, "a", std::nullopt}), GroupError::kNone);
    EXPECT_EQ(groups_->ValidateFetch({"g", 0, "a", std::nullopt}), GroupError::kStaleMemberEpoch);
    EXPECT_EQ(groups_->ValidateFetch({"g", 1, "b", std::nullopt}), GroupError::kUnknownMember);
  });
}

TEST_F(ConsumerGroupTest, AnEmptyGroupBecomesOfTheOtherKind) {
  Beat(Joining("a"));
  Beat(Staying("a", kLeaveEpoch));
  Commit("g", "t", 7);
  const JoinResult classic = Join(GroupFixture::Joining())->value();
  EXPECT_EQ(classic.generation, 1);
  EXPECT_EQ(Beat(Staying("a", 1)).error, GroupError::kGroupNotFound);
  EXPECT_EQ(Leave({classic.member_id, std::nullopt}), GroupError::kNone);
  EXPECT_EQ(Beat(Joining("a")).error, GroupError::kNone);
  Restart();
  EXPECT_EQ(Describe().kind, GroupKind::kConsumer);
  EXPECT_EQ(Fetch("g", "t")->offset, 7);
  EXPECT_EQ(Delete("g"), GroupError::kNonEmptyGroup);
  Beat(Staying("a", kLeaveEpoch));
  EXPECT_EQ(Delete("g"), GroupError::kNone);
  Restart();
  On([this] { EXPECT_THAT(groups_->List(), IsEmpty()); });
}

TEST_F(ConsumerGroupTest, AFullGroupTakesNobodyElse) {
  Close();
  settings_.max_group_size = 1;
  Open();
  Beat(Joining("a"));
  EXPECT_EQ(Beat(Joining("b")).error, GroupError::kGroupFull);
  EXPECT_EQ(Beat(Joining("a")).error, GroupError::kNone);
}

TEST_F(ConsumerGroupTest, NoHistoryHasTwoOwnersOfAPartition) {
  runtime::Random random(7);
  SetTopic("u", 3);
  for (int round = 0; round < 20; ++round) {
    std::map<std::string, PlayedMember> members;
    for (int step = 0; step < 60; ++step) {
      const std::string id = "m" + std::to_string(random.Below(5));
      PlayedMember& member = members[id];
      member.id = id;
      const std::uint64_t what = random.Below(12);
      if (what == 0) {
        Beat(Staying(id, kLeaveEpoch));
        members.erase(id);
      } else if (what == 1) {
        member.topics = random.Below(2) == 0 ? std::set<std::string>{"t", "u"}
                                             : std::set<std::string>{"u"};
      } else if (what == 2) {
        SetTopic("t", static_cast<std::int32_t>(4 + random.Below(3) + step / 20));
      } else if (what == 3) {
        Restart();
      } else {
        Beat(member);
      }
      std::map<std::pair<TopicId, std::int32_t>, std::string> owner;
      for (const auto& [name, played] : members) {
        for (const auto& [topic, partitions] : played.owned) {
          for (const std::int32_t partition : partitions) {
            ASSERT_TRUE(owner.emplace(std::pair(topic, partition), name).second)
                << "round " << round << ", step " << step << ": " << name;
          }
        }
      }
    }
    // Left alone, everybody gets what it is to have.
    for (int i = 0; i < 8; ++i) {
      for (auto& [id, member] : members) Beat(member);
    }
    const ConsumerGroupDescription group = Described();
    EXPECT_EQ(group.state, members.empty() ? GroupState::kEmpty : GroupState::kStable);
    for (const auto& member : group.members) {
      EXPECT_EQ(member.assigned, member.target);
      EXPECT_EQ(members[member.id].owned, member.target);
    }
    for (auto& [id, member] : members) Beat(Staying(id, kLeaveEpoch));
  }
}

}  // namespace
}  // namespace wherry::core
