#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/core/topic_directory.h"
#include "broker/kafka/topic_catalog.h"

namespace wherry::kafka {

// A catalog's topics as groups see them.
// Threads: the home shard only. Owned by the Cluster; the catalog must outlive it.
class TopicView final : public core::TopicDirectory {
 public:
  explicit TopicView(const TopicCatalog& topics) : topics_(topics) {}

  std::uint64_t version() const override { return topics_.version(); }
  std::optional<Entry> Find(std::string_view name) const override {
    const Topic* const topic = topics_.Find(name);
    if (topic == nullptr) return std::nullopt;
    return Entry{topic->id.bytes, static_cast<std::int32_t>(topic->partitions.size())};
  }
  std::optional<std::string> NameOf(const core::TopicId& id) const override {
    const Topic* const topic = topics_.Find(wire::Uuid{id});
    if (topic == nullptr) return std::nullopt;
    return topic->name;
  }
  void ForEach(absl::FunctionRef<void(std::string_view name)> visit) const override {
    for (const auto& [name, topic] : topics_.topics()) visit(name);
  }

 private:
  const TopicCatalog& topics_;
};

}  // namespace wherry::kafka
