#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "protocol/kafka/codec.h"

namespace wherry::kafka {

inline constexpr std::size_t kBatchHeaderSize = 61;

// The 61 bytes at the front of a batch of format 2, in their order on the wire.
struct BatchHeader {
  std::int64_t base_offset = 0;
  std::int32_t batch_length = 0;  // of what follows it: 12 less than the whole
  std::int32_t partition_leader_epoch = -1;
  std::int8_t magic = 2;
  std::uint32_t crc = 0;  // CRC-32C of everything behind it
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t base_timestamp = 0;
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  static constexpr std::int16_t kTransactional = 0x10;
  static constexpr std::int16_t kControl = 0x20;

  int codec_bits() const { return attributes & 0x07; }
  bool is_log_append_time() const { return (attributes & 0x08) != 0; }
  bool is_transactional() const { return (attributes & kTransactional) != 0; }
  bool is_control() const { return (attributes & kControl) != 0; }
  // Of the whole batch. Example: batch_length 49 is a header and no records: 61 bytes. What a
  // negative batch_length gives is as large as no batch.
  std::size_t size() const { return static_cast<std::size_t>(std::int64_t{12} + batch_length); }
};

// Reads the header, checks nothing. nullopt: fewer than 61 bytes.
std::optional<BatchHeader> ParseBatchHeader(std::string_view bytes);

enum class BatchFault : std::uint8_t {
  kNone,
  kTruncated,      // ends before its header or its batch_length does
  kTrailingBytes,  // there is more behind the batch
  kMagic,          // an older format
  kCrc,
  kCounts,    // no records, or last_offset_delta is not record_count - 1
  kControl,   // a control batch, which no client may send
  kSequence,  // a producer id without epoch or sequence
  kCodec,     // a codec that does not exist
};

struct CheckedBatch {
  BatchFault fault = BatchFault::kNone;
  BatchHeader header;   // all of it unless the batch is shorter than a header
  std::string message;  // for people, with the values that are wrong; empty if there is no fault
};

// Whether `bytes` are exactly one batch that a client may have written; the faults are looked for
// in their order above (the format before the sizes). Does not open the records.
CheckedBatch CheckBatch(std::string_view bytes);

// Both fields are outside the CRC, for the broker to fill in. Shorter than a header: left alone.
void SetBaseOffset(std::string& batch, std::int64_t base_offset);
void SetPartitionLeaderEpoch(std::string& batch, std::int32_t epoch);

using RecordHeaders = std::vector<std::pair<std::string_view, std::optional<std::string_view>>>;

// One record of a batch. Views into the batch, or into what it decompressed to.
struct Record {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;
  std::optional<std::string_view> key, value;
  RecordHeaders headers;
};

// Opens the batch, whatever its codec, and calls `visit` for each record until that returns false.
// The views end when `visit` returns. Trusts the CRC. A record's offset is base_offset + its delta;
// its timestamp base_timestamp + its delta or, where the log stamps, max_timestamp.
// Errors: kDataLoss for bytes that are no batch or records that do not add up (those before were
// visited), kResourceExhausted if more than max_decompressed_bytes would come out.
absl::Status ForEachRecord(std::string_view batch, const std::function<bool(const Record&)>& visit,
                           std::size_t max_decompressed_bytes = kMaxDecompressedBytes);

// Builds one batch out of records, as a producer does.
// Threads: none of its own. Owned by who builds.
class BatchBuilder {
 public:
  explicit BatchBuilder(Codec codec = Codec::kNone) : codec_(codec) {}

  void SetProducer(std::int64_t id, std::int16_t epoch, std::int32_t base_sequence);
  // The batch is part of the producer's transaction.
  void SetTransactional() { header_.attributes |= BatchHeader::kTransactional; }
  // It is the broker's (control_batch.h).
  void SetControl() { header_.attributes |= BatchHeader::kControl; }
  void Add(std::int64_t timestamp, std::optional<std::string_view> key,
           std::optional<std::string_view> value, const RecordHeaders& headers = {});
  std::int32_t record_count() const { return header_.record_count; }
  // The batch of all records added so far: base offset 0, leader epoch -1, the CRC set.
  std::string Build();

 private:
  Codec codec_;
  BatchHeader header_;
  std::string records_;
};

}  // namespace wherry::kafka
