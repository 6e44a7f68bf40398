#include "broker/kafka/telemetry_subscriptions.h"

#include <algorithm>
#include <set>

namespace wherry::kafka {

namespace {

constexpr std::string_view kAll = "*";

std::string ValueOf(const Configurations& configurations, const ConfigOverrides& configs,
                    std::string_view name) {
  return configurations.InForce(*FindClientMetricsConfig(name), configs).value_or("");
}

}  // namespace

void TelemetrySubscriptions::Read(const Configurations& configurations) {
  subscriptions_.clear();
  for (const auto& [key, configs] : configurations.all()) {
    if (key.first != ConfigResource::kClientMetrics) continue;
    Subscription& subscription = subscriptions_.emplace_back();
    subscription.interval = std::chrono::milliseconds(
        NumberOf(ValueOf(configurations, configs, "interval.ms")));
    subscription.metrics = ListOf(ValueOf(configurations, configs, "metrics"));
    for (const std::string& text : ListOf(ValueOf(configurations, configs, "match"))) {
      auto match = TelemetryMatch::Parse(text);
      // It was checked when it was set; one that a newer version wrote matches nobody.
      subscription.match.push_back(match.ok() ? *std::move(match) : TelemetryMatch());
    }
  }
}

bool TelemetrySubscriptions::Subscription::Matches(const TelemetryAttributes& client) const {
  return std::all_of(match.begin(), match.end(),
                     [&](const TelemetryMatch& one) { return one.Matches(client); });
}

TelemetrySubscriptions::Wanted TelemetrySubscriptions::Of(const TelemetryAttributes& client) const {
  Wanted wanted{std::chrono::milliseconds(
                    NumberOf(FindClientMetricsConfig("interval.ms")->default_value)),
                {}};
  std::set<std::string> metrics;
  for (const Subscription& subscription : subscriptions_) {
    if (!subscription.Matches(client)) continue;
    wanted.interval = std::min(wanted.interval, subscription.interval);
    metrics.insert(subscription.metrics.begin(), subscription.metrics.end());
  }
  if (metrics.contains(std::string(kAll))) metrics = {std::string(kAll)};
  wanted.metrics.assign(metrics.begin(), metrics.end());
  return wanted;
}

}  // namespace wherry::kafka
