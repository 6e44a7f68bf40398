#include "tools/export/digest.h"

#include <cstddef>
#include <cstring>

namespace wherry::exporting {

namespace {

void Mix(std::uint64_t& hash, const void* bytes, std::size_t size) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  const auto* const from = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ from[i]) * kPrime;
}

// Null and empty differ, and so do "ab" "c" and "a" "bc".
void MixField(std::uint64_t& hash, const void* bytes, std::size_t size) {
  const std::int64_t length = bytes == nullptr ? -1 : static_cast<std::int64_t>(size);
  Mix(hash, &length, sizeof(length));
  if (bytes != nullptr) Mix(hash, bytes, size);
}

}  // namespace

void Digest::Add(const rd_kafka_message_t& record) {
  ++records;
  MixField(hash, record.key, record.key_len);
  MixField(hash, record.payload, record.len);
  const std::int64_t timestamp = rd_kafka_message_timestamp(&record, nullptr);
  Mix(hash, &timestamp, sizeof(timestamp));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
                          RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    MixField(hash, name, std::strlen(name));
    MixField(hash, value, size);
  }
}

StatusOr<std::map<TopicPartition, Digest>> DigestOf(Reader& reader, const Ranges& ranges,
                                                    const Reader::Idle& idle) {
  std::map<TopicPartition, Digest> digests;
  for (const auto& [partition, range] : ranges) digests[partition];
  const Status status = reader.Read(
      ranges,
      [&](const TopicPartition& partition, const rd_kafka_message_t& record) {
        digests[partition].Add(record);
        return Status();
      },
      idle);
  if (!status.ok()) return status;
  return digests;
}

}  // namespace wherry::exporting
