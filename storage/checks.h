#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "storage/log_store.h"

// What every store refuses, in the same words. Threads: any.
namespace wherry::storage {

absl::Status NoSuchLog(LogId log);
absl::Status NoSuchBatch(LogId log, std::int64_t base_offset);
// `end_offset`: of a log; nullopt: there is none of this id.
absl::Status CheckCommit(
    const CommitBatch& batch,
    const std::function<std::optional<std::int64_t>(LogId log)>& end_offset);
absl::Status CheckStartOffset(std::int64_t start_offset);
// For a read: kOutOfRange outside [start, end].
absl::Status CheckOffset(LogId log, std::int64_t offset, const LogBounds& bounds);
// A trim may name any offset up to the end.
absl::Status CheckTrim(LogId log, std::int64_t offset, const LogBounds& bounds);
absl::Status CheckReplacement(LogId log, const Batch& old, const Batch& replacement);

// What an opening failed for, where it is damage, with the directory and what to do.
absl::Status InDirectory(const absl::Status& status, const std::string& directory);

}  // namespace wherry::storage
