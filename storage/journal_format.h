#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "storage/log.h"

// What a journal's file holds; storage/FORMAT.md is the same for people. Threads: any.
namespace wherry::storage::journal {

// At the beginning of a file. The salt is random, and goes into each record's checksum: bytes that
// a client made up cannot look like a record.
struct FileHeader {
  std::uint64_t number = 0;
  std::uint64_t salt = 0;
};
inline constexpr std::size_t kFileHeaderSize = 28;
// Grows when an older Wherry must not touch the file any more.
inline constexpr char kVersion = 2;

std::string Encode(const FileHeader& header);
// nullopt: it is damaged, or none. `version`: what wrote it, as far as that can be told, else 0.
std::optional<FileHeader> DecodeFileHeader(std::string_view bytes, int& version);

// Before a record: what one commit changed, all of it or nothing. The frames follow, and then the
// batches' bytes, which have checksums of their own.
struct RecordHeader {
  std::uint64_t sequence = 0;  // counts records, from file to file
  // Whether all files before this one were on the disk when this was written.
  bool synced_before = false;
  std::uint32_t frames_size = 0;
  std::uint64_t bytes_size = 0;
  std::uint32_t frames_crc = 0;

  std::uint64_t size() const;  // of the whole record
};
inline constexpr std::size_t kRecordHeaderSize = 29;

std::string Encode(const RecordHeader& header, std::uint64_t salt);
std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, std::uint64_t salt);

// A batch whose `size` bytes lie behind the frames, in the order of the frames that have one.
struct BatchFrame {
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  std::int64_t max_timestamp = -1;
  std::uint32_t crc = 0;  // as BatchChecksum has it
  std::uint32_t size = 0;
};

// Each is one change; strings are the encoder's, or lie in the decoded bytes.
struct AppendBatch {
  LogId log = 0;
  BatchFrame batch;
};
struct PutKey {
  std::string_view key, value;
};
struct DeleteKey {
  std::string_view key;
};
struct CreateLog {
  LogId log = 0;
  std::int64_t start_offset = 0;
};
struct DeleteLog {
  LogId log = 0;
};
struct TrimLog {
  LogId log = 0;
  std::int64_t start_offset = 0;
  std::uint64_t freed_bytes = 0;
};
struct EraseBatch {
  LogId log = 0;
  std::int64_t last_offset = 0;
  std::uint64_t freed_bytes = 0;
};
struct ReplaceBatch {
  LogId log = 0;
  std::int64_t last_offset = 0;  // of the old one
  std::uint64_t freed_bytes = 0;
  BatchFrame batch;
};
using Frame = std::variant<AppendBatch, PutKey, DeleteKey, CreateLog, DeleteLog, TrimLog,
                           EraseBatch, ReplaceBatch>;
using Frames = std::vector<Frame>;

std::string Encode(const Frames& frames);
// nullopt: these are no frames.
std::optional<Frames> DecodeFrames(std::string_view bytes);
// The batch that comes with a frame; nullptr: none does.
const BatchFrame* BatchOf(const Frame& frame);

// Covers the offsets, the timestamp and the bytes of a batch, wherever it lies: one that strayed to
// another's place is damage.
std::uint32_t BatchChecksum(std::int64_t base_offset, std::int64_t last_offset,
                            std::int64_t max_timestamp, std::string_view bytes);

}  // namespace wherry::storage::journal
