#include "broker/kafka/nodes.h"

#include <set>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "broker/kafka/topic_catalog.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;

Topic Replicated(std::int16_t factor) {
  Topic topic;
  topic.replication_factor = factor;
  return topic;
}

TEST(NodesTest, OneNodeLeadsAndCoordinatesEverything) {
  const Nodes nodes(1);
  const Topic topic = Replicated(3);
  for (const std::int32_t partition : {0, 1, 9999}) {
    EXPECT_EQ(nodes.LeaderOf(topic, partition), 1);
    EXPECT_THAT(nodes.ReplicasOf(topic, partition), ElementsAre(1));
    EXPECT_EQ(nodes.PreferredReplica(topic, partition, "rack-1"), -1);
  }
  EXPECT_EQ(nodes.CoordinatorOf("group"), 1);
  EXPECT_EQ(nodes.RackOf(1), "");
}

TEST(NodesTest, ReplicasStandBehindTheLeader) {
  const Nodes nodes(3);
  EXPECT_THAT(nodes.ReplicasOf(Replicated(1), 1), ElementsAre(2));
  EXPECT_THAT(nodes.ReplicasOf(Replicated(2), 2), ElementsAre(3, 1));
  EXPECT_THAT(nodes.ReplicasOf(Replicated(7), 4), ElementsAre(2, 3, 1));
}

TEST(NodesTest, WhoIsAReplicaAgreesWithTheList) {
  const Nodes nodes(5);
  for (std::int16_t factor = 1; factor <= 6; ++factor) {
    const Topic topic = Replicated(factor);
    for (std::int32_t partition = 0; partition < 7; ++partition) {
      const std::vector<std::int32_t> replicas = nodes.ReplicasOf(topic, partition);
      const std::set<std::int32_t> listed(replicas.begin(), replicas.end());
      for (std::int32_t node = 1; node <= 5; ++node) {
        EXPECT_EQ(nodes.IsReplica(topic, partition, node), listed.contains(node));
      }
    }
  }
}

TEST(NodesTest, EveryNodeCoordinatesSome) {
  const Nodes nodes(3);
  std::set<std::int32_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(nodes.CoordinatorOf(absl::StrCat("group-", i)));
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST(NodesTest, AReaderIsSentToTheReplicaOfItsRackUnlessThatLeads) {
  const Nodes nodes(3);
  EXPECT_EQ(nodes.PreferredReplica(Replicated(3), 0, "rack-3"), 3);
  EXPECT_EQ(nodes.PreferredReplica(Replicated(3), 0, "rack-1"), -1);
  EXPECT_EQ(nodes.PreferredReplica(Replicated(2), 0, "rack-3"), -1);
  EXPECT_EQ(nodes.PreferredReplica(Replicated(3), 0, ""), -1);
  EXPECT_EQ(nodes.PreferredReplica(Replicated(3), 0, "elsewhere"), -1);
}

TEST(NodesTest, OneThatHasStoppedIsOutOfSyncAndAnotherDoesItsWork) {
  Nodes nodes(3);
  const std::int32_t before = nodes.CoordinatorOf("group");
  nodes.SetUp(before, false);
  EXPECT_FALSE(nodes.IsUp(before));
  EXPECT_EQ(nodes.CoordinatorOf("group"), before % 3 + 1);
  nodes.SetUp(before, true);
  EXPECT_EQ(nodes.CoordinatorOf("group"), before);

  nodes.SetUp(1, false);
  EXPECT_EQ(nodes.Controller(), 2);
  EXPECT_THAT(nodes.ReplicasOf(Replicated(2), 2), ElementsAre(3, 1));
  EXPECT_THAT(nodes.InSyncOf(Replicated(2), 2), ElementsAre(3));
  EXPECT_THAT(nodes.StoppedOf(Replicated(2), 2), ElementsAre(1));
  EXPECT_THAT(nodes.InSyncOf(Replicated(1), 0), ElementsAre(1));
  EXPECT_EQ(nodes.PreferredReplica(Replicated(3), 1, "rack-1"), -1);
}

}  // namespace
}  // namespace wherry::kafka
