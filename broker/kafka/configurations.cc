#include "broker/kafka/configurations.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/core/state_codec.h"
#include "broker/kafka/broker_config.h"
#include "broker/kafka/group_config.h"

namespace wherry::kafka {

namespace {

constexpr std::uint8_t kValueVersion = 1;
// The name that stands for the only node; the empty one for the whole cluster.
constexpr std::string_view kNode = "1";

std::string Encode(const ConfigOverrides& configs) {
  std::string value;
  core::PutBigEndian(value, kValueVersion);
  core::PutBigEndian(value, static_cast<std::uint32_t>(configs.size()));
  for (const auto& [name, config] : configs) {
    core::PutString(value, name);
    core::PutString(value, config);
  }
  return value;
}

std::optional<ConfigOverrides> Decode(std::string_view value) {
  core::StateReader reader{value};
  if (reader.Take<std::uint8_t>() != kValueVersion) return std::nullopt;
  const auto count = reader.Take<std::uint32_t>();
  ConfigOverrides configs;
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    std::string name = reader.TakeString();
    configs[std::move(name)] = reader.TakeString();
  }
  if (!reader.Ended()) return std::nullopt;
  return configs;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Configurations>> Configurations::Open(
    const core::Namespace& home, storage::LogStore& store, core::CommitQueue& commits,
    ConfigOverrides static_configs) {
  std::unique_ptr<Configurations> configurations(
      new Configurations(home, store, commits, std::move(static_configs)));
  if (absl::Status status = configurations->Load(); !status.ok()) return status;
  return configurations;
}

absl::Status Configurations::Load() {
  absl::Status loaded;
  const absl::Status scanned =
      store_.Scan(prefix_, [&](std::string_view key, std::string_view value) {
        core::StateReader reader{key.substr(prefix_.size())};
        const auto type = static_cast<ConfigResource>(reader.Take<std::int8_t>());
        std::optional<ConfigOverrides> configs = Decode(value);
        if (!reader.good || !configs.has_value()) {
          loaded = absl::DataLossError(
              absl::StrCat("the configurations of '", std::string(reader.bytes),
                           "' are damaged or of an unknown version"));
          return false;
        }
        all_[{type, std::string(reader.bytes)}] = *std::move(configs);
        return true;
      });
  return scanned.ok() ? loaded : scanned;
}

std::string Configurations::KeyOf(const Key& key) const {
  std::string bytes = prefix_;
  core::PutBigEndian(bytes, static_cast<std::int8_t>(key.first));
  return bytes + key.second;
}

const ConfigOverrides& Configurations::Of(ConfigResource type, std::string_view name) const {
  static const auto* const none = new ConfigOverrides;
  const auto found = all_.find({type, std::string(name)});
  return found == all_.end() ? *none : found->second;
}

absl::Status Configurations::CheckSet(ConfigResource type, const std::string& name) const {
  if (all_.contains({type, name})) return absl::OkStatus();
  if (all_.size() >= kMaxResources) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "configurations of ", all_.size(), " resources are kept already, which is the limit"));
  }
  if (type != ConfigResource::kClientMetrics) return absl::OkStatus();
  const auto subscriptions = std::count_if(
      all_.begin(), all_.end(), [](const auto& one) {
        return one.first.first == ConfigResource::kClientMetrics;
      });
  if (static_cast<std::size_t>(subscriptions) < kMaxClientMetrics) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "there are ", subscriptions, " subscriptions to clients' metrics, which is the limit"));
}

void Configurations::Set(ConfigResource type, std::string name, ConfigOverrides configs,
                         Done done) {
  const Key key{type, std::move(name)};
  storage::CommitBatch commit;
  if (configs.empty()) {
    commit.Delete(KeyOf(key));
  } else {
    commit.Put(KeyOf(key), Encode(configs));
  }
  Replace(key, std::move(configs));
  commits_.Submit(std::move(commit),
                  [this, key, done = std::move(done)](const absl::Status& status) mutable {
                    if (!status.ok()) Restore(key);
                    done(status);
                  });
}

void Configurations::Replace(const Key& key, ConfigOverrides configs) {
  if (configs.empty()) {
    all_.erase(key);
  } else {
    all_[key] = std::move(configs);
  }
  if (changed_) changed_(key.first);
}

// What is kept holds, however many changes failed behind one another.
void Configurations::Restore(const Key& key) {
  const auto kept = store_.Get(KeyOf(key));
  if (!kept.ok()) return;
  Replace(key, kept->has_value() ? Decode(**kept).value_or(ConfigOverrides{}) : ConfigOverrides{});
}

std::vector<ConfigValue> Configurations::BrokerValues(std::string_view name) const {
  std::vector<ConfigValue> values;
  const auto add = [&](const ConfigOverrides& configs, ConfigSource source) {
    const auto found = configs.find(name);
    if (found != configs.end()) values.push_back({found->first, found->second, source});
  };
  add(Of(ConfigResource::kBroker, kNode), ConfigSource::kBroker);
  add(Of(ConfigResource::kBroker, ""), ConfigSource::kClusterDefault);
  add(static_, ConfigSource::kStaticBroker);
  const BrokerConfig* config = FindBrokerConfig(name);
  if (config != nullptr && config->definition.synonym != nullptr && !values.empty()) {
    config = FindBrokerConfig(config->definition.synonym);
  }
  if (config != nullptr && config->definition.default_value != nullptr) {
    values.push_back({config->definition.name, config->definition.default_value,
                      ConfigSource::kDefault});
  }
  return values;
}

std::vector<ConfigValue> Configurations::Values(const ConfigDefinition& config,
                                                const ConfigOverrides& overrides,
                                                ConfigSource source) const {
  std::vector<ConfigValue> values;
  const auto found = overrides.find(config.name);
  if (found != overrides.end()) values.push_back({config.name, found->second, source});
  if (config.synonym == nullptr) {
    values.push_back({config.name, config.default_value, ConfigSource::kDefault});
    return values;
  }
  for (ConfigValue& value : BrokerValues(config.synonym)) values.push_back(std::move(value));
  return values;
}

std::optional<std::string> Configurations::InForce(const ConfigDefinition& config,
                                                   const ConfigOverrides& overrides) const {
  const auto found = overrides.find(config.name);
  if (found != overrides.end()) return found->second;
  if (config.synonym != nullptr) {
    const std::vector<ConfigValue> values = BrokerValues(config.synonym);
    if (!values.empty()) return values.front().value;
  }
  if (config.default_value == nullptr) return std::nullopt;
  return config.default_value;
}

std::int64_t Configurations::BrokerNumber(std::string_view name) const {
  const std::vector<ConfigValue> values = BrokerValues(name);
  return values.empty() ? 0 : NumberOf(values.front().value.value_or(""));
}

std::int64_t Configurations::GroupNumber(std::string_view group, std::string_view name) const {
  return NumberOf(
      InForce(*FindGroupConfig(name), Of(ConfigResource::kGroup, group)).value_or(""));
}

}  // namespace wherry::kafka
