#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"
#include "broker/kafka/config_definition.h"

namespace wherry::kafka {

// What one configuration is set to somewhere.
struct ConfigValue {
  std::string name;
  std::optional<std::string> value;  // nullopt: null
  ConfigSource source = ConfigSource::kDefault;
};

// What is set of the broker, of groups and of clients' metrics, kept in the store's state
// (storage/FORMAT.md); what is set of topics lies with them in the TopicCatalog.
//
// Threads: the home shard only, but for Open. Owned by the Cluster.
class Configurations {
 public:
  using Done = absl::AnyInvocable<void(const absl::Status&)>;
  using Key = std::pair<ConfigResource, std::string>;

  // Resources of which something is set: each takes memory, and a client names them.
  static constexpr std::size_t kMaxResources = 10'000;
  // Of them, subscriptions to clients' metrics: each is held against every client that asks.
  static constexpr std::size_t kMaxClientMetrics = 100;

  // `static_configs`: what the broker was started with. kDataLoss: what is kept is damaged.
  static absl::StatusOr<std::unique_ptr<Configurations>> Open(const core::Namespace& home,
                                                              storage::LogStore& store,
                                                              core::CommitQueue& commits,
                                                              ConfigOverrides static_configs);

  // Empty: nothing is set.
  const ConfigOverrides& Of(ConfigResource type, std::string_view name) const;
  // Those of which something is set.
  const std::map<Key, ConfigOverrides>& all() const { return all_; }
  // Replaces all that is set of one, at once; it is kept when `done` runs, or undone if that
  // failed.
  void Set(ConfigResource type, std::string name, ConfigOverrides configs, Done done);
  // kResourceExhausted: there are kMaxResources others, or kMaxClientMetrics.
  absl::Status CheckSet(ConfigResource type, const std::string& name) const;

  // Is told of which type the one is that has changed.
  void set_on_change(std::function<void(ConfigResource)> changed) {
    changed_ = std::move(changed);
  }

  // Where the broker's configuration `name` is set or has its default, the strongest first; empty:
  // nowhere.
  std::vector<ConfigValue> BrokerValues(std::string_view name) const;
  // The same of one that is set somewhere else too: behind `overrides`, those of the broker's
  // synonym, or the default if it has none.
  std::vector<ConfigValue> Values(const ConfigDefinition& config, const ConfigOverrides& overrides,
                                  ConfigSource source) const;
  // The first of those, else its default.
  std::optional<std::string> InForce(const ConfigDefinition& config,
                                     const ConfigOverrides& overrides) const;
  // What is in force of a broker's configuration that is a number.
  std::int64_t BrokerNumber(std::string_view name) const;
  // What is in force for a group: consumer.session.timeout.ms and its like. `name` must be known.
  std::int64_t GroupNumber(std::string_view group, std::string_view name) const;

 private:
  Configurations(const core::Namespace& home, storage::LogStore& store, core::CommitQueue& commits,
                 ConfigOverrides static_configs)
      : store_(store),
        commits_(commits),
        prefix_(core::StateKey(home, "configs/")),
        static_(std::move(static_configs)) {}

  absl::Status Load();
  std::string KeyOf(const Key& key) const;
  void Replace(const Key& key, ConfigOverrides configs);
  void Restore(const Key& key);

  storage::LogStore& store_;
  core::CommitQueue& commits_;
  const std::string prefix_;
  const ConfigOverrides static_;
  std::map<Key, ConfigOverrides> all_;  // none empty
  std::function<void(ConfigResource)> changed_;
};

}  // namespace wherry::kafka
