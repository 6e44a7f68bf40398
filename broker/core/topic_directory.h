#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace wherry::core {

// Names a topic for good: one that is created again under an old name has another.
using TopicId = std::array<std::uint8_t, 16>;

// Partitions by topic. No topic is there without one.
using PartitionsOfTopics = std::map<TopicId, std::set<std::int32_t>>;

// What groups know of the topics of their namespace.
// Threads: the home shard only. Owned by the protocol's state of a namespace.
class TopicDirectory {
 public:
  struct Entry {
    TopicId id{};
    std::int32_t partitions = 0;
    bool operator==(const Entry&) const = default;
  };

  virtual ~TopicDirectory() = default;
  // Another one whenever a topic has come, gone, or got partitions.
  virtual std::uint64_t version() const = 0;
  // nullopt: no such topic.
  virtual std::optional<Entry> Find(std::string_view name) const = 0;
  virtual std::optional<std::string> NameOf(const TopicId& id) const = 0;
  virtual void ForEach(absl::FunctionRef<void(std::string_view name)> visit) const = 0;
};

}  // namespace wherry::core
