#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/kafka/telemetry_subscriptions.h"
#include "broker/runtime/shard.h"
#include "protocol/kafka/codec.h"
#include "protocol/kafka/error_code.h"
#include "protocol/wire/visitor.h"

namespace wherry::kafka {

class Cluster;
struct Call;

// One client that was asked for its metrics.
struct TelemetryClient {
  TelemetryAttributes attributes;
  std::uint64_t connection = 0;  // of its latest request; 0: of no connection
  TelemetrySubscriptions::Wanted wanted;
  std::int32_t subscription_id = 0;
  std::optional<runtime::Instant> asked;  // when it was told what is wanted; nullopt: not yet
  std::optional<runtime::Instant> pushed;
  bool terminating = false;  // it has said that nothing more will come
  ErrorCode error = ErrorCode::kNone;
  std::uint64_t pushes = 0;              // that were taken
  std::int64_t pushed_unix_millis = 0;   // of the last of these
  std::string metrics;  // of the last of these, as OpenTelemetry has them; empty: kept no more
  std::uint64_t used = 0;
};

// The metrics that clients push (KIP-714), by the rules of Kafka's ClientMetricsManager: what is
// wanted of each, when it may push again, and what it pushed last. Kafka hands that to a plugin;
// here whoever owns the broker looks at it.
//
// Kafka offers the two APIs where it has such a plugin, Wherry while there are subscriptions. A
// client that comes by another connection is a new acquaintance, as at another broker.
//
// Threads: the home shard only. Owned by the Cluster.
class Telemetry {
 public:
  // telemetry.max.bytes, of what is pushed and of what it decompresses to.
  static constexpr std::int32_t kMaxPushBytes = 1024 * 1024;
  // Clients that are remembered; the one that was silent for longest makes room.
  static constexpr std::size_t kMaxClients = 1000;
  // Of metrics that are kept; those pushed longest ago make room.
  static constexpr std::size_t kMaxKeptBytes = 16 * 1024 * 1024;

  struct Push {
    wire::Uuid client;
    std::int32_t subscription_id = 0;
    bool terminating = false;
    std::int8_t codec = 0;
    std::string_view metrics;
  };

  Telemetry(const Configurations& configurations, runtime::Shard& home)
      : configurations_(configurations), home_(home) {
    Subscribe();
  }

  // Takes what is configured now.
  void Subscribe();
  // Whether anything of anybody is wanted.
  bool wanted() const { return !subscriptions_.empty(); }
  // As ApiRow::offered has it.
  static bool IsOffered(const Cluster& cluster);

  // What is wanted of the client `id`, zero for one that has none yet: it gets it. null: it asks
  // too often, THROTTLING_QUOTA_EXCEEDED.
  const TelemetryClient* Ask(const Call& call, wire::Uuid& id);
  // Takes what it pushes, or says why not.
  ErrorCode Take(const Call& call, const Push& push);

  // Of those that are remembered.
  const std::map<wire::Uuid, TelemetryClient>& clients() const { return clients_; }

 private:
  TelemetryClient& Meet(const Call& call, const wire::Uuid& id);
  void MakeRoom();
  ErrorCode Check(const Push& push, TelemetryClient& client);
  ErrorCode Keep(const Push& push, TelemetryClient& client);

  const Configurations& configurations_;
  runtime::Shard& home_;
  TelemetrySubscriptions subscriptions_;
  std::map<wire::Uuid, TelemetryClient> clients_;
  std::uint64_t uses_ = 0;
  std::size_t kept_bytes_ = 0;  // of all clients' metrics
};

}  // namespace wherry::kafka
