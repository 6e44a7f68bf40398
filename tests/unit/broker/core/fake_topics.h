#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "broker/core/consumer_group_types.h"
#include "broker/core/topic_directory.h"

namespace wherry::core {

// Topics that a test makes up. Threads: those of its groups. Owned by the test.
class FakeTopics final : public TopicDirectory {
 public:
  // Creates it, or gives it so many partitions.
  TopicId Set(const std::string& name, std::int32_t partitions) {
    Entry& entry = topics_[name];
    if (entry.partitions == 0) entry.id[0] = static_cast<std::uint8_t>(++ids_);
    entry.partitions = partitions;
    ++version_;
    return entry.id;
  }
  void Delete(const std::string& name) {
    topics_.erase(name);
    ++version_;
  }

  std::uint64_t version() const override { return version_; }
  std::optional<Entry> Find(std::string_view name) const override {
    const auto found = topics_.find(name);
    return found == topics_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::string> NameOf(const TopicId& id) const override {
    for (const auto& [name, entry] : topics_) {
      if (entry.id == id) return name;
    }
    return std::nullopt;
  }
  void ForEach(absl::FunctionRef<void(std::string_view name)> visit) const override {
    for (const auto& [name, entry] : topics_) visit(name);
  }

 private:
  std::map<std::string, Entry, std::less<>> topics_;
  std::uint64_t version_ = 1;
  int ids_ = 0;
};

// What classic members tell one another, as text: "t,u|t:0,t:1" subscribes to t and u and owns two
// partitions; "t:0,t:1" assigns those.
inline std::optional<ClassicCodec::Partitions> ParseTextPartitions(std::string_view text) {
  ClassicCodec::Partitions partitions;
  const std::string all(text);
  for (const auto part : absl::StrSplit(all, ',', absl::SkipEmpty())) {
    const std::vector<std::string> pair = absl::StrSplit(part, ':');
    std::int32_t number = 0;
    if (pair.size() != 2 || !absl::SimpleAtoi(pair[1], &number)) return std::nullopt;
    partitions[pair[0]].push_back(number);
  }
  return partitions;
}
inline constexpr ClassicCodec kTextCodec = {
    [](std::string_view metadata) -> std::optional<ClassicCodec::Subscription> {
      const std::vector<std::string> parts = absl::StrSplit(std::string(metadata), '|');
      ClassicCodec::Subscription subscription;
      if (parts.size() > 2) return std::nullopt;
      for (const auto topic : absl::StrSplit(parts[0], ',', absl::SkipEmpty())) {
        subscription.topics.emplace(topic);
      }
      if (parts.size() == 2) {
        std::optional<ClassicCodec::Partitions> owned = ParseTextPartitions(parts[1]);
        if (!owned.has_value()) return std::nullopt;
        subscription.owned = *std::move(owned);
      }
      return subscription;
    },
    ParseTextPartitions,
    [](const ClassicCodec::Partitions& partitions, std::string_view) {
      std::string text;
      for (const auto& [topic, numbers] : partitions) {
        for (const std::int32_t number : numbers) {
          absl::StrAppend(&text, text.empty() ? "" : ",", topic, ":", number);
        }
      }
      return text;
    }};

}  // namespace wherry::core
