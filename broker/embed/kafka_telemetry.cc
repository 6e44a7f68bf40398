// The metrics that Kafka's clients push.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/embed/ask.h"
#include "broker/embed/connections.h"
#include "broker/embed/kafka_state.h"
#include "broker/kafka/alter_configs.h"
#include "broker/kafka/uuid.h"
#include "protocol/kafka/otlp_metrics.h"
#include "wherry/kafka.h"

namespace wherry {

namespace {

using embed::Nothing;
using kafka::Cluster;

constexpr auto kResource = static_cast<std::int8_t>(kafka::ConfigResource::kClientMetrics);

// Waits until it is kept; no configurations: the subscription ends.
template <typename State>
Status Configure(const std::shared_ptr<State>& state, const std::string& name,
                 const kafka::ConfigOverrides& configs) {
  const auto kept = embed::AskCluster<Nothing>(
      state, [&](Cluster& cluster, embed::Promise<absl::StatusOr<Nothing>> promise) {
        kafka::AlterResult checked;
        if (kafka::FindConfigs(cluster, kResource, name, checked) != nullptr) {
          checked = kafka::CheckConfigs(cluster, kResource, name, configs);
        }
        if (checked.error == kafka::ErrorCode::kPolicyViolation) {
          return promise.Keep(absl::ResourceExhaustedError(checked.message));
        }
        if (checked.error != kafka::ErrorCode::kNone) {
          return promise.Keep(absl::InvalidArgumentError(checked.message));
        }
        kafka::SetConfigs(cluster, kResource, name, configs,
                          [promise = std::move(promise)](kafka::AlterResult set) mutable {
                            if (set.error == kafka::ErrorCode::kNone) {
                              return promise.Keep(Nothing());
                            }
                            promise.Keep(absl::InternalError(set.message));
                          });
      });
  return kept.status();
}

ClientTelemetry InfoOf(const wire::Uuid& id, const kafka::TelemetryClient& client) {
  ClientTelemetry info;
  info.client_instance_id = kafka::ToText(id);
  info.client = client.attributes.client_id;
  info.library = embed::LibraryText(client.attributes.client_software_name,
                                    client.attributes.client_software_version);
  info.interval = client.wanted.interval;
  info.wanted = client.wanted.metrics;
  info.pushes = client.pushes;
  info.terminating = client.terminating;
  info.pushed += std::chrono::milliseconds(client.pushed_unix_millis);
  // What was taken has been read before.
  info.metrics = kafka::MetricNames(client.metrics).value_or(std::vector<std::string>());
  info.payload = client.metrics;
  return info;
}

}  // namespace

Status Kafka::SubscribeTelemetry(std::string_view name,
                                 const TelemetrySubscription& subscription) {
  return Configure(state_, std::string(name),
                   {{"interval.ms", absl::StrCat(subscription.interval.count())},
                    {"match", absl::StrJoin(subscription.match, ",")},
                    {"metrics", absl::StrJoin(subscription.metrics, ",")}});
}

Status Kafka::UnsubscribeTelemetry(std::string_view name) {
  return Configure(state_, std::string(name), {});
}

StatusOr<std::vector<ClientTelemetry>> Kafka::Telemetry() {
  using Clients = std::vector<ClientTelemetry>;
  return embed::AskCluster<Clients>(
      state_, [](Cluster& cluster, embed::Promise<absl::StatusOr<Clients>> promise) {
        Clients clients;
        for (const auto& [id, client] : cluster.telemetry().clients()) {
          clients.push_back(InfoOf(id, client));
        }
        promise.Keep(std::move(clients));
      });
}

}  // namespace wherry
