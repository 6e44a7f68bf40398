#include "broker/kafka/topic_catalog.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/background_thread.h"
#include "broker/kafka/uuid.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

// 2 was without leaderships: no partition could be moved.
constexpr std::uint8_t kValueVersion = 3;
// Without the replication factor, which was always 1, too.
constexpr std::uint8_t kFirstVersion = 1;

bool MayStandInName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// Kafka's metrics take '.' and '_' for the same, so names that differ in no more collide.
bool Collide(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c == '.' ? '_' : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [fold](char x, char y) { return fold(x) == fold(y); });
}

absl::Status Damaged(std::string_view topic) {
  return absl::DataLossError(absl::StrCat("the record of topic '", std::string(topic),
                                          "' is damaged or of an unknown version"));
}

ConfigOverrides TakeConfigs(wire::Reader& reader) {
  ConfigOverrides configs;
  const auto count = reader.Int<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view config = reader.Take(reader.Int<std::uint16_t>());
    configs.emplace(config, reader.Take(reader.Int<std::uint32_t>()));
  }
  return configs;
}

void PutLeaderships(const std::map<std::int32_t, Leadership>& leaderships, wire::Writer& writer) {
  writer.Int(static_cast<std::uint32_t>(leaderships.size()));
  for (const auto& [partition, leadership] : leaderships) {
    writer.Int(partition);
    writer.Int(leadership.leader);
    writer.Int(static_cast<std::uint8_t>(leadership.replicas.size()));
    for (const std::int32_t replica : leadership.replicas) writer.Int(replica);
    writer.Int(static_cast<std::uint16_t>(leadership.epochs.size()));
    for (const EpochStart& start : leadership.epochs) {
      writer.Int(start.epoch);
      writer.Int(start.start_offset);
    }
  }
}

std::map<std::int32_t, Leadership> TakeLeaderships(wire::Reader& reader) {
  std::map<std::int32_t, Leadership> leaderships;
  const auto count = reader.Int<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Leadership& leadership = leaderships[reader.Int<std::int32_t>()];
    leadership.leader = reader.Int<std::int32_t>();
    for (auto left = reader.Int<std::uint8_t>(); left > 0; --left) {
      leadership.replicas.push_back(reader.Int<std::int32_t>());
    }
    leadership.epochs.clear();
    for (auto left = reader.Int<std::uint16_t>(); left > 0; --left) {
      const auto epoch = reader.Int<std::int32_t>();
      leadership.epochs.push_back({epoch, reader.Int<std::int64_t>()});
    }
    if (leadership.replicas.empty() || leadership.epochs.empty()) reader.Fail();
  }
  return leaderships;
}

}  // namespace

EpochEnd Topic::EndOfEpoch(std::int32_t index, std::int32_t epoch) const {
  static const Leadership kFirst;
  const Leadership* const moved = leadership(index);
  return (moved == nullptr ? kFirst : *moved).EndOf(epoch, partition(index)->high_watermark());
}

absl::Status TopicCatalog::CheckName(std::string_view name) {
  const auto invalid = [](std::string why) {
    return absl::InvalidArgumentError(absl::StrCat("Topic name is invalid: ", why));
  };
  if (name.empty()) return invalid("the empty string is not allowed");
  if (name == "." || name == "..") {
    return invalid(absl::StrCat("'", std::string(name), "' is not allowed"));
  }
  if (name.size() > kMaxNameSize) {
    return invalid(absl::StrCat("the length of '", std::string(name),
                                "' is longer than the max allowed length ", kMaxNameSize));
  }
  if (!std::all_of(name.begin(), name.end(), MayStandInName)) {
    return invalid(absl::StrCat("'", std::string(name),
                                "' contains one or more characters other than ASCII alphanumerics, "
                                "'.', '_' and '-'"));
  }
  return absl::OkStatus();
}

absl::Status TopicCatalog::CheckCreate(std::string_view name, std::int32_t partitions) const {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  if (topics_.contains(name)) {
    return absl::AlreadyExistsError(
        absl::StrCat("Topic '", std::string(name), "' already exists."));
  }
  if (name.find_first_of("._") != name.npos) {
    for (const auto& [other, topic] : topics_) {
      if (!Collide(name, other)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("Topic '", std::string(name), "' collides with existing topic: ", other));
    }
  }
  if (partitions < 1) {
    return absl::OutOfRangeError("Number of partitions was set to an invalid non-positive value.");
  }
  return CheckAddPartitions(0, partitions);
}

absl::Status TopicCatalog::CheckAddPartitions(std::int32_t have, std::int32_t more) const {
  if (more <= kMaxPartitions - have &&
      total_partitions_ + static_cast<std::size_t>(more) <= kMaxTotalPartitions) {
    return absl::OkStatus();
  }
  return absl::OutOfRangeError(absl::StrCat(
      "cannot create ", more, " partitions: a topic may have ", kMaxPartitions, ", all topics ",
      kMaxTotalPartitions, " of which ", total_partitions_, " are taken"));
}

