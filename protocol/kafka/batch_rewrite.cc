#include "protocol/kafka/batch_rewrite.h"

#include <algorithm>

#include "protocol/kafka/crc32c.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::int32_t kHeaderBytesInLength = 49;  // of the header, behind batch_length
constexpr std::int16_t kCodecBits = 0x07;
constexpr std::int16_t kLogAppendTime = 0x08;
constexpr std::int16_t kDeleteHorizon = 0x40;

template <typename Integer>
void PutAt(std::string& batch, std::size_t at, Integer value) {
  std::string bytes;
  wire::Writer(bytes).Int(value);
  batch.replace(at, bytes.size(), bytes);
}

void SetCrc(std::string& batch) {
  PutAt(batch, kCrcAt, Crc32c(std::string_view(batch).substr(kAttributesAt)));
}

void PutNullable(wire::Writer& writer, std::optional<std::string_view> bytes) {
  writer.Varint(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) writer.Bytes(*bytes);
}

std::int64_t WrappingSubtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void PutRecord(std::string& records, const Record& record, const BatchHeader& header) {
  std::string body;
  wire::Writer writer(body);
  writer.Int<std::int8_t>(0);
  writer.Varlong(WrappingSubtract(record.timestamp, header.base_timestamp));
  writer.Varint(static_cast<std::int32_t>(WrappingSubtract(record.offset, header.base_offset)));
  PutNullable(writer, record.key);
  PutNullable(writer, record.value);
  writer.Varint(static_cast<std::int32_t>(record.headers.size()));
  for (const auto& [name, content] : record.headers) {
    PutNullable(writer, name);
    PutNullable(writer, content);
  }
  wire::Writer out(records);
  out.Varint(static_cast<std::int32_t>(body.size()));
  out.Bytes(body);
}

// Header and records, compressed as the header says; what the codec does not take stays as it is.
std::string Assemble(BatchHeader header, std::string_view records) {
  const auto codec = static_cast<Codec>(header.codec_bits());
  const absl::StatusOr<std::string> compressed = Compress(codec, records);
  if (compressed.ok()) {
    records = *compressed;
  } else {
    header.attributes = static_cast<std::int16_t>(header.attributes & ~kCodecBits);
  }
  std::string batch;
  batch.reserve(kBatchHeaderSize + records.size());
  wire::Writer writer(batch);
  writer.Int(header.base_offset);
  writer.Int(static_cast<std::int32_t>(kHeaderBytesInLength +
                                       static_cast<std::int32_t>(records.size())));
  writer.Int(header.partition_leader_epoch);
  writer.Int(header.magic);
  writer.Int(header.crc);
  writer.Int(header.attributes);
  writer.Int(header.last_offset_delta);
  writer.Int(header.base_timestamp);
  writer.Int(header.max_timestamp);
  writer.Int(header.producer_id);
  writer.Int(header.producer_epoch);
  writer.Int(header.base_sequence);
  writer.Int(header.record_count);
  writer.Bytes(records);
  SetCrc(batch);
  return batch;
}

}  // namespace

void StampLogAppendTime(std::string& batch, std::int64_t unix_millis) {
  const std::optional<BatchHeader> header = ParseBatchHeader(batch);
  if (!header.has_value()) return;
  PutAt(batch, kAttributesAt, static_cast<std::int16_t>(header->attributes | kLogAppendTime));
  PutAt(batch, kMaxTimestampAt, unix_millis);
  SetCrc(batch);
}

absl::StatusOr<std::string> Recompress(std::string_view batch, Codec codec,
                                       std::size_t max_decompressed_bytes) {
  // Whoever reads the batch would notice later what is wrong with its records.
  const absl::Status opened =
      ForEachRecord(batch, [](const Record&) { return true; }, max_decompressed_bytes);
  if (!opened.ok()) return opened;
  BatchHeader header = *ParseBatchHeader(batch);
  const absl::StatusOr<std::string> records =
      Decompress(static_cast<Codec>(header.codec_bits()), batch.substr(kBatchHeaderSize),
                 max_decompressed_bytes);
  if (!records.ok()) return records.status();
  header.attributes = static_cast<std::int16_t>((header.attributes & ~kCodecBits) |
                                                static_cast<std::int16_t>(codec));
  return Assemble(header, *records);
}

absl::StatusOr<std::optional<std::string>> FilterBatch(
    std::string_view batch, const std::function<bool(const Record&)>& keep,
    std::optional<std::int64_t> delete_horizon, std::size_t max_decompressed_bytes) {
  const std::optional<BatchHeader> old = ParseBatchHeader(batch);
  if (!old.has_value()) return absl::DataLossError("the batch is shorter than its header");
  BatchHeader header = *old;
  header.record_count = 0;
  if (delete_horizon.has_value()) {
    header.attributes = static_cast<std::int16_t>(header.attributes | kDeleteHorizon);
    header.base_timestamp = *delete_horizon;
  }
  std::string records;
  std::int64_t max_timestamp = INT64_MIN;
  const auto take = [&](const Record& record) {
    if (!keep(record)) return true;
    PutRecord(records, record, header);
    max_timestamp = std::max(max_timestamp, record.timestamp);
    ++header.record_count;
    return true;
  };
  const absl::Status opened = ForEachRecord(batch, take, max_decompressed_bytes);
  if (!opened.ok()) return opened;
  if (header.record_count == 0) return std::optional<std::string>();
  header.max_timestamp = max_timestamp;
  return std::optional<std::string>(Assemble(header, records));
}

std::optional<std::int64_t> DeleteHorizonOf(const BatchHeader& header) {
  if ((header.attributes & kDeleteHorizon) == 0) return std::nullopt;
  return header.base_timestamp;
}

}  // namespace wherry::kafka
