#include "broker/core/assignor.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "broker/runtime/random.h"

namespace wherry::core {
namespace {

using Random = runtime::Random;

TopicId Topic(std::uint8_t number) {
  TopicId id{};
  id[0] = number;
  return id;
}

// A group that changes, and its current assignment. Owned by a test.
struct World {
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::set<TopicId> topics;
    PartitionsOfTopics current;
  };
  std::vector<Member> members;
  std::map<TopicId, std::int32_t> partitions;

  AssignorInput Input() const {
    AssignorInput input;
    input.partitions = partitions;
    for (const Member& member : members) {
      input.members.push_back({member.id, member.instance_id, member.topics, &member.current});
    }
    return input;
  }
  void Take(TargetAssignment target) {
    for (std::size_t i = 0; i < members.size(); ++i) members[i].current = std::move(target[i]);
  }
};

std::size_t Load(const PartitionsOfTopics& all) {
  std::size_t load = 0;
  for (const auto& [topic, partitions] : all) load += partitions.size();
  return load;
}

// Every partition that somebody subscribes to has one owner, who does.
void ExpectValid(const World& world, const TargetAssignment& target) {
  ASSERT_EQ(target.size(), world.members.size());
  std::map<TopicId, std::set<std::int32_t>> owned;
  for (std::size_t i = 0; i < target.size(); ++i) {
    for (const auto& [topic, partitions] : target[i]) {
      ASSERT_FALSE(partitions.empty());
      ASSERT_TRUE(world.members[i].topics.contains(topic));
      for (const std::int32_t partition : partitions) {
        ASSERT_TRUE(partition >= 0 && partition < world.partitions.at(topic));
        ASSERT_TRUE(owned[topic].insert(partition).second) << "two owners";
      }
    }
  }
  for (const auto& member : world.members) {
    for (const TopicId& topic : member.topics) {
      ASSERT_EQ(owned[topic].size(), static_cast<std::size_t>(world.partitions.at(topic)));
    }
  }
}

// Whether giving partitions on, over however many members, could make it more even: the test's own
// way to say so, by closing the relation "may give one to".
bool CouldBeMoreEven(const World& world, const TargetAssignment& target) {
  const std::size_t count = target.size();
  std::vector<std::vector<bool>> reaches(count, std::vector<bool>(count, false));
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      for (const auto& [topic, partitions] : target[a]) {
        if (world.members[b].topics.contains(topic)) reaches[a][b] = true;
      }
    }
  }
  for (std::size_t via = 0; via < count; ++via) {
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b < count; ++b) {
        if (reaches[a][via] && reaches[via][b]) reaches[a][b] = true;
      }
    }
  }
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      if (reaches[a][b] && Load(target[a]) >= Load(target[b]) + 2) return true;
    }
  }
  return false;
}

World RandomWorld(Random& random, bool alike) {
  World world;
  const auto topics = static_cast<std::uint8_t>(1 + random.Below(6));
  for (std::uint8_t t = 0; t < topics; ++t) {
    world.partitions[Topic(t)] = static_cast<std::int32_t>(1 + random.Below(12));
  }
  const std::uint64_t members = 1 + random.Below(8);
  for (std::uint64_t m = 0; m < members; ++m) {
    World::Member& member = world.members.emplace_back();
    member.id = "m" + std::to_string(m);
    if (random.Below(3) == 0) member.instance_id = "i" + std::to_string(9 - m);
    for (std::uint8_t t = 0; t < topics; ++t) {
      if (alike || random.Below(2) == 0) member.topics.insert(Topic(t));
    }
  }
  return world;
}

RC_GTEST_PROP(UniformAssignorTest, EveryAssignmentIsValidAndEven, (std::uint64_t seed)) {
  Random random(seed);
  World world = RandomWorld(random, random.Below(2) == 0);
  for (int step = 0; step < 6; ++step) {
    TargetAssignment target = AssignUniform(world.Input());
    ExpectValid(world, target);
    RC_ASSERT(!CouldBeMoreEven(world, target));
    world.Take(std::move(target));
    // Nothing has changed: neither does the assignment.
    const TargetAssignment again = AssignUniform(world.Input());
    for (std::size_t i = 0; i < again.size(); ++i) {
      RC_ASSERT(again[i] == world.members[i].current);
    }
    const std::uint64_t what = random.Below(3);
    if (what == 0 && world.members.size() > 1) {
      world.members.erase(world.members.begin() +
                          static_cast<long>(random.Below(world.members.size())));
    } else if (what == 1) {
      World::Member& member = world.members.emplace_back(world.members.front());
      member.id = "n" + std::to_string(step);
      member.current.clear();
    } else {
      world.partitions[Topic(0)] += 2;
    }
  }
}

