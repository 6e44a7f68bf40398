#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/kafka/record_batch.h"

// Batches that the broker itself changes: where a topic's configuration asks for it, and when a log
// is compacted.
namespace wherry::kafka {

// Makes it a batch whose records have the time at which the broker appended them.
void StampLogAppendTime(std::string& batch, std::int64_t unix_millis);

// The same records, compressed by `codec`. Errors: as of ForEachRecord.
absl::StatusOr<std::string> Recompress(std::string_view batch, Codec codec,
                                       std::size_t max_decompressed_bytes = kMaxDecompressedBytes);

// The same batch without the records that `keep` refuses. It covers the same offsets and has the
// same producer, sequence and codec; the records keep their offsets. nullopt: none is left.
//
// `delete_horizon`: from when on its tombstones may go (KIP-534), written where the first record's
// time was, as the attribute says; nullopt: it stays as it is.
// Errors: as of ForEachRecord.
absl::StatusOr<std::optional<std::string>> FilterBatch(
    std::string_view batch, const std::function<bool(const Record&)>& keep,
    std::optional<std::int64_t> delete_horizon,
    std::size_t max_decompressed_bytes = kMaxDecompressedBytes);

// From when on a batch's tombstones may go; nullopt: that has not been decided.
std::optional<std::int64_t> DeleteHorizonOf(const BatchHeader& header);

}  // namespace wherry::kafka
