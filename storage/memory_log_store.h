#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "storage/log_store.h"

namespace wherry::storage {

// A LogStore that lives and dies with the process: batches are kept as they came, by reference.
// Threads: as LogStore says; one lock, held for microseconds. Owned by the composition root.
class MemoryLogStore final : public LogStore {
 public:
  MemoryLogStore() = default;

  // Another with the same content; the batches' bytes are shared.
  std::unique_ptr<MemoryLogStore> Copy() const;

  bool durable() const override { return false; }
  absl::Status Commit(const CommitBatch& batch, Durability durability) override;
  absl::StatusOr<LogId> CreateLog(std::int64_t start_offset) override;
  absl::Status DeleteLog(LogId log) override;
  std::vector<LogId> Logs() const override;
  absl::StatusOr<LogBounds> Bounds(LogId log) const override;
  absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                          const ReadLimits& limits) const override;
  absl::StatusOr<std::optional<Batch>> FindByTimestamp(LogId log,
                                                       std::int64_t timestamp) const override;
  absl::StatusOr<std::optional<Batch>> FindMaxTimestamp(LogId log) const override;
  absl::Status TrimPrefix(LogId log, std::int64_t offset) override;
  absl::Status EraseBatch(LogId log, std::int64_t base_offset) override;
  absl::Status ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) override;
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override;
  absl::Status Scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;
  absl::Status Sync() override { return absl::OkStatus(); }
  std::uint64_t memory_bytes() const override { return memory_bytes_; }

 private:
  struct Log {
    LogBounds bounds;
    std::deque<Batch> batches;  // by offset
  };
  // What a batch costs beside its bytes.
  static constexpr std::uint64_t kBatchOverhead = sizeof(Batch) + sizeof(std::string) + 16;

  static std::deque<Batch>::const_iterator Holding(const Log& log, std::int64_t offset);
  const Log* Find(LogId id) const;
  static std::deque<Batch>::iterator AtBase(Log& log, std::int64_t base_offset);
  absl::Status Check(const CommitBatch& batch) const;
  void Count(Log& log, std::uint64_t size);
  void Discount(Log& log, std::uint64_t size);

  mutable std::shared_mutex mutex_;
  std::map<LogId, Log> logs_;
  LogId next_log_ = 1;
  std::map<std::string, std::string, std::less<>> state_;
  std::atomic<std::uint64_t> memory_bytes_ = 0;
};

}  // namespace wherry::storage
