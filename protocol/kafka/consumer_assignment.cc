#include "protocol/kafka/consumer_assignment.h"

#include <algorithm>

#include "protocol/wire/cursor.h"

namespace wherry::kafka {

std::optional<ConsumerAssignment> ParseConsumerAssignment(std::string_view bytes) {
  ConsumerAssignment assignment;
  if (bytes.empty()) return assignment;
  wire::Reader reader(bytes);
  const auto version = reader.Int<std::int16_t>();
  const auto topics = reader.Int<std::int32_t>();
  if (!reader.ok() || version < 0 || topics < 0) return std::nullopt;
  for (std::int32_t t = 0; t < topics && reader.ok(); ++t) {
    const auto size = reader.Int<std::int16_t>();
    if (size < 0) return std::nullopt;
    const std::string topic(reader.Take(static_cast<std::size_t>(size)));
    const auto partitions = reader.Int<std::int32_t>();
    if (!reader.ok() || partitions < 0) return std::nullopt;
    std::vector<std::int32_t>& of_topic = assignment[topic];
    for (std::int32_t p = 0; p < partitions && reader.ok(); ++p) {
      of_topic.push_back(reader.Int<std::int32_t>());
    }
    std::sort(of_topic.begin(), of_topic.end());
  }
  if (!reader.ok()) return std::nullopt;
  return assignment;
}

std::string MakeConsumerAssignment(const ConsumerAssignment& assignment, std::int16_t version) {
  std::string bytes;
  wire::Writer writer(bytes);
  writer.Int(version);
  writer.Int(static_cast<std::int32_t>(assignment.size()));
  for (const auto& [topic, partitions] : assignment) {
    writer.Int(static_cast<std::int16_t>(topic.size()));
    writer.Bytes(topic);
    writer.Int(static_cast<std::int32_t>(partitions.size()));
    for (const std::int32_t partition : partitions) writer.Int(partition);
  }
  writer.Int(std::int32_t{-1});
  return bytes;
}

}  // namespace wherry::kafka
