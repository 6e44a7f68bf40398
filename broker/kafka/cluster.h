#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/fault_plan.h"
#include "broker/core/group_coordinator.h"
#include "broker/core/memory_budget.h"
#include "broker/core/namespace.h"
#include "broker/core/offset_store.h"
#include "broker/core/background_thread.h"
#include "broker/core/request_log.h"
#include "broker/core/pending_offsets.h"
#include "broker/core/tail_cache.h"
#include "broker/core/transaction_coordinator.h"
#include "broker/kafka/configurations.h"
#include "broker/kafka/leaders.h"
#include "broker/kafka/log_cleaner.h"
#include "broker/kafka/nodes.h"
#include "broker/kafka/producer_ids.h"
#include "broker/kafka/security/authorizer.h"
#include "broker/kafka/security/scram_store.h"
#include "broker/kafka/telemetry.h"
#include "broker/kafka/topic_catalog.h"
#include "broker/kafka/topic_view.h"
#include "broker/net/endpoint.h"
#include "broker/runtime/shard.h"

namespace wherry::kafka {

struct BatchHeader;
class FetchSessions;
class Session;

// What an idempotent producer wrote on a batch; nullopt: it has none (producer id -1).
std::optional<core::ProducerStamp> StampOf(const BatchHeader& header);

struct ClusterOptions {
  std::int32_t default_partitions = 1;
  bool auto_create_topics = true;
  std::int32_t nodes = 1;
  bool strict = false;
  std::chrono::milliseconds initial_rebalance_delay{0};
  // Where clients are told to connect to; empty, 0: the address at which the client reached us.
  std::string advertised_host;
  std::uint16_t advertised_port = 0;
  // Where the records lie; empty: in memory.
  std::string log_dir;
  std::shared_ptr<const SecuritySettings> security;  // null: nobody is asked who they are
};

// What a Kafka client takes for a cluster: everything of one namespace that Kafka's
// operations work on.
// Threads: the home shard only, but for Open, which may run before the shard starts. Owned by the
// composition root.
class Cluster {
 public:
  // The node that brokers' configurations are those of; all nodes have the same.
  static constexpr std::int32_t kNodeId = 1;
  // As resources are named after it.
  static constexpr std::string_view Node() { return "1"; }
  // Of transactional ids, and of groups in transactions: both are parts of keys in the store.
  static constexpr std::size_t kMaxTransactionalIdSize = 32 * 1024;
  static constexpr std::size_t kMaxTransactionalGroupSize = 32 * 1024;

  struct Services {
    storage::LogStore& store;
    core::CommitQueue& commits;
    core::BackgroundThread& reader;
    core::MemoryBudget& budget;
    core::TailCache& tails;
    runtime::Shard& home;
    std::function<void(std::string_view line)> log;
  };

  ~Cluster();

  // Opens what the store keeps of the namespace. kDataLoss: something of it is damaged.
  static absl::StatusOr<std::unique_ptr<Cluster>> Open(core::Namespace name, ClusterOptions options,
                                                       Services services);

  const core::Namespace& name() const { return name_; }
  TopicCatalog& topics() { return *topics_; }
  const TopicCatalog& topics() const { return *topics_; }
  ProducerIds& producer_ids() { return *producer_ids_; }
  ScramStore& scram() { return *scram_; }
  // Null: everybody may do everything.
  Authorizer* authorizer() const { return authorizer_.get(); }
  core::OffsetStore& offsets() { return *offsets_; }
  core::GroupCoordinator& groups() { return *groups_; }
  FetchSessions& fetch_sessions() { return *fetch_sessions_; }
  core::TransactionCoordinator& transactions() { return *transactions_; }
  core::PendingOffsets& pending_offsets() { return *pending_offsets_; }
  core::CommitQueue& commits() { return services_.commits; }
  // The control batch that a marker is.
  static std::string MarkerBytes(const core::TransactionMarker& marker);
  // What is set of the broker, of groups and of clients' metrics.
  Configurations& configurations() { return *configurations_; }
  const Configurations& configurations() const { return *configurations_; }
  Telemetry& telemetry() { return *telemetry_; }
  const Telemetry& telemetry() const { return *telemetry_; }

