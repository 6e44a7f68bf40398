#include "broker/kafka/cluster.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/kafka/consumer_protocol_codec.h"
#include "broker/kafka/fetch_sessions.h"
#include "protocol/kafka/control_batch.h"
#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {

namespace {

constexpr std::string_view kClusterIdKey = "cluster-id";

void Patch(std::string& batch, std::int64_t base_offset, std::int32_t leader_epoch) {
  SetBaseOffset(batch, base_offset);
  SetPartitionLeaderEpoch(batch, leader_epoch);
}

core::Partition::Inspection Inspect(std::string_view batch) {
  const std::optional<BatchHeader> header = ParseBatchHeader(batch);
  if (!header.has_value()) return {};
  if (!header->is_control()) return {StampOf(*header), std::nullopt};
  const std::optional<EndTxnMarker> marker = ParseEndTxnMarker(batch);
  if (!marker.has_value()) return {};
  return {std::nullopt,
          core::TransactionMarker{marker->producer_id, marker->producer_epoch, marker->commit,
                                  marker->coordinator_epoch, marker->timestamp}};
}

}  // namespace

std::optional<core::ProducerStamp> StampOf(const BatchHeader& header) {
  if (header.producer_id < 0) return std::nullopt;
  core::ProducerStamp stamp;
  stamp.producer_id = header.producer_id;
  stamp.epoch = header.producer_epoch;
  stamp.first_sequence = header.base_sequence;
  // Sequences wrap from INT32_MAX to 0.
  const auto last = (static_cast<std::uint32_t>(header.base_sequence) +
                     static_cast<std::uint32_t>(header.last_offset_delta)) &
                    INT32_MAX;
  stamp.last_sequence = static_cast<std::int32_t>(last);
  stamp.max_timestamp = header.max_timestamp;
  stamp.transactional = header.is_transactional();
  return stamp;
}

Cluster::Cluster(core::Namespace name, ClusterOptions options, Services services)
    : name_(std::move(name)),
      options_(std::move(options)),
      services_(std::move(services)),
      fetch_sessions_(std::make_unique<FetchSessions>(services_.home)) {}

Cluster::~Cluster() = default;

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Open(core::Namespace name, ClusterOptions options,
                                                       Services services) {
  std::unique_ptr<Cluster> cluster(
      new Cluster(std::move(name), std::move(options), std::move(services)));
  if (absl::Status status = cluster->Load(); !status.ok()) return status;
  return cluster;
}

absl::Status Cluster::LoadTopics() {
  const core::Partition::Services partition_services{
      services_.store,
      services_.commits,
      services_.reader,
      services_.budget,
      services_.tails,
      services_.home,
      Patch,
      Inspect};
  auto topics = TopicCatalog::Open(name_, partition_services);
  if (!topics.ok()) return topics.status();
  topics_ = *std::move(topics);
  leaders_ = std::make_unique<Leaders>(nodes_, *topics_, services_.commits);
  storage::CommitBatch moved;
  leaders_->Restore(moved);
  return moved.empty() ? absl::OkStatus()
                       : services_.store.Commit(moved, storage::Durability::kKernel);
}

absl::Status Cluster::Load() {
  if (absl::Status status = LoadClusterId(); !status.ok()) return status;
  if (absl::Status status = LoadTopics(); !status.ok()) return status;
  if (absl::Status status = LoadConfigurations(); !status.ok()) return status;
  topic_view_ = std::make_unique<TopicView>(*topics_);
  auto producer_ids = ProducerIds::Open(name_, services_.store, services_.commits);
  if (!producer_ids.ok()) return producer_ids.status();
  producer_ids_ = *std::move(producer_ids);
  if (absl::Status status = LoadSecurity(); !status.ok()) return status;
  return LoadGroups();
}

absl::Status Cluster::LoadConfigurations() {
  auto configurations = Configurations::Open(
      name_, services_.store, services_.commits,
      {{"auto.create.topics.enable", options_.auto_create_topics ? "true" : "false"},
       {"connections.max.reauth.ms",
        absl::StrCat(options_.security == nullptr
                         ? 0
                         : std::chrono::duration_cast<std::chrono::milliseconds>(
                               options_.security->max_reauth())
                               .count())},
       {"group.initial.rebalance.delay.ms",
        absl::StrCat(options_.initial_rebalance_delay.count())},
       {"node.id", absl::StrCat(kNodeId)},
       {"num.partitions", absl::StrCat(options_.default_partitions)}});
  if (!configurations.ok()) return configurations.status();
  configurations_ = *std::move(configurations);
  cleaner_ = std::make_unique<LogCleaner>(
      LogCleaner::Services{*topics_, *configurations_, services_.store, services_.reader,
                           services_.home, services_.log});
  const auto configure_all = [this] {
    for (const auto& [name, topic] : topics_->topics()) Configure(*topic);
  };
  configure_all();
  telemetry_ = std::make_unique<Telemetry>(*configurations_, services_.home);
  configurations_->set_on_change([this, configure_all](ConfigResource type) {
    if (type == ConfigResource::kBroker) configure_all();
    if (type == ConfigResource::kClientMetrics) telemetry_->Subscribe();
  });
  topics_->set_on_change([this](Topic& topic) {
    leaders_->Place(topic);
    Configure(topic);
  });
  return absl::OkStatus();
}

