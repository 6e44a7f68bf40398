#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/core/group_types.h"
#include "broker/embed/namespace_state.h"
#include "wherry/await.h"

namespace wherry::embed {

// kInvalidArgument: a kind that there is not, or values that no condition can have.
Status CheckCondition(const Condition& condition);

// Whether a checked condition holds. `seen`, unless it is null, is told what is there instead, in
// words that go on after "waited for group \"g\" to be stable: ". Home shard.
bool Holds(const Condition& condition, const NamespaceState& state, std::string* seen);

// "\"g\"".
std::string Quoted(std::string_view name);
// "it is Stable with 1 member (m-1)".
std::string SayGroup(const core::GroupDescription& group);
// Where a group has not committed the end: "3 of 7 in partition 0"; empty: nowhere.
std::string SayLag(kafka::Cluster& cluster, std::string_view group, const kafka::Topic& topic,
                   std::int32_t partition);

// Whether there are conditions of this kind (condition.cc).
bool IsConditionKind(std::string_view kind);

}  // namespace wherry::embed