  const ClusterOptions& options() const { return options_; }
  const Nodes& nodes() const { return nodes_; }
  Leaders& leaders() { return *leaders_; }
  // What DescribeLogDirs calls the place of the records.
  std::string_view log_dir() const {
    return options_.log_dir.empty() ? "memory" : std::string_view(options_.log_dir);
  }
  // 22 characters of base64, kept in the store.
  const std::string& cluster_id() const { return cluster_id_; }
  // Kept by a namespace that is emptied: its cluster stays the same one, and no producer id comes
  // twice.
  bool IsIdentity(std::string_view key) const;
  runtime::Shard& home() { return services_.home; }
  const storage::LogStore& store() const { return services_.store; }
  const core::MemoryBudget& budget() const { return services_.budget; }
  void Log(std::string_view line) const {
    if (services_.log) services_.log(line);
  }

  struct Address {
    std::string host;
    std::int32_t port = 0;
  };
  // Where the client that reached us at `local` is told to connect to: node 1, where there are
  // several.
  Address AddressFor(const net::Endpoint& local) const;

  // Where requests are logged; null, as it begins: nowhere. Set before the first connection.
  void set_request_log(std::shared_ptr<core::RequestLog> log) { request_log_ = std::move(log); }
  const std::shared_ptr<core::RequestLog>& request_log() const { return request_log_; }

  // The open connections.
  void Add(Session& session) { sessions_.insert(&session); }
  void Remove(Session& session) { sessions_.erase(&session); }
  const absl::flat_hash_set<Session*>& sessions() const { return sessions_; }

  // What a test wants to go wrong. Set before the first connection.
  void set_faults(std::shared_ptr<core::FaultPlan> faults) { faults_ = std::move(faults); }
  // Null while nothing can.
  core::FaultPlan* faults() const {
    return faults_ == nullptr || faults_->empty() ? nullptr : faults_.get();
  }

  // At a clean stop: keeps what the next start would otherwise have to read the logs for.
  void BeforeStop();

 private:
  Cluster(core::Namespace name, ClusterOptions options, Services services);
  absl::Status Load();
  absl::Status LoadClusterId();
  absl::Status LoadTopics();
  absl::Status LoadSecurity();
  absl::Status LoadGroups();
  core::ConsumerGroupTimes TimesOf(std::string_view group) const;
  absl::Status LoadTransactions();
  absl::Status LoadConfigurations();
  // Works out anew what is in force for a topic, and has it cleaned by that.
  void Configure(Topic& topic);

  const core::Namespace name_;
  const ClusterOptions options_;
  Nodes nodes_{options_.nodes, options_.strict};
  const Services services_;
  std::string cluster_id_;
  std::unique_ptr<Configurations> configurations_;
  std::unique_ptr<Telemetry> telemetry_;
  std::unique_ptr<TopicCatalog> topics_;
  std::unique_ptr<Leaders> leaders_;
  std::unique_ptr<LogCleaner> cleaner_;
  std::unique_ptr<TopicView> topic_view_;
  std::unique_ptr<ProducerIds> producer_ids_;
  std::unique_ptr<ScramStore> scram_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<core::OffsetStore> offsets_;
  std::unique_ptr<core::GroupCoordinator> groups_;
  std::unique_ptr<FetchSessions> fetch_sessions_;
  std::unique_ptr<core::PendingOffsets> pending_offsets_;
  std::unique_ptr<core::TransactionCoordinator> transactions_;
  std::shared_ptr<core::RequestLog> request_log_;
  absl::flat_hash_set<Session*> sessions_;
  std::shared_ptr<core::FaultPlan> faults_;
};

}  // namespace wherry::kafka
