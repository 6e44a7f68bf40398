#include "broker/embed/data.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/state_codec.h"
#include "storage/disk_log_store.h"
#include "storage/memory_log_store.h"

namespace wherry::embed {

namespace {

core::SyncPolicy PolicyOf(SyncMode mode) {
  switch (mode) {
    case SyncMode::kCommit:
      return core::SyncPolicy::kCommit;
    case SyncMode::kInterval:
      return core::SyncPolicy::kInterval;
    case SyncMode::kOs:
      return core::SyncPolicy::kOs;
  }
  return core::SyncPolicy::kCommit;
}

// "host", "host:port" or "[v6]:port".
absl::Status ReadAdvertise(std::string_view text, kafka::ClusterOptions& options) {
  const auto invalid = [text] {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot advertise \"", std::string(text),
                     "\": give a host or host:port, such as \"broker.test:9092\""));
  };
  std::string_view host = text;
  std::string_view port;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos &&
      (bracket == std::string_view::npos ? text.find(':') == colon : colon > bracket)) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    std::uint16_t number = 0;
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || number == 0) {
      return invalid();
    }
    options.advertised_port = number;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return invalid();
  options.advertised_host = host;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<storage::LogStore>> OpenStore(const Options& options,
                                                             const Disk& disk) {
  if (disk.simulated != nullptr) return disk.simulated;
  if (options.data_dir.empty()) return std::make_shared<storage::MemoryLogStore>();
  return storage::OpenDiskLogStore(options.data_dir);
}

// What begins a key of the broker's own, for each namespace that is to be opened again.
std::string KeptPrefix() { return core::StateKey({""}, "namespaces/"); }
constexpr char kKeptVersion = 1;

// The namespace that a key of the store belongs to; "": the broker's own.
std::string_view NamespaceOf(std::string_view key) {
  if (key.size() < 2) return {};
  const std::size_t size = (static_cast<unsigned char>(key[0]) << 8) |
                           static_cast<unsigned char>(key[1]);
  return key.substr(2, size);
}

// Of a key of the broker's own, which no namespace has: the log that it tells of.
std::optional<storage::LogId> LogOf(std::string_view key) {
  const std::size_t kind_end = key.find('/');
  if (kind_end == key.npos || !NamespaceOf(key).empty()) return std::nullopt;
  core::StateReader reader{key.substr(kind_end + 1)};
  const auto log = reader.Take<storage::LogId>();
  return reader.good ? std::optional(log) : std::nullopt;
}

}  // namespace

Data::Data(std::shared_ptr<storage::LogStore> store, const Options& options, runtime::Shard& shard,
           std::shared_ptr<core::StorageFaults> faults)
    : shard_(shard),
      store_(std::move(store)),
      budget_(*store_, options.memory_limit),
      commits_(*store_, PolicyOf(options.sync), shard, std::move(faults)) {}

Data::~Data() { Stop(); }

absl::StatusOr<std::unique_ptr<Data>> Data::Open(
    const Options& options, std::shared_ptr<const kafka::SecuritySettings> security,
    runtime::Shard& shard, Disk disk, std::function<void(std::string_view)> log) {
  kafka::ClusterOptions cluster;
  cluster.security = std::move(security);
  cluster.default_partitions = options.kafka.default_partitions;
  cluster.auto_create_topics = options.kafka.auto_create_topics;
  cluster.nodes = options.kafka.nodes;
  cluster.strict = options.kafka.strict;
  cluster.initial_rebalance_delay = options.kafka.initial_rebalance_delay;
  if (!options.data_dir.empty()) {
    std::error_code unknown;  // then it stays as it was given
    const auto absolute = std::filesystem::absolute(options.data_dir, unknown);
    cluster.log_dir = unknown ? options.data_dir : absolute.string();
  }
  if (!options.advertise.empty()) {
    if (absl::Status status = ReadAdvertise(options.advertise, cluster); !status.ok()) {
      return status;
    }
  }
  auto store = OpenStore(options, disk);
  if (!store.ok()) return store.status();
  std::unique_ptr<Data> data(new Data(*std::move(store), options, shard, disk.faults));
  data->cluster_options_ = std::move(cluster);
  data->log_ = std::move(log);
  data->commits_.Start();
  return data;
}