void Cluster::Configure(Topic& topic) {
  topic.settings = SettingsOf([this, &topic](std::string_view name) {
    return configurations_->InForce(*FindTopicConfig(name), topic.configs).value_or("");
  });
  cleaner_->Watch(topic);
}

core::ConsumerGroupTimes Cluster::TimesOf(std::string_view group) const {
  const auto millis = [&](std::string_view name) {
    return std::chrono::milliseconds(configurations_->GroupNumber(group, name));
  };
  return {millis("consumer.session.timeout.ms"), millis("consumer.heartbeat.interval.ms")};
}

absl::Status Cluster::LoadSecurity() {
  auto scram = ScramStore::Open(name_, services_.store, services_.commits, options_.security.get());
  if (!scram.ok()) return scram.status();
  scram_ = *std::move(scram);
  if (options_.security == nullptr || !options_.security->authorizer()) return absl::OkStatus();
  auto authorizer =
      Authorizer::Open(name_, services_.store, services_.commits, options_.security);
  if (!authorizer.ok()) return authorizer.status();
  authorizer_ = *std::move(authorizer);
  return absl::OkStatus();
}

absl::Status Cluster::LoadGroups() {
  auto offsets = core::OffsetStore::Open(name_, services_.store, services_.commits);
  if (!offsets.ok()) return offsets.status();
  offsets_ = *std::move(offsets);
  auto groups = core::GroupCoordinator::Open(
      name_,
      {services_.store, services_.commits, services_.home, *offsets_, *topic_view_,
       kConsumerProtocolCodec, [this](std::string_view group) { return TimesOf(group); },
       [this](std::string_view group, std::string_view topic, std::int32_t partition) {
         return pending_offsets_ != nullptr &&
                pending_offsets_->Contains(group, topic, partition);
       }},
      {.initial_rebalance_delay = options_.initial_rebalance_delay});
  if (!groups.ok()) return groups.status();
  groups_ = *std::move(groups);
  if (absl::Status status = LoadTransactions(); !status.ok()) return status;
  topics_->set_on_delete([this](const Topic& topic, storage::CommitBatch& commit) {
    cleaner_->Forget(topic);
    return [offsets = offsets_->DeleteTopic(topic.name, commit),
            pending = pending_offsets_->DeleteTopic(topic.name, commit)](
               const absl::Status& status) mutable {
      offsets(status);
      pending(status);
    };
  });
  return absl::OkStatus();
}

absl::Status Cluster::LoadTransactions() {
  auto pending =
      core::PendingOffsets::Open(name_, services_.store, services_.commits, *offsets_);
  if (!pending.ok()) return pending.status();
  pending_offsets_ = *std::move(pending);
  const auto find_partition = [this](std::string_view name,
                                     std::int32_t index) -> core::Partition* {
    const Topic* const topic = topics_->Find(name);
    return topic == nullptr ? nullptr : topic->partition(index);
  };
  const auto next_producer_id = [this](ProducerIds::Done done) {
    producer_ids_->Next(std::move(done));
  };
  auto transactions = core::TransactionCoordinator::Open(
      name_,
      {services_.store, services_.commits, services_.home, *pending_offsets_, find_partition,
       next_producer_id, MarkerBytes},
      {});
  if (!transactions.ok()) return transactions.status();
  transactions_ = *std::move(transactions);
  return absl::OkStatus();
}

std::string Cluster::MarkerBytes(const core::TransactionMarker& marker) {
  return BuildEndTxnMarker({marker.producer_id, marker.epoch, marker.commit,
                            marker.coordinator_epoch, marker.timestamp});
}

bool Cluster::IsIdentity(std::string_view key) const {
  return key == core::StateKey(name_, kClusterIdKey) || key == ProducerIds::Key(name_);
}

absl::Status Cluster::LoadClusterId() {
  const std::string key = core::StateKey(name_, kClusterIdKey);
  auto kept = services_.store.Get(key);
  if (!kept.ok()) return kept.status();
  if (kept->has_value()) {
    cluster_id_ = **std::move(kept);
    return absl::OkStatus();
  }
  std::string bytes;
  for (int i = 0; i < 16; ++i) {
    bytes.push_back(static_cast<char>(services_.home.random().Next()));
  }
  cluster_id_ = absl::WebSafeBase64Escape(bytes);
  storage::CommitBatch commit;
  commit.Put(key, cluster_id_);
  return services_.store.Commit(commit, storage::Durability::kKernel);
}

Cluster::Address Cluster::AddressFor(const net::Endpoint& local) const {
  Address address{options_.advertised_host, options_.advertised_port};
  if (address.host.empty()) address.host = local.host();
  if (address.port == 0) address.port = local.port();
  return address;
}

void Cluster::BeforeStop() {
  for (const auto& [name, topic] : topics_->topics()) {
    for (const auto& partition : topic->partitions) partition->SnapshotProducers();
  }
}

}  // namespace wherry::kafka
