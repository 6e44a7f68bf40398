#include "storage/checks.h"

#include <map>

#include "absl/strings/str_cat.h"

namespace wherry::storage {

namespace {

// `end_offset`: of the log, at this point of the commit.
absl::Status CheckAppend(const Append& append, std::int64_t end_offset) {
  if (append.bytes == nullptr || append.bytes->size() > LogStore::kMaxBatchSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a batch of ", append.bytes == nullptr ? 0 : append.bytes->size(), " bytes for log ",
        append.log, "; at most ", LogStore::kMaxBatchSize, " can be kept"));
  }
  // The end offset, one behind the last, must be a number too.
  if (append.base_offset < end_offset || append.last_offset < append.base_offset ||
      append.last_offset == INT64_MAX) {
    return absl::InvalidArgumentError(absl::StrCat("a batch [", append.base_offset, ", ",
                                                   append.last_offset, "] for log ", append.log,
                                                   ", whose end offset is ", end_offset));
  }
  return absl::OkStatus();
}

absl::Status CheckKeys(const CommitBatch& batch) {
  for (const CommitBatch::KeyChange& change : batch.key_changes()) {
    if (change.key.empty() || change.key.size() > LogStore::kMaxKeySize) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a key of ", change.key.size(), " bytes; 1 to ", LogStore::kMaxKeySize, " can be kept"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status NoSuchLog(LogId log) { return absl::NotFoundError(absl::StrCat("no log ", log)); }

absl::Status NoSuchBatch(LogId log, std::int64_t base_offset) {
  return absl::NotFoundError(absl::StrCat("log ", log, " has no batch at offset ", base_offset));
}

absl::Status CheckCommit(
    const CommitBatch& batch,
    const std::function<std::optional<std::int64_t>(LogId log)>& end_offset) {
  std::map<LogId, std::int64_t> ends;
  for (const Append& append : batch.appends()) {
    const auto [end, first] = ends.try_emplace(append.log, 0);
    if (first) {
      const std::optional<std::int64_t> found = end_offset(append.log);
      if (!found.has_value()) return NoSuchLog(append.log);
      end->second = *found;
    }
    if (absl::Status status = CheckAppend(append, end->second); !status.ok()) return status;
    end->second = append.last_offset + 1;
  }
  return CheckKeys(batch);
}

absl::Status CheckStartOffset(std::int64_t start_offset) {
  if (start_offset >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a log cannot start at offset ", start_offset, ", which is below 0"));
}

absl::Status CheckOffset(LogId log, std::int64_t offset, const LogBounds& bounds) {
  if (offset >= bounds.start_offset && offset <= bounds.end_offset) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("offset ", offset, " of log ", log, " lies outside [",
                                            bounds.start_offset, ", ", bounds.end_offset, "]"));
}

absl::Status CheckTrim(LogId log, std::int64_t offset, const LogBounds& bounds) {
  if (offset <= bounds.end_offset) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("log ", log, " cannot be trimmed to ", offset,
                                            ", its end offset is ", bounds.end_offset));
}

absl::Status CheckReplacement(LogId log, const Batch& old, const Batch& replacement) {
  const bool within = replacement.base_offset >= old.base_offset &&
                      replacement.last_offset <= old.last_offset &&
                      replacement.base_offset <= replacement.last_offset;
  if (within && replacement.bytes != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a batch [", replacement.base_offset, ", ", replacement.last_offset,
                   "] cannot replace [", old.base_offset, ", ", old.last_offset, "] of log ", log));
}

absl::Status InDirectory(const absl::Status& status, const std::string& directory) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(absl::StrCat("the data in \"", directory, "\" is damaged: ",
                                          std::string(status.message()),
                                          "; restore it from a copy, or start with an empty "
                                          "directory"));
}

}  // namespace wherry::storage
