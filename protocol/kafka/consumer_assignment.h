#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::kafka {

// Topic -> partitions, in the order of their numbers.
using ConsumerAssignment = std::map<std::string, std::vector<std::int32_t>>;

// Reads what a group's leader writes for a member where the protocol type is "consumer":
// ConsumerProtocolAssignment, versions 0 to 3, which do not differ. Later ones are taken to begin
// alike, as clients do. Empty bytes: nothing is assigned.
// nullopt: it is something else (Kafka Connect keeps its own), or cut.
std::optional<ConsumerAssignment> ParseConsumerAssignment(std::string_view bytes);

// The same, written: without user data.
std::string MakeConsumerAssignment(const ConsumerAssignment& assignment, std::int16_t version);

}  // namespace wherry::kafka
