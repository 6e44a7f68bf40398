#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/topic_directory.h"

namespace wherry::core {

// What an assignor looks at.
struct AssignorInput {
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::set<TopicId> topics;         // that it subscribes to; all of them in `partitions`
    const PartitionsOfTopics* current;  // what it was to have up to now
  };

  std::vector<Member> members;                // in order of their ids
  std::map<TopicId, std::int32_t> partitions;  // how many each topic has
};

// What each member is to have, in the order of the members. Every partition that somebody
// subscribes to has exactly one owner, who does.
using TargetAssignment = std::vector<PartitionsOfTopics>;

// A server's side way of sharing (KIP-848). Constant; any thread.
struct Assignor {
  std::string_view name;
  TargetAssignment (*assign)(const AssignorInput& input);
};

// As even as subscriptions allow, and otherwise as little different from the current one as that
// allows.
TargetAssignment AssignUniform(const AssignorInput& input);
// Each topic by itself in contiguous ranges, in the order of instance ids, then member ids: so
// partitions of the same number go to the same member. Nothing is sticky.
TargetAssignment AssignRange(const AssignorInput& input);

// The default one first.
std::span<const Assignor> Assignors();
// nullptr: no such assignor.
const Assignor* FindAssignor(std::string_view name);

}  // namespace wherry::core
