#include "broker/core/reconciliation.h"

#include <map>
#include <string>

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

const TopicId kT = {1};

PartitionsOfTopics Of(std::set<std::int32_t> partitions) {
  if (partitions.empty()) return {};
  return {{kT, std::move(partitions)}};
}
bool All(const TopicId&, std::int32_t) { return true; }
bool None(const TopicId&, std::int32_t) { return false; }

TEST(ReconciliationTest, AFreePartitionIsGivenAtOnce) {
  const MemberAssignment next = Reconcile({}, Of({0, 1}), 5, Of({}), All);
  EXPECT_EQ(next, (MemberAssignment{MemberState::kStable, 5, 0, Of({0, 1}), {}}));
  EXPECT_TRUE(next.Follows(5));
  EXPECT_EQ(Reconcile(next, Of({0, 1}), 5, std::nullopt, None), next);
}

TEST(ReconciliationTest, WhatOthersHaveIsWaitedFor) {
  const MemberAssignment waits = Reconcile({}, Of({0, 1}), 5, Of({}), [](const TopicId&, int p) {
    return p == 0;
  });
  EXPECT_EQ(waits, (MemberAssignment{MemberState::kUnreleased, 5, 0, Of({0}), {}}));
  EXPECT_EQ(Reconcile(waits, Of({0, 1}), 5, std::nullopt, All),
            (MemberAssignment{MemberState::kStable, 5, 5, Of({0, 1}), {}}));
}

TEST(ReconciliationTest, NothingIsGivenBeforeWhatIsTakenIsLetGoOf) {
  const MemberAssignment has{MemberState::kStable, 5, 4, Of({0, 1}), {}};
  const MemberAssignment asked = Reconcile(has, Of({1, 2}), 6, std::nullopt, All);
  EXPECT_EQ(asked, (MemberAssignment{MemberState::kUnrevoked, 5, 5, Of({1}), Of({0})}));
  // It says nothing, or still owns it: nothing happens.
  EXPECT_EQ(Reconcile(asked, Of({1, 2}), 6, std::nullopt, All), asked);
  EXPECT_EQ(Reconcile(asked, Of({1, 2}), 6, Of({0, 1}), All), asked);
  EXPECT_EQ(Reconcile(asked, Of({1, 2}), 6, Of({1}), All),
            (MemberAssignment{MemberState::kStable, 6, 5, Of({1, 2}), {}}));
}

TEST(ReconciliationTest, ATargetThatChangesMeanwhileMayTakeMore) {
  const MemberAssignment asked{MemberState::kUnrevoked, 5, 5, Of({1, 2}), Of({0})};
  EXPECT_EQ(Reconcile(asked, Of({2}), 9, Of({1, 2}), All),
            (MemberAssignment{MemberState::kUnrevoked, 6, 5, Of({2}), Of({1})}));
}

TEST(ReconciliationTest, WhoOwnsNothingNeedNotBeAskedToLetGo) {
  const MemberAssignment has{MemberState::kStable, 5, 4, Of({0, 1}), {}};
  EXPECT_EQ(Reconcile(has, Of({}), 6, Of({}), All),
            (MemberAssignment{MemberState::kStable, 6, 5, {}, {}}));
}

}  // namespace
}  // namespace wherry::core
