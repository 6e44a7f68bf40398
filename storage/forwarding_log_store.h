#pragma once

#include <memory>
#include <utility>

#include "storage/log_store.h"

namespace wherry::storage {

// Hands every call on to another store: what a store that changes a few of them begins with.
// Threads: as the other store. Owns it.
class ForwardingLogStore : public LogStore {
 public:
  explicit ForwardingLogStore(std::unique_ptr<LogStore> to) : to_(std::move(to)) {}

  bool durable() const override { return to_->durable(); }
  absl::Status Commit(const CommitBatch& batch, Durability durability) override {
    return to_->Commit(batch, durability);
  }
  absl::StatusOr<LogId> CreateLog(std::int64_t start_offset) override {
    return to_->CreateLog(start_offset);
  }
  absl::Status DeleteLog(LogId log) override { return to_->DeleteLog(log); }
  std::vector<LogId> Logs() const override { return to_->Logs(); }
  absl::StatusOr<LogBounds> Bounds(LogId log) const override { return to_->Bounds(log); }
  absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                          const ReadLimits& limits) const override {
    return to_->Read(log, offset, limits);
  }
  absl::StatusOr<std::optional<Batch>> FindByTimestamp(LogId log,
                                                       std::int64_t timestamp) const override {
    return to_->FindByTimestamp(log, timestamp);
  }
  absl::StatusOr<std::optional<Batch>> FindMaxTimestamp(LogId log) const override {
    return to_->FindMaxTimestamp(log);
  }
  absl::Status TrimPrefix(LogId log, std::int64_t offset) override {
    return to_->TrimPrefix(log, offset);
  }
  absl::Status EraseBatch(LogId log, std::int64_t base_offset) override {
    return to_->EraseBatch(log, base_offset);
  }
  absl::Status ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) override {
    return to_->ReplaceBatch(log, base_offset, std::move(replacement));
  }
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override {
    return to_->Get(key);
  }
  absl::Status Scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override {
    return to_->Scan(prefix, visit);
  }
  absl::Status Sync() override { return to_->Sync(); }
  std::uint64_t memory_bytes() const override { return to_->memory_bytes(); }

 protected:
  LogStore& to() { return *to_; }
  const LogStore& to() const { return *to_; }
  void Replace(std::unique_ptr<LogStore> to) { to_ = std::move(to); }

 private:
  std::unique_ptr<LogStore> to_;
};

}  // namespace wherry::storage
