#include "protocol/kafka/record_batch.h"

#include <algorithm>
#include <cstdio>

#include "absl/status/statusor.h"
#include "protocol/kafka/crc32c.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

constexpr std::size_t kLengthCountsFrom = 12;  // batch_length starts behind itself
constexpr std::size_t kLeaderEpochAt = 12;
constexpr std::size_t kMagicAt = 16;
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kCrcCountsFrom = 21;
constexpr std::int32_t kMinBatchLength = kBatchHeaderSize - kLengthCountsFrom;
constexpr std::int8_t kMagic = 2;
constexpr int kMaxCodec = static_cast<int>(Codec::kZstd);

// Deltas come from clients: a sum that does not fit wraps, it is not undefined.
std::int64_t WrappingAdd(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t WrappingSubtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

template <typename Integer>
void PutAt(std::string& batch, std::size_t at, Integer value) {
  std::string bytes;
  wire::Writer(bytes).Int(value);
  batch.replace(at, bytes.size(), bytes);
}

std::string Hex(std::uint32_t value) {
  char text[11];
  std::snprintf(text, sizeof(text), "0x%08x", value);
  return text;
}

CheckedBatch Faulty(BatchFault fault, const BatchHeader& header, std::string message) {
  return {.fault = fault, .header = header, .message = std::move(message)};
}

absl::Status Malformed(std::int32_t record, std::string_view what) {
  return absl::DataLossError("record " + std::to_string(record) + " of the batch " +
                             std::string(what));
}

// A varint size, -1 for null, and that many bytes.
std::optional<std::string_view> TakeNullable(wire::Reader& reader) {
  const std::int32_t size = reader.Varint();
  if (size == -1) return std::nullopt;
  if (size < 0) {
    reader.Fail();
    return std::nullopt;
  }
  return reader.Take(static_cast<std::size_t>(size));
}

void PutNullable(wire::Writer& writer, std::optional<std::string_view> bytes) {
  writer.Varint(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) writer.Bytes(*bytes);
}

void TakeHeaders(wire::Reader& reader, RecordHeaders& headers) {
  headers.clear();
  const std::int32_t count = reader.Varint();
  // Each takes two bytes at least.
  if (count < 0 || static_cast<std::size_t>(count) > reader.rest().size() / 2) reader.Fail();
  for (std::int32_t i = 0; i < count && reader.ok(); ++i) {
    const std::optional<std::string_view> key = TakeNullable(reader);
    if (!key) reader.Fail();
    const std::optional<std::string_view> value = TakeNullable(reader);
    if (reader.ok()) headers.emplace_back(*key, value);
  }
}

absl::Status VisitRecords(const BatchHeader& header, std::string_view records,
                          const std::function<bool(const Record&)>& visit) {
  wire::Reader reader(records);
  Record record;
  for (std::int32_t i = 0; i < header.record_count; ++i) {
    const std::int32_t size = reader.Varint();
    wire::Reader body(reader.Take(static_cast<std::uint32_t>(size)));
    if (!reader.ok()) return Malformed(i, "is longer than the rest of it");
    body.Int<std::int8_t>();  // attributes, unused
    const std::int64_t timestamp_delta = body.Varlong();
    const std::int32_t offset_delta = body.Varint();
    record.key = TakeNullable(body);
    record.value = TakeNullable(body);
    TakeHeaders(body, record.headers);
    if (!body.ok()) return Malformed(i, "ends inside a field");
    if (!body.rest().empty()) return Malformed(i, "is longer than its fields");
    if (offset_delta < 0 || offset_delta > header.last_offset_delta) {
      return Malformed(i, "has the offset delta " + std::to_string(offset_delta) + " of " +
                              std::to_string(header.last_offset_delta) + " at most");
    }
    record.offset = WrappingAdd(header.base_offset, offset_delta);
    record.timestamp = header.is_log_append_time()
                           ? header.max_timestamp
                           : WrappingAdd(header.base_timestamp, timestamp_delta);
    if (!visit(record)) return absl::OkStatus();
  }
  if (!reader.rest().empty()) {
    return absl::DataLossError("the batch goes on behind its last record");
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<BatchHeader> ParseBatchHeader(std::string_view bytes) {
  if (bytes.size() < kBatchHeaderSize) return std::nullopt;
  wire::Reader reader(bytes);
  BatchHeader header;
  header.base_offset = reader.Int<std::int64_t>();
  header.batch_length = reader.Int<std::int32_t>();
  header.partition_leader_epoch = reader.Int<std::int32_t>();
  header.magic = reader.Int<std::int8_t>();
  header.crc = reader.Int<std::uint32_t>();
  header.attributes = reader.Int<std::int16_t>();
  header.last_offset_delta = reader.Int<std::int32_t>();
  header.base_timestamp = reader.Int<std::int64_t>();
  header.max_timestamp = reader.Int<std::int64_t>();
  header.producer_id = reader.Int<std::int64_t>();
  header.producer_epoch = reader.Int<std::int16_t>();
  header.base_sequence = reader.Int<std::int32_t>();
  header.record_count = reader.Int<std::int32_t>();
  return header;
}

CheckedBatch CheckBatch(std::string_view bytes) {
  const BatchHeader header = ParseBatchHeader(bytes).value_or(BatchHeader{});
  // The older formats have their magic at the same place and may be shorter than our header.
  if (bytes.size() > kMagicAt && bytes[kMagicAt] != kMagic) {
    return Faulty(BatchFault::kMagic, header,
                  "the batch has magic " + std::to_string(static_cast<int>(bytes[kMagicAt])) +
                      ", only 2 is taken");
  }
  if (bytes.size() < kBatchHeaderSize) {
    return Faulty(BatchFault::kTruncated, header,
                  "the batch has " + std::to_string(bytes.size()) + " bytes, its header takes " +
                      std::to_string(kBatchHeaderSize));
  }
  if (header.batch_length < kMinBatchLength || header.size() > bytes.size()) {
    return Faulty(BatchFault::kTruncated, header,
                  "the batch length is " + std::to_string(header.batch_length) +
                      ", but there are " + std::to_string(bytes.size() - kLengthCountsFrom) +
                      " bytes");
  }
  if (header.size() < bytes.size()) {
    return Faulty(BatchFault::kTrailingBytes, header,
                  std::to_string(bytes.size() - header.size()) + " bytes follow the batch of " +
                      std::to_string(header.size()));
  }
  const std::uint32_t crc = Crc32c(bytes.substr(kCrcCountsFrom));
  if (crc != header.crc) {
    return Faulty(BatchFault::kCrc, header,
                  "the batch carries the CRC " + Hex(header.crc) + ", its bytes have " + Hex(crc));
  }
  if (header.record_count < 1 || header.last_offset_delta != header.record_count - 1) {
    return Faulty(BatchFault::kCounts, header,
                  "the batch has " + std::to_string(header.record_count) +
                      " records and the last offset delta " +
                      std::to_string(header.last_offset_delta));
  }
  if (header.is_control()) {
    return Faulty(BatchFault::kControl, header, "clients may not write control batches");
  }
  if (header.producer_id >= 0 && (header.producer_epoch < 0 || header.base_sequence < 0)) {
    return Faulty(BatchFault::kSequence, header,
                  "the batch of producer " + std::to_string(header.producer_id) + " has epoch " +
                      std::to_string(header.producer_epoch) + " and sequence " +
                      std::to_string(header.base_sequence));
  }
  if (header.codec_bits() > kMaxCodec) {
    return Faulty(BatchFault::kCodec, header,
                  "no codec has the number " + std::to_string(header.codec_bits()));
  }
  return {.header = header};
}

void SetBaseOffset(std::string& batch, std::int64_t base_offset) {
  if (batch.size() >= kBatchHeaderSize) PutAt(batch, 0, base_offset);
}

void SetPartitionLeaderEpoch(std::string& batch, std::int32_t epoch) {
  if (batch.size() >= kBatchHeaderSize) PutAt(batch, kLeaderEpochAt, epoch);
}

absl::Status ForEachRecord(std::string_view batch, const std::function<bool(const Record&)>& visit,
                           std::size_t max_decompressed_bytes) {
  const std::optional<BatchHeader> header = ParseBatchHeader(batch);
  if (!header || header->magic != kMagic || header->batch_length < kMinBatchLength ||
      header->size() != batch.size() || header->record_count < 0 ||
      header->codec_bits() > kMaxCodec) {
    return absl::DataLossError("not one batch of format 2: " + CheckBatch(batch).message);
  }
  const std::string_view records = batch.substr(kBatchHeaderSize);
  const auto codec = static_cast<Codec>(header->codec_bits());
  if (codec == Codec::kNone) return VisitRecords(*header, records, visit);
  const absl::StatusOr<std::string> opened = Decompress(codec, records, max_decompressed_bytes);
  if (!opened.ok()) return opened.status();
  return VisitRecords(*header, *opened, visit);
}

void BatchBuilder::SetProducer(std::int64_t id, std::int16_t epoch, std::int32_t base_sequence) {
  header_.producer_id = id;
  header_.producer_epoch = epoch;
  header_.base_sequence = base_sequence;
}

void BatchBuilder::Add(std::int64_t timestamp, std::optional<std::string_view> key,
                       std::optional<std::string_view> value, const RecordHeaders& headers) {
  if (header_.record_count == 0) header_.base_timestamp = header_.max_timestamp = timestamp;
  header_.max_timestamp = std::max(header_.max_timestamp, timestamp);
  std::string body;
  wire::Writer writer(body);
  writer.Int<std::int8_t>(0);
  writer.Varlong(WrappingSubtract(timestamp, header_.base_timestamp));
  writer.Varint(header_.record_count);
  PutNullable(writer, key);
  PutNullable(writer, value);
  writer.Varint(static_cast<std::int32_t>(headers.size()));
  for (const auto& [name, content] : headers) {
    PutNullable(writer, name);
    PutNullable(writer, content);
  }
  wire::Writer records(records_);
  records.Varint(static_cast<std::int32_t>(body.size()));
  records.Bytes(body);
  ++header_.record_count;
}

std::string BatchBuilder::Build() {
  // Records that a codec does not take go out as they are: that is a batch as good.
  const absl::StatusOr<std::string> compressed = Compress(codec_, records_);
  const std::string& records = compressed.ok() ? *compressed : records_;
  const Codec codec = compressed.ok() ? codec_ : Codec::kNone;
  std::string batch;
  batch.reserve(kBatchHeaderSize + records.size());
  wire::Writer writer(batch);
  writer.Int(header_.base_offset);
  writer.Int(static_cast<std::int32_t>(kMinBatchLength + records.size()));
  writer.Int(header_.partition_leader_epoch);
  writer.Int(kMagic);
  writer.Int(header_.crc);
  writer.Int(static_cast<std::int16_t>(header_.attributes | static_cast<int>(codec)));
  writer.Int(header_.record_count - 1);
  writer.Int(header_.base_timestamp);
  writer.Int(header_.max_timestamp);
  writer.Int(header_.producer_id);
  writer.Int(header_.producer_epoch);
  writer.Int(header_.base_sequence);
  writer.Int(header_.record_count);
  writer.Bytes(records);
  PutAt(batch, kCrcAt, Crc32c(std::string_view(batch).substr(kCrcCountsFrom)));
  return batch;
}

}  // namespace wherry::kafka