RC_GTEST_PROP(UniformAssignorTest, WhoComesTakesNoMoreThanItsShare, (std::uint64_t seed)) {
  Random random(seed);
  World world = RandomWorld(random, true);
  world.Take(AssignUniform(world.Input()));
  World::Member newcomer = world.members.front();
  newcomer.id = "z";
  newcomer.current.clear();
  world.members.push_back(newcomer);
  const TargetAssignment target = AssignUniform(world.Input());
  for (std::size_t i = 0; i + 1 < world.members.size(); ++i) {
    for (const auto& [topic, partitions] : target[i]) {
      for (const std::int32_t partition : partitions) {
        // Nobody but the newcomer gets anything.
        const auto had = world.members[i].current.find(topic);
        RC_ASSERT(had != world.members[i].current.end() && had->second.contains(partition));
      }
    }
  }
}

RC_GTEST_PROP(UniformAssignorTest, WhoGoesLeavesOthersWhatTheyHave, (std::uint64_t seed)) {
  Random random(seed);
  World world = RandomWorld(random, true);
  RC_PRE(world.members.size() > 1u);
  world.Take(AssignUniform(world.Input()));
  world.members.erase(world.members.begin());
  const TargetAssignment target = AssignUniform(world.Input());
  for (std::size_t i = 0; i < world.members.size(); ++i) {
    for (const auto& [topic, partitions] : world.members[i].current) {
      for (const std::int32_t partition : partitions) {
        RC_ASSERT(target[i].at(topic).contains(partition));
      }
    }
  }
}

TEST(UniformAssignorTest, PartitionsWanderOverAMemberInBetween) {
  // A may have x alone, B x and y, C y alone; B must take one of x for C to take one of y.
  World world;
  world.partitions = {{Topic(1), 4}, {Topic(2), 2}};
  world.members = {{"a", {}, {Topic(1)}, {{Topic(1), {0, 1, 2, 3}}}},
                   {"b", {}, {Topic(1), Topic(2)}, {{Topic(2), {0, 1}}}},
                   {"c", {}, {Topic(2)}, {}}};
  const TargetAssignment target = AssignUniform(world.Input());
  for (const PartitionsOfTopics& one : target) EXPECT_EQ(Load(one), 2u);
}

TEST(UniformAssignorTest, AThousandMembersShareTenThousandPartitions) {
  World world;
  for (std::uint8_t t = 0; t < 10; ++t) world.partitions[Topic(t)] = 1000;
  for (int m = 0; m < 1000; ++m) {
    World::Member& member = world.members.emplace_back();
    member.id = std::to_string(100000 + m);
    for (const auto& [topic, count] : world.partitions) member.topics.insert(topic);
  }
  const TargetAssignment target = AssignUniform(world.Input());
  for (const PartitionsOfTopics& one : target) ASSERT_EQ(Load(one), 10u);
}

RC_GTEST_PROP(RangeAssignorTest, EveryTopicIsCutIntoRanges, (std::uint64_t seed)) {
  Random random(seed);
  const World world = RandomWorld(random, random.Below(2) == 0);
  const TargetAssignment target = AssignRange(world.Input());
  ExpectValid(world, target);
  for (const auto& [topic, count] : world.partitions) {
    std::size_t least = SIZE_MAX;
    std::size_t most = 0;
    for (std::size_t i = 0; i < target.size(); ++i) {
      if (!world.members[i].topics.contains(topic)) continue;
      const auto found = target[i].find(topic);
      const std::size_t size = found == target[i].end() ? 0 : found->second.size();
      least = std::min(least, size);
      most = std::max(most, size);
      if (size == 0) continue;
      const std::int32_t span = *found->second.rbegin() - *found->second.begin();
      RC_ASSERT(static_cast<std::size_t>(span) + 1 == size);
    }
    RC_ASSERT(most == 0 || most - least <= 1);
  }
}

TEST(RangeAssignorTest, StaticMembersComeFirstInTheOrderOfTheirNames) {
  World world;
  world.partitions = {{Topic(1), 7}, {Topic(2), 3}};
  world.members = {{"a", {}, {Topic(1), Topic(2)}, {}},
                   {"b", "x", {Topic(1), Topic(2)}, {}},
                   {"c", "w", {Topic(1), Topic(2)}, {}}};
  const TargetAssignment target = AssignRange(world.Input());
  EXPECT_EQ(target[2], (PartitionsOfTopics{{Topic(1), {0, 1, 2}}, {Topic(2), {0}}}));
  EXPECT_EQ(target[1], (PartitionsOfTopics{{Topic(1), {3, 4}}, {Topic(2), {1}}}));
  EXPECT_EQ(target[0], (PartitionsOfTopics{{Topic(1), {5, 6}}, {Topic(2), {2}}}));
}

TEST(AssignorTest, UniformIsTheDefault) {
  EXPECT_EQ(Assignors().front().name, "uniform");
  EXPECT_EQ(FindAssignor("range")->assign, AssignRange);
  EXPECT_EQ(FindAssignor("sticky"), nullptr);
}

}  // namespace
}  // namespace wherry::core
