#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/core/namespace.h"
#include "broker/core/partition.h"
#include "broker/kafka/leadership.h"
#include "broker/kafka/request_subjects.h"
#include "broker/kafka/topic_config.h"
#include "protocol/wire/visitor.h"

namespace wherry::kafka {

// One topic: its partitions by index, and what its creator configured.
// Threads: the home shard only. Owned by the catalog.
struct Topic {
  std::string name;
  wire::Uuid id;  // never reused, also not by a topic of the same name (KIP-516)
  // What its creator asked for; there may be fewer nodes.
  std::int16_t replication_factor = 1;
  ConfigOverrides configs;
  TopicSettings settings;  // what they, and the broker's, come to
  std::vector<std::unique_ptr<core::Partition>> partitions;
  std::map<std::int32_t, Leadership> leaderships;  // of those partitions that have been moved

  // nullptr: it is led as it was from the start (nodes.h), in epoch 0.
  const Leadership* leadership(std::int32_t index) const {
    const auto found = leaderships.find(index);
    return found == leaderships.end() ? nullptr : &found->second;
  }
  std::int32_t LeaderEpochOf(std::int32_t index) const {
    const Leadership* const moved = leadership(index);
    return moved == nullptr ? 0 : moved->epoch();
  }
  // Under which leader the record at `offset` was written.
  std::int32_t LeaderEpochAt(std::int32_t index, std::int64_t offset) const {
    const Leadership* const moved = leadership(index);
    return moved == nullptr ? 0 : moved->EpochAt(offset);
  }
  // Where the records of an epoch end, of a partition that there is.
  EpochEnd EndOfEpoch(std::int32_t index, std::int32_t epoch) const;

  // nullptr: no such partition.
  core::Partition* partition(std::int32_t index) const {
    if (index < 0 || static_cast<std::size_t>(index) >= partitions.size()) return nullptr;
    return partitions[static_cast<std::size_t>(index)].get();
  }
};

// The topics of one namespace, kept in the store's state (storage/FORMAT.md).
//
// A topic can be used as soon as Create returns: what is appended to it goes through the same
// commit queue behind it, so it is never acknowledged without its topic.
//
// Threads: the home shard only. Owned by the Cluster.
class TopicCatalog final : public TopicNames {
 public:
  using Topics = std::map<std::string, std::unique_ptr<Topic>, std::less<>>;
  using Done = absl::AnyInvocable<void(const absl::Status&)>;

  // As Kafka: letters, digits, '.', '_' and '-'.
  static constexpr std::size_t kMaxNameSize = 249;
  // Partitions of one topic, as Kafka allows in one request.
  static constexpr std::int32_t kMaxPartitions = 10'000;
  // Partitions of all topics: each takes memory, and a client may create topics by asking for them.
  static constexpr std::size_t kMaxTotalPartitions = 200'000;

  static absl::StatusOr<std::unique_ptr<TopicCatalog>> Open(const core::Namespace& home,
                                                            core::Partition::Services services);

  // nullptr: no such topic.
  Topic* Find(std::string_view name) const;
  Topic* Find(const wire::Uuid& id) const;
  // As requests name a topic: by its id from some version on, by its name where that is zero.
  Topic* Find(const wire::Uuid& id, std::string_view name) const {
    return id.is_zero() ? Find(name) : Find(id);
  }
  std::string NameOf(const wire::Uuid& id) const override {
    const Topic* const topic = Find(id);
    return topic == nullptr ? "" : topic->name;
  }
  const Topics& topics() const { return topics_; }
  // Another one whenever a topic has come, gone, or got partitions.
  std::uint64_t version() const { return version_; }
  // Those of all partitions.
  std::vector<storage::LogId> Logs() const;

  // kInvalidArgument, in Kafka's words: a name that no topic may have.
  static absl::Status CheckName(std::string_view name);
  // What Create would say: kInvalidArgument (name, or collision of '.' with '_'), kAlreadyExists,
  // kOutOfRange (number of partitions).
  absl::Status CheckCreate(std::string_view name, std::int32_t partitions) const;

  // Creates a topic; `created` runs when that is kept, or has failed and is undone.
  absl::StatusOr<Topic*> Create(std::string_view name, std::int32_t partitions,
                                ConfigOverrides configs, Done created,
                                std::int16_t replication_factor = 1);
  // Replaces what is set of a topic, at once; it is kept when `done` runs, or undone if that
  // failed.
  void SetConfigs(Topic& topic, ConfigOverrides configs, Done done);
  // kOutOfRange: more partitions than a topic, or all of them, may have.
  absl::Status CheckAddPartitions(std::int32_t have, std::int32_t more) const;
  // Adds partitions behind those there are; they can be used at once, as after Create.
  void AddPartitions(Topic& topic, std::int32_t more, Done done);
  // Adds to `commit` what is to be kept of the topic as it is now.
  void Stage(const Topic& topic, storage::CommitBatch& commit) const {
    commit.Put(Key(topic.name), Value(topic));
  }
  // Deletes a topic with its records: at once for everybody, kept when `deleted` runs.
  void Delete(Topic& topic, Done deleted);

  // Is told of each deletion, so that what belongs to the topic elsewhere goes in the same commit;
  // what it returns is told how that ended.
  using OnDelete = absl::AnyInvocable<Done(const Topic&, storage::CommitBatch&)>;
  void set_on_delete(OnDelete on_delete) { on_delete_ = std::move(on_delete); }
  // Is told of each topic that is new, or whose configurations or partitions are.
  void set_on_change(std::function<void(Topic&)> changed) { changed_ = std::move(changed); }

 private:
  TopicCatalog(const core::Namespace& home, core::Partition::Services services)
      : services_(services), prefix_(core::StateKey(home, "topics/")) {}

  absl::Status Load();
  absl::Status LoadTopic(std::string_view name, std::string_view value);
  absl::Status OpenPartitions(Topic& topic, std::int32_t count);
  std::string Key(std::string_view name) const { return prefix_ + std::string(name); }
  static std::string Value(const Topic& topic);
  void RestoreConfigs(const wire::Uuid& id);
  void DropPartitions(const wire::Uuid& id, std::size_t from);
  std::unique_ptr<Topic> Take(std::string_view name);
  void DeleteLogs(const Topic& topic);
  void DropLog(storage::LogId log);
  wire::Uuid NewId();

  const core::Partition::Services services_;
  const std::string prefix_;
  Topics topics_;
  std::map<wire::Uuid, Topic*> by_id_;
  std::size_t total_partitions_ = 0;
  std::uint64_t version_ = 1;
  OnDelete on_delete_;
  std::function<void(Topic&)> changed_;
};

}  // namespace wherry::kafka
