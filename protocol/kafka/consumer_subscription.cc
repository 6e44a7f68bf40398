#include "protocol/kafka/consumer_subscription.h"

#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

std::string TakeString(wire::Reader& reader) {
  const auto size = reader.Int<std::int16_t>();
  if (size < 0) {
    reader.Fail();
    return {};
  }
  return std::string(reader.Take(static_cast<std::size_t>(size)));
}

// A count that may be -1, for null.
std::int32_t TakeCount(wire::Reader& reader) {
  const auto count = reader.Int<std::int32_t>();
  if (count < -1) reader.Fail();
  return count;
}

void TakeOwned(wire::Reader& reader, ConsumerAssignment& owned) {
  const std::int32_t topics = TakeCount(reader);
  for (std::int32_t t = 0; t < topics && reader.ok(); ++t) {
    std::vector<std::int32_t>& partitions = owned[TakeString(reader)];
    const std::int32_t count = TakeCount(reader);
    for (std::int32_t p = 0; p < count && reader.ok(); ++p) {
      partitions.push_back(reader.Int<std::int32_t>());
    }
  }
}

}  // namespace

std::optional<ConsumerSubscription> ParseConsumerSubscription(std::string_view bytes) {
  wire::Reader reader(bytes);
  ConsumerSubscription subscription;
  subscription.version = reader.Int<std::int16_t>();
  if (subscription.version < 0) return std::nullopt;
  const auto topics = reader.Int<std::int32_t>();
  if (topics < 0) return std::nullopt;
  for (std::int32_t t = 0; t < topics && reader.ok(); ++t) {
    subscription.topics.push_back(TakeString(reader));
  }
  const std::int32_t user_data = TakeCount(reader);
  if (reader.ok() && user_data > 0) reader.Take(static_cast<std::size_t>(user_data));
  if (subscription.version >= 1) TakeOwned(reader, subscription.owned);
  if (subscription.version >= 2) subscription.generation_id = reader.Int<std::int32_t>();
  if (subscription.version >= 3) {
    const auto size = reader.Int<std::int16_t>();
    if (size >= 0) subscription.rack_id = reader.Take(static_cast<std::size_t>(size));
  }
  if (!reader.ok()) return std::nullopt;
  return subscription;
}

}  // namespace wherry::kafka
