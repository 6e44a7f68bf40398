#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "storage/log_store.h"

// What every store refuses, in the same words. Threads: any.
namespace wherry::storage {

absl::Status NoSuchLog(LogId log);
absl::Status NoSuchBatch(LogId log, std::int64_t base_offset);
// `end_offset`: of the log, at this point of the commit.
absl::Status CheckAppend(const Append& append, std::int64_t end_offset);
absl::Status CheckKeys(const CommitBatch& batch);
absl::Status CheckStartOffset(std::int64_t start_offset);
// For a read: kOutOfRange outside [start, end].
absl::Status CheckOffset(LogId log, std::int64_t offset, const LogBounds& bounds);
// A trim may name any offset up to the end.
absl::Status CheckTrim(LogId log, std::int64_t offset, const LogBounds& bounds);
absl::Status CheckReplacement(LogId log, const Batch& old, const Batch& replacement);

// What an opening failed for, where it is damage, with the directory and what to do.
absl::Status InDirectory(const absl::Status& status, const std::string& directory);

}  // namespace wherry::storage
