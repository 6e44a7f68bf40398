// Kafka of wherry/c.h.
#include <utility>

#include "broker/embed/c/handles.h"

using wherry::KafkaRecord;
using wherry::embed::Report;

namespace {

std::optional<std::string> Nullable(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string(wherry::embed::Bytes(bytes, size));
}

const char* Show(const std::optional<std::string>& bytes, std::size_t* size) {
  if (bytes.has_value()) return wherry::embed::Show(*bytes, size);
  if (size != nullptr) *size = 0;
  return nullptr;
}

const std::optional<std::string> kNull;

// Null beyond the end.
const KafkaRecord* At(const wherry_records* records, std::size_t index) {
  return index < records->records.size() ? &records->records[index] : nullptr;
}

const std::pair<std::string, std::optional<std::string>>* HeaderAt(const wherry_records* records,
                                                                   std::size_t index,
                                                                   std::size_t header) {
  const KafkaRecord* const at = At(records, index);
  return at != nullptr && header < at->headers.size() ? &at->headers[header]
                                                             : nullptr;
}

}  // namespace

int wherry_kafka_create_topic(wherry_namespace* space, const char* topic, std::int32_t partitions,
                              char** error) {
  return Report(space->space.kafka().CreateTopic(topic, partitions), error);
}

int wherry_kafka_move_leader(wherry_namespace* space, const char* topic, std::int32_t partition,
                             std::int32_t node, char** error) {
  return Report(space->space.kafka().MoveLeader(topic, partition, node), error);
}

int wherry_kafka_stop_node(wherry_namespace* space, std::int32_t node, char** error) {
  return Report(space->space.kafka().StopNode(node), error);
}

int wherry_kafka_start_node(wherry_namespace* space, std::int32_t node, char** error) {
  return Report(space->space.kafka().StartNode(node), error);
}

int wherry_kafka_append(wherry_namespace* space, const char* topic, std::int32_t partition,
                        const void* key, std::size_t key_size, const void* value,
                        std::size_t value_size, std::int32_t* at_partition,
                        std::int64_t* at_offset, char** error) {
  KafkaRecord record;
  record.key = Nullable(key, key_size);
  record.value = Nullable(value, value_size);
  const auto position = space->space.kafka().Append(topic, record, partition);
  if (position.ok() && at_partition != nullptr) *at_partition = position->partition;
  if (position.ok() && at_offset != nullptr) *at_offset = position->offset;
  return Report(position.status(), error);
}

int wherry_kafka_records(wherry_namespace* space, const char* topic, std::int32_t partition,
                         wherry_records** records, char** error) {
  wherry::Kafka& kafka = space->space.kafka();
  auto read = partition == -1 ? kafka.Records(topic) : kafka.ReadAll(topic, partition);
  *records = read.ok() ? new wherry_records{std::move(read).value()} : nullptr;
  return Report(read.status(), error);
}

std::size_t wherry_records_count(const wherry_records* records) { return records->records.size(); }

std::int32_t wherry_record_partition(const wherry_records* records, std::size_t index) {
  const auto* const at = At(records, index);
  return at == nullptr ? -1 : at->partition;
}

std::int64_t wherry_record_offset(const wherry_records* records, std::size_t index) {
  const auto* const at = At(records, index);
  return at == nullptr ? -1 : at->offset;
}

std::int64_t wherry_record_timestamp_ms(const wherry_records* records, std::size_t index) {
  const auto* const at = At(records, index);
  return at == nullptr ? -1 : at->timestamp;
}

const char* wherry_record_key(const wherry_records* records, std::size_t index,
                              std::size_t* size) {
  const auto* const at = At(records, index);
  return Show(at == nullptr ? kNull : at->key, size);
}

const char* wherry_record_value(const wherry_records* records, std::size_t index,
                                std::size_t* size) {
  const auto* const at = At(records, index);
  return Show(at == nullptr ? kNull : at->value, size);
}

std::size_t wherry_record_header_count(const wherry_records* records, std::size_t index) {
  const auto* const at = At(records, index);
  return at == nullptr ? 0 : at->headers.size();
}

const char* wherry_record_header_name(const wherry_records* records, std::size_t index,
                                      std::size_t header) {
  const auto* const found = HeaderAt(records, index, header);
  return found == nullptr ? nullptr : found->first.c_str();
}

const char* wherry_record_header_value(const wherry_records* records, std::size_t index,
                                       std::size_t header, std::size_t* size) {
  const auto* const found = HeaderAt(records, index, header);
  return Show(found == nullptr ? kNull : found->second, size);
}

void wherry_records_free(wherry_records* records) { delete records; }
