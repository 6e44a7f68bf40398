#include "storage/journal_format.h"

#include "storage/big_endian.h"
#include "storage/crc32c.h"

namespace wherry::storage::journal {

namespace {

constexpr std::string_view kMagic = "WHERRYJ";  // the version follows
constexpr std::uint8_t kSyncedBefore = 1;

// The first byte of a frame.
enum class Kind : std::uint8_t {
  kAppend = 1,
  kPut = 2,
  kDelete = 3,
  kCreateLog = 4,
  kDeleteLog = 5,
  kTrim = 6,
  kErase = 7,
  kReplace = 8,
};

std::uint32_t Salted(std::string_view bytes, std::uint64_t salt) {
  std::string salt_bytes;
  AppendBigEndian(salt_bytes, salt);
  return Crc32c(bytes, Crc32c(salt_bytes));
}

// Writes frames one behind another.
class Writer {
 public:
  explicit Writer(std::string& to) : to_(to) {}

  void operator()(const AppendBatch& frame) { Write(Kind::kAppend, frame.log, frame.batch); }
  void operator()(const PutKey& frame) {
    Write(Kind::kPut, static_cast<std::uint32_t>(frame.key.size()),
          static_cast<std::uint32_t>(frame.value.size()), frame.key, frame.value);
  }
  void operator()(const DeleteKey& frame) {
    Write(Kind::kDelete, static_cast<std::uint32_t>(frame.key.size()), frame.key);
  }
  void operator()(const CreateLog& frame) {
    Write(Kind::kCreateLog, frame.log, frame.start_offset);
  }
  void operator()(const DeleteLog& frame) { Write(Kind::kDeleteLog, frame.log); }
  void operator()(const TrimLog& frame) {
    Write(Kind::kTrim, frame.log, frame.start_offset, frame.freed_bytes);
  }
  void operator()(const EraseBatch& frame) {
    Write(Kind::kErase, frame.log, frame.last_offset, frame.freed_bytes);
  }
  void operator()(const ReplaceBatch& frame) {
    Write(Kind::kReplace, frame.log, frame.last_offset, frame.freed_bytes, frame.batch);
  }

 private:
  template <typename... Fields>
  void Write(Kind kind, const Fields&... fields) {
    to_.push_back(static_cast<char>(kind));
    (Put(fields), ...);
  }
  template <typename Integer>
  void Put(Integer value) {
    AppendBigEndian(to_, value);
  }
  void Put(std::string_view bytes) { to_.append(bytes); }
  void Put(const BatchFrame& batch) {
    AppendBigEndian(to_, batch.base_offset);
    AppendBigEndian(to_, batch.last_offset);
    AppendBigEndian(to_, batch.max_timestamp);
    AppendBigEndian(to_, batch.crc);
    AppendBigEndian(to_, batch.size);
  }