absl::StatusOr<std::unique_ptr<TopicCatalog>> TopicCatalog::Open(
    const core::Namespace& home, core::Partition::Services services) {
  std::unique_ptr<TopicCatalog> catalog(new TopicCatalog(home, services));
  if (absl::Status status = catalog->Load(); !status.ok()) return status;
  return catalog;
}

absl::Status TopicCatalog::Load() {
  absl::Status loaded;
  absl::Status scanned =
      services_.store.Scan(prefix_, [&](std::string_view key, std::string_view value) {
        loaded = LoadTopic(key.substr(prefix_.size()), value);
        return loaded.ok();
      });
  if (!scanned.ok()) return scanned;
  return loaded;
}

absl::Status TopicCatalog::LoadTopic(std::string_view name, std::string_view value) {
  auto topic = std::make_unique<Topic>();
  topic->name = name;
  wire::Reader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  const std::string_view id = reader.Take(topic->id.bytes.size());
  std::copy(id.begin(), id.end(), topic->id.bytes.begin());
  if (version != kFirstVersion) topic->replication_factor = reader.Int<std::int16_t>();
  topic->configs = TakeConfigs(reader);
  if (version == kValueVersion) topic->leaderships = TakeLeaderships(reader);
  const bool known = version >= kFirstVersion && version <= kValueVersion;
  if (!known || reader.rest().size() % sizeof(storage::LogId) != 0) reader.Fail();
  if (!reader.ok()) return Damaged(name);
  while (!reader.rest().empty()) {
    auto partition = core::Partition::Open(reader.Int<storage::LogId>(), services_);
    if (!partition.ok()) return partition.status();
    topic->partitions.push_back(*std::move(partition));
  }
  for (const auto& [index, leadership] : topic->leaderships) {
    core::Partition* const partition = topic->partition(index);
    if (partition == nullptr) return Damaged(name);
    partition->SetLeaderEpoch(leadership.epoch());
  }
  total_partitions_ += topic->partitions.size();
  by_id_[topic->id] = topic.get();
  topics_.emplace(topic->name, std::move(topic));
  return absl::OkStatus();
}

std::vector<storage::LogId> TopicCatalog::Logs() const {
  std::vector<storage::LogId> logs;
  for (const auto& [name, topic] : topics_) {
    for (const auto& partition : topic->partitions) logs.push_back(partition->log());
  }
  return logs;
}

std::string TopicCatalog::Value(const Topic& topic) {
  std::string value;
  wire::Writer writer(value);
  writer.Int(kValueVersion);
  for (const std::uint8_t byte : topic.id.bytes) writer.Int(byte);
  writer.Int(topic.replication_factor);
  writer.Int(static_cast<std::uint32_t>(topic.configs.size()));
  for (const auto& [name, config] : topic.configs) {
    writer.Int(static_cast<std::uint16_t>(name.size()));
    writer.Bytes(name);
    writer.Int(static_cast<std::uint32_t>(config.size()));
    writer.Bytes(config);
  }
  PutLeaderships(topic.leaderships, writer);
  for (const auto& partition : topic.partitions) writer.Int(partition->log());
  return value;
}

