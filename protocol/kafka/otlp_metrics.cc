#include "protocol/kafka/otlp_metrics.h"

#include <cstdint>
#include <set>

#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

// The numbers of the fields on the way to a name.
constexpr std::uint32_t kResourceMetrics = 1;  // of MetricsData
constexpr std::uint32_t kScopeMetrics = 2;     // of ResourceMetrics
constexpr std::uint32_t kMetrics = 2;          // of ScopeMetrics
constexpr std::uint32_t kName = 1;             // of Metric

// How protobuf writes a field's value. 3 and 4 are groups, which OpenTelemetry does not use.
enum class WireType : std::uint32_t { kVarint = 0, k64Bit = 1, kBytes = 2, k32Bit = 5 };

// Hands the values of field `number` to `each`, which takes bytes and says whether they were good.
// False: the message, or one of these, is malformed.
template <typename Each>
bool ForEach(std::string_view message, std::uint32_t number, Each each) {
  wire::Reader reader(message);
  while (reader.ok() && !reader.rest().empty()) {
    const std::uint32_t key = reader.Uvarint();
    std::string_view value;
    switch (static_cast<WireType>(key & 7)) {
      case WireType::kVarint:
        reader.Varlong();
        break;
      case WireType::k64Bit:
        reader.Take(8);
        break;
      case WireType::kBytes:
        value = reader.Take(reader.Uvarint());
        if (reader.ok() && key >> 3 == number && !each(value)) return false;
        break;
      case WireType::k32Bit:
        reader.Take(4);
        break;
      default:
        return false;
    }
  }
  return reader.ok();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MetricNames(std::string_view metrics_data) {
  std::set<std::string_view> names;
  const auto name = [&](std::string_view text) {
    names.insert(text);
    return true;
  };
  const auto metric = [&](std::string_view bytes) { return ForEach(bytes, kName, name); };
  const auto scope = [&](std::string_view bytes) { return ForEach(bytes, kMetrics, metric); };
  const auto resource = [&](std::string_view bytes) {
    return ForEach(bytes, kScopeMetrics, scope);
  };
  if (!ForEach(metrics_data, kResourceMetrics, resource)) {
    return absl::InvalidArgumentError("the bytes are no MetricsData of OpenTelemetry");
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace wherry::kafka
