#include "broker/kafka/telemetry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/kafka/call.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/connection_info.h"
#include "broker/kafka/uuid.h"
#include "protocol/kafka/crc32c.h"
#include "protocol/kafka/otlp_metrics.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

// Ids that Kafka gives to nobody: the zero one and the 99 behind it (Uuid.RESERVED).
bool IsReserved(const wire::Uuid& id) {
  const auto last = id.bytes.end() - 1;
  return *last < 100 && std::all_of(id.bytes.begin(), last, [](auto byte) { return byte == 0; });
}

TelemetryAttributes AttributesOf(const Call& call, const wire::Uuid& id) {
  const bool known = call.connection != nullptr;
  return {ToText(id),
          std::string(call.client_id),
          known ? call.connection->software_name : "",
          known ? call.connection->software_version : "",
          call.remote.host(),
          absl::StrCat(call.remote.port())};
}

// The same as long as the client is asked for the same, and another for every client: KIP-714 has
// it made of what is asked for and of the client's id.
std::int32_t SubscriptionId(const TelemetrySubscriptions::Wanted& wanted, const wire::Uuid& id) {
  wire::Reader reader({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  std::uint32_t bits =
      Crc32c(absl::StrCat(absl::StrJoin(wanted.metrics, ","), wanted.interval.count()));
  for (int i = 0; i < 4; ++i) bits ^= reader.Int<std::uint32_t>();
  return static_cast<std::int32_t>(bits);
}

bool IsCodec(std::int8_t codec) {
  return codec >= 0 && codec <= static_cast<std::int8_t>(Codec::kZstd);
}

}  // namespace

bool Telemetry::IsOffered(const Cluster& cluster) { return cluster.telemetry().wanted(); }

void Telemetry::Subscribe() { subscriptions_.Read(configurations_); }

void Telemetry::MakeRoom() {
  if (clients_.size() < kMaxClients) return;
  const auto silent = std::min_element(
      clients_.begin(), clients_.end(),
      [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
  kept_bytes_ -= silent->second.metrics.size();
  clients_.erase(silent);
}

// The client with this id, which is told anew what is wanted if that has changed.
TelemetryClient& Telemetry::Meet(const Call& call, const wire::Uuid& id) {
  if (!clients_.contains(id)) MakeRoom();
  TelemetryClient& client = clients_[id];
  client.used = ++uses_;
  client.attributes = AttributesOf(call, id);
  TelemetrySubscriptions::Wanted wanted = subscriptions_.Of(client.attributes);
  if (wanted == client.wanted && client.connection == call.connection_id()) return client;
  client.wanted = std::move(wanted);
  client.subscription_id = SubscriptionId(client.wanted, id);
  client.connection = call.connection_id();
  client.asked = client.pushed = std::nullopt;
  client.terminating = false;
  client.error = ErrorCode::kNone;
  return client;
}

const TelemetryClient* Telemetry::Ask(const Call& call, wire::Uuid& id) {
  if (id.is_zero()) id = RandomUuid(home_.random());
  TelemetryClient& client = Meet(call, id);
  const runtime::Instant now = home_.clock().Now();
  const std::optional<runtime::Instant> last = std::max(client.asked, client.pushed);
  // After these it has to ask before it can go on.
  const bool must_ask = client.error == ErrorCode::kUnknownSubscriptionId ||
                        client.error == ErrorCode::kUnsupportedCompressionType;
  if (last.has_value() && now - *last < client.wanted.interval && !must_ask) return nullptr;
  client.asked = now;
  client.error = ErrorCode::kNone;
  return &client;
}

ErrorCode Telemetry::Take(const Call& call, const Push& push) {
  if (IsReserved(push.client)) return ErrorCode::kInvalidRequest;
  TelemetryClient& client = Meet(call, push.client);
  client.error = Check(push, client);
  client.terminating = push.terminating;
  if (client.error == ErrorCode::kNone && !push.metrics.empty()) client.error = Keep(push, client);
  return client.error;
}

ErrorCode Telemetry::Check(const Push& push, TelemetryClient& client) {
  if (client.terminating) return ErrorCode::kInvalidRequest;
  const runtime::Instant now = home_.clock().Now();
  // The first push behind an answer may come early: clients spread it over the interval.
  const bool first = client.asked > client.pushed;
  const bool due = first || !client.pushed.has_value() ||
                   now - *client.pushed >= client.wanted.interval;
  if (due) client.pushed = now;
  if (!due && !push.terminating) return ErrorCode::kThrottlingQuotaExceeded;
  if (push.subscription_id != client.subscription_id) return ErrorCode::kUnknownSubscriptionId;
  if (!IsCodec(push.codec)) return ErrorCode::kUnsupportedCompressionType;
  if (push.metrics.size() > kMaxPushBytes) return ErrorCode::kTelemetryTooLarge;
  return ErrorCode::kNone;
}

ErrorCode Telemetry::Keep(const Push& push, TelemetryClient& client) {
  auto metrics = Decompress(static_cast<Codec>(push.codec), push.metrics, kMaxPushBytes);
  if (absl::IsResourceExhausted(metrics.status())) return ErrorCode::kTelemetryTooLarge;
  if (!metrics.ok() || !MetricNames(*metrics).ok()) return ErrorCode::kInvalidRecord;
  kept_bytes_ += metrics->size() - client.metrics.size();
  client.metrics = *std::move(metrics);
  ++client.pushes;
  client.pushed_unix_millis = home_.clock().UnixMillis();
  while (kept_bytes_ > kMaxKeptBytes) {
    // There are others: what one pushes is not as much.
    TelemetryClient* oldest = nullptr;
    for (auto& [id, other] : clients_) {
      if (other.metrics.empty()) continue;
      if (oldest == nullptr || other.used < oldest->used) oldest = &other;
    }
    kept_bytes_ -= std::exchange(oldest->metrics, {}).size();
  }
  return ErrorCode::kNone;
}

}  // namespace wherry::kafka