Topic* TopicCatalog::Find(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

Topic* TopicCatalog::Find(const wire::Uuid& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

absl::StatusOr<Topic*> TopicCatalog::Create(std::string_view name, std::int32_t partitions,
                                            ConfigOverrides configs, Done created,
                                            std::int16_t replication_factor) {
  if (absl::Status status = CheckCreate(name, partitions); !status.ok()) return status;
  auto topic = std::make_unique<Topic>();
  topic->name = name;
  topic->id = NewId();
  topic->replication_factor = replication_factor;
  topic->configs = std::move(configs);
  if (absl::Status status = OpenPartitions(*topic, partitions); !status.ok()) {
    DeleteLogs(*topic);
    return status;
  }
  Topic* const result = topic.get();
  total_partitions_ += topic->partitions.size();
  by_id_[topic->id] = result;
  topics_.emplace(topic->name, std::move(topic));
  if (changed_) changed_(*result);
  ++version_;

  storage::CommitBatch commit;
  Stage(*result, commit);
  services_.commits.Submit(std::move(commit), [this, id = result->id, created = std::move(created)](
                                                  const absl::Status& status) mutable {
    Topic* const failed = status.ok() ? nullptr : Find(id);
    if (failed != nullptr) DeleteLogs(*Take(failed->name));
    created(status);
  });
  return result;
}

absl::Status TopicCatalog::OpenPartitions(Topic& topic, std::int32_t count) {
  for (std::int32_t i = 0; i < count; ++i) {
    const absl::StatusOr<storage::LogId> log = services_.store.CreateLog();
    if (!log.ok()) return log.status();
    auto partition = core::Partition::Open(*log, services_);
    if (!partition.ok()) return partition.status();
    topic.partitions.push_back(*std::move(partition));
  }
  return absl::OkStatus();
}

void TopicCatalog::SetConfigs(Topic& topic, ConfigOverrides configs, Done done) {
  topic.configs = std::move(configs);
  if (changed_) changed_(topic);
  storage::CommitBatch commit;
  Stage(topic, commit);
  services_.commits.Submit(
      std::move(commit),
      [this, id = topic.id, done = std::move(done)](const absl::Status& status) mutable {
        if (!status.ok()) RestoreConfigs(id);
        done(status);
      });
}

// What is kept holds, however many changes failed behind one another.
void TopicCatalog::RestoreConfigs(const wire::Uuid& id) {
  Topic* const topic = Find(id);
  if (topic == nullptr) return;
  const auto kept = services_.store.Get(Key(topic->name));
  if (!kept.ok() || !kept->has_value()) return;
  wire::Reader reader(**kept);
  const auto version = reader.Int<std::uint8_t>();
  reader.Take(topic->id.bytes.size());
  if (version != kFirstVersion) reader.Take(sizeof(topic->replication_factor));
  topic->configs = TakeConfigs(reader);
  if (changed_) changed_(*topic);
}

void TopicCatalog::AddPartitions(Topic& topic, std::int32_t more, Done done) {
  const std::size_t from = topic.partitions.size();
  const absl::Status opened = OpenPartitions(topic, more);
  total_partitions_ += topic.partitions.size() - from;
  ++version_;
  if (!opened.ok()) {
    DropPartitions(topic.id, from);
    services_.home.Post([opened, done = std::move(done)]() mutable { done(opened); });
    return;
  }
  if (changed_) changed_(topic);
  storage::CommitBatch commit;
  Stage(topic, commit);
  services_.commits.Submit(
      std::move(commit),
      [this, id = topic.id, from, done = std::move(done)](const absl::Status& status) mutable {
        if (!status.ok()) DropPartitions(id, from);
        done(status);
      });
}

void TopicCatalog::DropPartitions(const wire::Uuid& id, std::size_t from) {
  Topic* const topic = Find(id);
  if (topic == nullptr) return;
  topic->leaderships.erase(topic->leaderships.lower_bound(static_cast<std::int32_t>(from)),
                           topic->leaderships.end());
  while (topic->partitions.size() > from) {
    DropLog(topic->partitions.back()->log());
    topic->partitions.pop_back();
    --total_partitions_;
    ++version_;
  }
}

void TopicCatalog::Delete(Topic& topic, Done deleted) {
  std::shared_ptr<Topic> taken = Take(topic.name);
  storage::CommitBatch commit;
  commit.Delete(Key(taken->name));
  for (const auto& partition : taken->partitions) {
    partition->EraseState(commit);
  }
  Done others = on_delete_ ? on_delete_(*taken, commit) : [](const absl::Status&) {};
  auto ended = [this, taken, others = std::move(others),
                deleted = std::move(deleted)](const absl::Status& status) mutable {
    others(status);
    if (status.ok()) {
      DeleteLogs(*taken);
    } else if (Find(taken->name) == nullptr) {
      // Its records are still kept; a topic that only looks deleted would come back at a restart.
      total_partitions_ += taken->partitions.size();
      auto again = std::make_unique<Topic>(std::move(*taken));
      by_id_[again->id] = again.get();
      if (changed_) changed_(*again);
      topics_.emplace(again->name, std::move(again));
      ++version_;
    }
    deleted(status);
  };
  services_.commits.Submit(std::move(commit), std::move(ended));
}

std::unique_ptr<Topic> TopicCatalog::Take(std::string_view name) {
  const auto found = topics_.find(name);
  std::unique_ptr<Topic> topic = std::move(found->second);
  topics_.erase(found);
  by_id_.erase(topic->id);
  total_partitions_ -= topic->partitions.size();
  ++version_;
  return topic;
}

void TopicCatalog::DeleteLogs(const Topic& topic) {
  for (const auto& partition : topic.partitions) DropLog(partition->log());
}

void TopicCatalog::DropLog(storage::LogId log) {
  // Freeing on a disk may take a while. A log that stays is dropped at the next start.
  const auto drop = [&store = services_.store, log] { static_cast<void>(store.DeleteLog(log)); };
  if (services_.store.durable()) {
    services_.reader.Run(drop);
  } else {
    drop();
  }
}

wire::Uuid TopicCatalog::NewId() {
  wire::Uuid id;
  do {
    id = RandomUuid(services_.home.random());
  } while (by_id_.contains(id));
  return id;
}

}  // namespace wherry::kafka
