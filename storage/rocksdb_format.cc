#include "storage/rocksdb_format.h"

#include "absl/strings/str_cat.h"
#include "storage/crc32c.h"

namespace wherry::storage::format {

namespace {

template <typename Integer>
std::string BigEndian(Integer value) {
  std::string bytes;
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

template <typename Integer>
std::optional<Integer> FromBigEndian(std::string_view bytes) {
  if (bytes.size() != sizeof(Integer)) return std::nullopt;
  Integer value = 0;
  for (const char byte : bytes) {
    value = static_cast<Integer>(value << 8 | static_cast<unsigned char>(byte));
  }
  return value;
}

}  // namespace

std::string Be32(std::uint32_t value) { return BigEndian(value); }
std::string Be64(std::uint64_t value) { return BigEndian(value); }
std::optional<std::uint32_t> FromBe32(std::string_view bytes) {
  return FromBigEndian<std::uint32_t>(bytes);
}
std::optional<std::uint64_t> FromBe64(std::string_view bytes) {
  return FromBigEndian<std::uint64_t>(bytes);
}

std::string LogValue(const LogRecord& record) {
  return Be64(static_cast<std::uint64_t>(record.start_offset)) +
         Be64(static_cast<std::uint64_t>(record.end_floor));
}

std::optional<LogRecord> ReadLogValue(std::string_view value) {
  if (value.size() != 16) return std::nullopt;
  LogRecord record;
  record.start_offset = static_cast<std::int64_t>(*FromBe64(value.substr(0, 8)));
  record.end_floor = static_cast<std::int64_t>(*FromBe64(value.substr(8)));
  if (record.start_offset < 0 || record.end_floor < record.start_offset) return std::nullopt;
  return record;
}

std::string BatchKey(LogId log, std::int64_t last_offset) {
  return Be64(log) + Be64(static_cast<std::uint64_t>(last_offset));
}

std::optional<BatchName> ReadBatchKey(std::string_view key) {
  if (key.size() != 16) return std::nullopt;
  return BatchName{*FromBe64(key.substr(0, 8)),
                   static_cast<std::int64_t>(*FromBe64(key.substr(8)))};
}

// The checksum covers the key too: a batch that strayed to another's place is damage.
std::string BatchHeader(const Batch& batch) {
  std::string header = Be64(static_cast<std::uint64_t>(batch.base_offset)) +
                       Be64(static_cast<std::uint64_t>(batch.max_timestamp));
  const std::uint32_t crc = Crc32c(
      *batch.bytes, Crc32c(header, Crc32c(Be64(static_cast<std::uint64_t>(batch.last_offset)))));
  return header + Be32(crc);
}

absl::StatusOr<Batch> ReadBatch(std::string_view key, std::string_view value, bool check) {
  const std::optional<BatchName> name = ReadBatchKey(key);
  if (!name.has_value() || value.size() < kBatchHeaderSize) {
    return absl::DataLossError("a key or value in \"batches\" is too short");
  }
  Batch batch;
  batch.last_offset = name->last_offset;
  batch.base_offset = static_cast<std::int64_t>(*FromBe64(value.substr(0, 8)));
  batch.max_timestamp = static_cast<std::int64_t>(*FromBe64(value.substr(8, 8)));
  if (!check) return batch;
  const std::uint32_t crc =
      Crc32c(value.substr(kBatchHeaderSize), Crc32c(value.substr(0, 16), Crc32c(key.substr(8))));
  if (crc != *FromBe32(value.substr(16, 4))) {
    return absl::DataLossError(absl::StrCat("the batch of log ", name->log, " that ends at offset ",
                                            name->last_offset, " does not match its checksum"));
  }
  return batch;
}

}  // namespace wherry::storage::format
