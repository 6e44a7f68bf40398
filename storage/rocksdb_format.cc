#include "storage/rocksdb_format.h"

#include "storage/big_endian.h"

namespace wherry::storage::format {

namespace {

// Behind a batch's numbers: what comes next.
enum class Kind : std::uint8_t { kBytes = 0, kPlace = 1 };

template <typename... Integers>
std::string BigEndianOf(Integers... values) {
  std::string bytes;
  (AppendBigEndian(bytes, values), ...);
  return bytes;
}

template <typename Integer>
std::optional<Integer> FromBigEndian(std::string_view bytes) {
  if (bytes.size() != sizeof(Integer)) return std::nullopt;
  return BigEndian<Integer>(bytes);
}

}  // namespace

std::string Be32(std::uint32_t value) { return BigEndianOf(value); }
std::string Be64(std::uint64_t value) { return BigEndianOf(value); }
std::optional<std::uint32_t> FromBe32(std::string_view bytes) {
  return FromBigEndian<std::uint32_t>(bytes);
}
std::optional<std::uint64_t> FromBe64(std::string_view bytes) {
  return FromBigEndian<std::uint64_t>(bytes);
}

std::string SealedValue(const Sealed& sealed) {
  return BigEndianOf(sealed.through, sealed.next_sequence);
}

std::optional<Sealed> ReadSealedValue(std::string_view value) {
  BigEndianReader from(value);
  const Sealed sealed{from.Take<std::uint64_t>(), from.Take<std::uint64_t>()};
  if (!from.finished()) return std::nullopt;
  return sealed;
}

std::string LogValue(const LogRecord& record) {
  return BigEndianOf(record.start_offset, record.end_offset, record.size_bytes);
}

std::optional<LogRecord> ReadLogValue(std::string_view value) {
  BigEndianReader from(value);
  const LogRecord record{from.Take<std::int64_t>(), from.Take<std::int64_t>(),
                         from.Take<std::uint64_t>()};
  if (!from.finished() || record.start_offset < 0 || record.end_offset < record.start_offset) {
    return std::nullopt;
  }
  return record;
}

std::string BatchKey(LogId log, std::int64_t last_offset) {
  return BigEndianOf(log, last_offset);
}

std::optional<BatchName> ReadBatchKey(std::string_view key) {
  BigEndianReader from(key);
  const BatchName name{from.Take<std::uint64_t>(), from.Take<std::int64_t>()};
  if (!from.finished()) return std::nullopt;
  return name;
}

std::string BatchHeader(const BatchValue& value) {
  std::string header = BigEndianOf(value.base_offset, value.max_timestamp, value.crc);
  const Kind kind = value.place.has_value() ? Kind::kPlace : Kind::kBytes;
  header.push_back(static_cast<char>(kind));
  if (value.place.has_value()) {
    header += BigEndianOf(value.place->journal, value.place->position, value.place->size);
  }
  return header;
}

std::optional<BatchValue> ReadBatchValue(std::string_view value) {
  BigEndianReader from(value);
  BatchValue batch;
  batch.base_offset = from.Take<std::int64_t>();
  batch.max_timestamp = from.Take<std::int64_t>();
  batch.crc = from.Take<std::uint32_t>();
  switch (static_cast<Kind>(from.Take<std::uint8_t>())) {
    case Kind::kBytes:
      if (!from.ok()) return std::nullopt;
      batch.bytes = from.rest();
      return batch;
    case Kind::kPlace:
      batch.place = Place{from.Take<std::uint64_t>(), from.Take<std::uint64_t>(),
                          from.Take<std::uint32_t>()};
      if (!from.finished()) return std::nullopt;
      return batch;
  }
  return std::nullopt;
}

std::string KeptKey(std::uint64_t number) { return kKeptPrefix + BigEndianOf(number); }

std::string KeptValue(const KeptJournal& kept) {
  std::string value = BigEndianOf(kept.bytes);
  for (const KeptJournal::Log& log : kept.logs) {
    value += BigEndianOf(log.log, log.first, log.last, log.bytes);
  }
  return value;
}

std::optional<KeptJournal> ReadKeptValue(std::string_view value) {
  BigEndianReader from(value);
  KeptJournal kept;
  kept.bytes = from.Take<std::uint64_t>();
  while (from.ok() && !from.empty()) {
    kept.logs.push_back({from.Take<std::uint64_t>(), from.Take<std::int64_t>(),
                         from.Take<std::int64_t>(), from.Take<std::uint64_t>()});
  }
  if (!from.ok()) return std::nullopt;
  return kept;
}

}  // namespace wherry::storage::format
