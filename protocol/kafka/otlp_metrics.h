#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace wherry::kafka {

// The names of the metrics in a MetricsData of OpenTelemetry (opentelemetry.proto.metrics.v1), the
// form in which Kafka's clients push them (KIP-714): each once, in alphabetical order.
// kInvalidArgument: the bytes are no such message, of which only what leads to the names is read.
absl::StatusOr<std::vector<std::string>> MetricNames(std::string_view metrics_data);

}  // namespace wherry::kafka