  std::string& to_;
};

BatchFrame TakeBatch(BigEndianReader& from) {
  BatchFrame batch;
  batch.base_offset = from.Take<std::int64_t>();
  batch.last_offset = from.Take<std::int64_t>();
  batch.max_timestamp = from.Take<std::int64_t>();
  batch.crc = from.Take<std::uint32_t>();
  batch.size = from.Take<std::uint32_t>();
  return batch;
}

// Braces keep the order in which the fields are taken.
std::optional<Frame> TakeFrame(BigEndianReader& from) {
  switch (static_cast<Kind>(from.Take<std::uint8_t>())) {
    case Kind::kAppend:
      return AppendBatch{from.Take<std::uint64_t>(), TakeBatch(from)};
    case Kind::kPut: {
      const auto key_size = from.Take<std::uint32_t>();
      const auto value_size = from.Take<std::uint32_t>();
      return PutKey{from.TakeString(key_size), from.TakeString(value_size)};
    }
    case Kind::kDelete:
      return DeleteKey{from.TakeString(from.Take<std::uint32_t>())};
    case Kind::kCreateLog:
      return CreateLog{from.Take<std::uint64_t>(), from.Take<std::int64_t>()};
    case Kind::kDeleteLog:
      return DeleteLog{from.Take<std::uint64_t>()};
    case Kind::kTrim:
      return TrimLog{from.Take<std::uint64_t>(), from.Take<std::int64_t>(),
                     from.Take<std::uint64_t>()};
    case Kind::kErase:
      return EraseBatch{from.Take<std::uint64_t>(), from.Take<std::int64_t>(),
                        from.Take<std::uint64_t>()};
    case Kind::kReplace:
      return ReplaceBatch{from.Take<std::uint64_t>(), from.Take<std::int64_t>(),
                          from.Take<std::uint64_t>(), TakeBatch(from)};
  }
  return std::nullopt;
}

}  // namespace

std::string Encode(const FileHeader& header) {
  std::string bytes(kMagic);
  bytes.push_back(kVersion);
  AppendBigEndian(bytes, header.number);
  AppendBigEndian(bytes, header.salt);
  AppendBigEndian(bytes, Crc32c(bytes));
  return bytes;
}

std::optional<FileHeader> DecodeFileHeader(std::string_view bytes, int& version) {
  version = 0;
  if (bytes.size() < kFileHeaderSize || !bytes.starts_with(kMagic)) return std::nullopt;
  BigEndianReader from(bytes.substr(kMagic.size(), kFileHeaderSize - kMagic.size()));
  const int written_by = from.Take<std::uint8_t>();
  FileHeader header;
  header.number = from.Take<std::uint64_t>();
  header.salt = from.Take<std::uint64_t>();
  const auto crc = from.Take<std::uint32_t>();
  if (crc != Crc32c(bytes.substr(0, kFileHeaderSize - sizeof(crc)))) return std::nullopt;
  version = written_by;
  if (version != kVersion) return std::nullopt;
  return header;
}

std::uint64_t RecordHeader::size() const { return kRecordHeaderSize + frames_size + bytes_size; }

std::string Encode(const RecordHeader& header, std::uint64_t salt) {
  std::string bytes;
  bytes.reserve(kRecordHeaderSize);
  AppendBigEndian(bytes, header.sequence);
  bytes.push_back(static_cast<char>(header.synced_before ? kSyncedBefore : 0));
  AppendBigEndian(bytes, header.frames_size);
  AppendBigEndian(bytes, header.bytes_size);
  AppendBigEndian(bytes, header.frames_crc);
  AppendBigEndian(bytes, Salted(bytes, salt));
  return bytes;
}

std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, std::uint64_t salt) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  BigEndianReader from(bytes.substr(0, kRecordHeaderSize));
  RecordHeader header;
  header.sequence = from.Take<std::uint64_t>();
  header.synced_before = (from.Take<std::uint8_t>() & kSyncedBefore) != 0;
  header.frames_size = from.Take<std::uint32_t>();
  header.bytes_size = from.Take<std::uint64_t>();
  header.frames_crc = from.Take<std::uint32_t>();
  const auto crc = from.Take<std::uint32_t>();
  if (crc != Salted(bytes.substr(0, kRecordHeaderSize - sizeof(crc)), salt)) return std::nullopt;
  return header;
}

std::string Encode(const Frames& frames) {
  std::string bytes;
  Writer writer(bytes);
  for (const Frame& frame : frames) std::visit(writer, frame);
  return bytes;
}

std::optional<Frames> DecodeFrames(std::string_view bytes) {
  Frames frames;
  BigEndianReader from(bytes);
  while (from.ok() && !from.empty()) {
    const std::optional<Frame> frame = TakeFrame(from);
    if (!frame.has_value()) return std::nullopt;
    frames.push_back(*frame);
  }
  if (!from.ok()) return std::nullopt;
  return frames;
}

const BatchFrame* BatchOf(const Frame& frame) {
  if (const auto* append = std::get_if<AppendBatch>(&frame)) return &append->batch;
  if (const auto* replace = std::get_if<ReplaceBatch>(&frame)) return &replace->batch;
  return nullptr;
}

std::uint32_t BatchChecksum(std::int64_t base_offset, std::int64_t last_offset,
                            std::int64_t max_timestamp, std::string_view bytes) {
  std::string numbers;
  AppendBigEndian(numbers, last_offset);
  AppendBigEndian(numbers, base_offset);
  AppendBigEndian(numbers, max_timestamp);
  return Crc32c(bytes, Crc32c(numbers));
}

}  // namespace wherry::storage::journal