absl::StatusOr<std::unique_ptr<kafka::Cluster>> Data::OpenCluster(const core::Namespace& name) {
  return kafka::Cluster::Open(name, cluster_options_,
                              {*store_, commits_, reader_, budget_, tails_, shard_, log_});
}

absl::StatusOr<std::set<std::string>> Data::KeepNamespaces(std::set<std::string> names) {
  const std::string prefix = KeptPrefix();
  storage::CommitBatch commit;
  for (const std::string& name : names) {
    commit.Put(prefix + name, std::string(1, kKeptVersion));
  }
  if (!commit.empty()) {
    const absl::Status status = store_->Commit(commit, storage::Durability::kKernel);
    if (!status.ok()) return status;
  }
  const absl::Status scanned =
      store_->Scan(prefix, [&](std::string_view key, std::string_view /*value*/) {
        names.emplace(key.substr(prefix.size()));
        return true;
      });
  if (!scanned.ok()) return scanned;
  return names;
}

absl::Status Data::DropLeftovers(const std::vector<const kafka::Cluster*>& clusters) {
  std::set<std::string_view> names;
  std::set<storage::LogId> logs;
  for (const kafka::Cluster* const cluster : clusters) {
    names.insert(cluster->name().name);
    for (const storage::LogId log : cluster->topics().Logs()) logs.insert(log);
  }
  storage::CommitBatch commit;
  const absl::Status scanned =
      store_->Scan("", [&](std::string_view key, std::string_view /*value*/) {
        const std::string_view name = NamespaceOf(key);
        const std::optional<storage::LogId> log = LogOf(key);
        const bool left = log.has_value() ? !logs.contains(*log)
                                          : !name.empty() && !names.contains(name);
        if (left) commit.Delete(std::string(key));
        return true;
      });
  if (!scanned.ok()) return scanned;
  if (!commit.empty()) {
    const absl::Status status = store_->Commit(commit, storage::Durability::kKernel);
    if (!status.ok()) return status;
  }
  // A kill between creating a log and keeping its topic, or between forgetting a topic and deleting
  // its logs, leaves a log that nothing names.
  for (const storage::LogId log : store_->Logs()) {
    if (!logs.contains(log)) static_cast<void>(store_->DeleteLog(log));
  }
  return absl::OkStatus();
}

void Data::EraseCluster(std::unique_ptr<kafka::Cluster> cluster, Erase what,
                        absl::AnyInvocable<void(absl::Status)> done) {
  // What was submitted before refers to the cluster until it is committed.
  commits_.Submit({}, [this, cluster = std::move(cluster), what,
                       done = std::move(done)](const absl::Status&) mutable {
    auto erasure = Erasure(*cluster, what);
    if (!erasure.ok()) return done(erasure.status());
    const std::vector<storage::LogId> logs = cluster->topics().Logs();
    cluster.reset();
    commits_.Submit(*std::move(erasure),
                    [this, logs, done = std::move(done)](const absl::Status& status) mutable {
                      // Logs that stay are dropped at the next start.
                      if (status.ok()) {
                        for (const storage::LogId log : logs) DeleteLog(log);
                      }
                      done(status);
                    });
  });
}

absl::StatusOr<storage::CommitBatch> Data::Erasure(const kafka::Cluster& cluster,
                                                   Erase what) const {
  storage::CommitBatch commit;
  const absl::Status scanned = store_->Scan(
      core::StateKey(cluster.name(), ""), [&](std::string_view key, std::string_view /*value*/) {
        if (what == Erase::kAll || !cluster.IsIdentity(key)) commit.Delete(std::string(key));
        return true;
      });
  if (!scanned.ok()) return scanned;
  if (what == Erase::kAll) commit.Delete(KeptPrefix() + cluster.name().name);
  for (const auto& [name, topic] : cluster.topics().topics()) {
    for (const auto& partition : topic->partitions) partition->EraseState(commit);
  }
  return commit;
}

void Data::DeleteLog(storage::LogId log) {
  const auto drop = [store = store_.get(), log] { static_cast<void>(store->DeleteLog(log)); };
  if (store_->durable()) return reader_.Run(drop);
  drop();
}

void Data::Abort() {
  commits_.Abort();
  reader_.Stop();
}

void Data::Stop() {
  commits_.Stop();
  reader_.Stop();
}

}  // namespace wherry::embed
