#include <algorithm>
#include <array>
#include <numeric>

#include "broker/core/assignor.h"

namespace wherry::core {

namespace {

constexpr std::array<Assignor, 2> kAssignors = {{
    {"uniform", AssignUniform},
    {"range", AssignRange},
}};

// Static members first: those keep their places through restarts.
bool Before(const AssignorInput::Member& a, const AssignorInput::Member& b) {
  if (a.instance_id.has_value() != b.instance_id.has_value()) return a.instance_id.has_value();
  if (a.instance_id.has_value()) return *a.instance_id < *b.instance_id;
  return a.id < b.id;
}

}  // namespace

std::span<const Assignor> Assignors() { return kAssignors; }

const Assignor* FindAssignor(std::string_view name) {
  for (const Assignor& assignor : kAssignors) {
    if (assignor.name == name) return &assignor;
  }
  return nullptr;
}

TargetAssignment AssignRange(const AssignorInput& input) {
  std::vector<std::size_t> order(input.members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&input](std::size_t a, std::size_t b) {
    return Before(input.members[a], input.members[b]);
  });
  std::map<TopicId, std::vector<std::size_t>> subscribers;
  for (const std::size_t member : order) {
    for (const TopicId& topic : input.members[member].topics) subscribers[topic].push_back(member);
  }
  TargetAssignment target(input.members.size());
  for (const auto& [topic, members] : subscribers) {
    const auto share = input.partitions.at(topic) / static_cast<std::int32_t>(members.size());
    const auto extra = input.partitions.at(topic) % static_cast<std::int32_t>(members.size());
    // Seven partitions over three members: 0-2, 3-4, 5-6.
    std::int32_t next = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::int32_t end = next + share + (static_cast<std::int32_t>(i) < extra ? 1 : 0);
      while (next < end) target[members[i]][topic].insert(next++);
    }
  }
  return target;
}

}  // namespace wherry::core
