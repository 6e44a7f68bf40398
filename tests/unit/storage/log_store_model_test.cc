// Random operations on every store, against a model that is too simple to be wrong.
#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

// What LogStore promises, in the plainest form.
struct ModelLog {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::vector<Batch> batches;
};

// Anything in [low, high), from the first run on: RapidCheck would begin with the low end alone.
template <typename T>
T Between(T low, T high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

template <typename Maker>
class Machine {
 public:
  void Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    maker_.Reopen();
    CheckAll();
  }

 private:
  void Step() {
    switch (Between<int>(0, 12)) {
      case 0:
        return Create();
      case 1:
        return Delete();
      case 2:
        return Trim();
      case 3:
        return Erase();
      case 4:
        return ReplaceOne();
      case 5:
        return maker_.Reopen();
      case 6:
        return CheckAll();
      default:
        return Commit();
    }
  }

  LogId AnyLog() {
    if (logs_.empty()) Create();
    auto log = logs_.begin();
    std::advance(log, Between<std::size_t>(0, logs_.size()));
    return log->first;
  }

  void Create() {
    const auto start = Between<std::int64_t>(0, 5);
    const LogId log = store().CreateLog(start).value();
    RC_ASSERT(log > last_log_);
    last_log_ = log;
    logs_[log] = {start, start, {}};
  }
  void Delete() {
    const LogId log = AnyLog();
    RC_ASSERT(store().DeleteLog(log).ok());
    logs_.erase(log);
    RC_ASSERT(store().Bounds(log).status().code() == absl::StatusCode::kNotFound);
  }

  void Commit() {
    CommitBatch commit;
    const int appends = Between<int>(0, 4);
    auto logs = logs_;
    auto keys = keys_;
    for (int i = 0; i < appends; ++i) {
      const LogId id = AnyLog();
      if (!logs.contains(id)) logs[id] = logs_[id];
      ModelLog& log = logs[id];
      const std::int64_t base = log.end + Between<std::int64_t>(0, 3);
      const Batch batch{base, base + Between<std::int64_t>(0, 4), Between<std::int64_t>(-1, 20),
                        BytesOf(*rc::gen::arbitrary<std::string>())};
      commit.Add({id, batch.base_offset, batch.last_offset, batch.max_timestamp, batch.bytes});
      log.batches.push_back(batch);
      log.end = batch.last_offset + 1;
    }
    const int changes = Between<int>(0, 3);
    for (int i = 0; i < changes; ++i) {
      const std::string key = "k" + std::string(1, *rc::gen::arbitrary<char>());
      if (*rc::gen::arbitrary<bool>()) {
        keys[key] = *rc::gen::arbitrary<std::string>();
        commit.Put(key, keys[key]);
      } else {
        keys.erase(key);
        commit.Delete(key);
      }
    }
    const bool refused = Between<int>(0, 5) == 0;
    if (refused) commit.Add({last_log_ + 1, 0, 0, -1, BytesOf("no such log")});
    RC_ASSERT(store().Commit(commit, Durability::kKernel).ok() == !refused);
    if (refused) return;
    logs_ = std::move(logs);
    keys_ = std::move(keys);
  }

  void Trim() {
    const LogId id = AnyLog();
    ModelLog& log = logs_[id];
    const auto to = Between<std::int64_t>(0, log.end + 2);
    const absl::Status status = store().TrimPrefix(id, to);
    RC_ASSERT(status.ok() == (to <= log.end));
    if (!status.ok() || to <= log.start) return;
    log.start = to;
    std::erase_if(log.batches, [to](const Batch& batch) { return batch.last_offset < to; });
  }
  void Erase() {
    const LogId id = AnyLog();
    ModelLog& log = logs_[id];
    const auto base = Between<std::int64_t>(0, log.end + 1);
    const auto erased =
        std::erase_if(log.batches, [base](const Batch& b) { return b.base_offset == base; });
    RC_ASSERT(store().EraseBatch(id, base).ok() == (erased == 1));
  }
  void ReplaceOne() {
    const LogId id = AnyLog();
    ModelLog& log = logs_[id];
    if (log.batches.empty()) return;
    Batch& batch = log.batches[Between<std::size_t>(0, log.batches.size())];
    const std::int64_t old_base = batch.base_offset;
    const auto first = Between<std::int64_t>(batch.base_offset, batch.last_offset + 1);
    const auto last = Between<std::int64_t>(first, batch.last_offset + 1);
    const Batch with{first, last, Between<std::int64_t>(-1, 20), BytesOf("replaced")};
    // Below the start, where a reader cannot come, it would be as good as erased.
    if (with.last_offset < log.start) return;
    RC_ASSERT(store().ReplaceBatch(id, old_base, with).ok());
    batch = with;
  }

  void CheckAll() {
    std::vector<LogId> ids;
    for (const auto& [id, log] : logs_) ids.push_back(id);
    std::vector<LogId> found = store().Logs();
    std::sort(found.begin(), found.end());
    RC_ASSERT(found == ids);
    for (const auto& [id, log] : logs_) CheckLog(id, log);
    std::map<std::string, std::string> keys;
    RC_ASSERT(store()
                  .Scan("k",
                        [&](std::string_view key, std::string_view value) {
                          keys.emplace(key, value);
                          return true;
                        })
                  .ok());
    RC_ASSERT(keys == keys_);
  }
  void CheckLog(LogId id, const ModelLog& log) {
    const LogBounds bounds = store().Bounds(id).value();
    RC_ASSERT(bounds.start_offset == log.start);
    RC_ASSERT(bounds.end_offset == log.end);
    for (std::int64_t offset = log.start; offset <= log.end; ++offset) CheckRead(id, log, offset);
    RC_ASSERT(store().Read(id, log.end + 1, {}).status().code() == absl::StatusCode::kOutOfRange);
    const auto timestamp = Between<std::int64_t>(0, 21);
    const auto at =
        std::find_if(log.batches.begin(), log.batches.end(),
                     [timestamp](const Batch& batch) { return batch.max_timestamp >= timestamp; });
    const auto found = store().FindByTimestamp(id, timestamp).value();
    RC_ASSERT(found.has_value() == (at != log.batches.end()));
    if (found.has_value()) RC_ASSERT(found->base_offset == at->base_offset);
    const auto greatest = std::max_element(
        log.batches.begin(), log.batches.end(),
        [](const Batch& a, const Batch& b) { return a.max_timestamp < b.max_timestamp; });
    const auto max = store().FindMaxTimestamp(id).value();
    RC_ASSERT(max.has_value() == (greatest != log.batches.end()));
    if (max.has_value()) RC_ASSERT(max->base_offset == greatest->base_offset);
  }
  // Whether one more batch of the last one's size would pass the limit.
  static bool MayStop(const std::vector<Batch>& read, const ReadLimits& limits) {
    std::size_t bytes = 0;
    for (const Batch& batch : read) bytes += batch.bytes->size();
    return !read.empty() && bytes + read.back().bytes->size() > limits.max_bytes;
  }
  void CheckRead(LogId id, const ModelLog& log, std::int64_t offset) {
    const ReadLimits limits{Between<std::size_t>(0, 300),
                            Between<std::int64_t>(offset, log.end + 2)};
    const std::vector<Batch> read = store().Read(id, offset, limits).value();
    std::size_t bytes = 0;
    auto next = read.begin();
    for (const Batch& batch : log.batches) {
      if (batch.last_offset < offset) continue;
      bytes += batch.bytes->size();
      const bool fits = next == read.begin() || bytes <= limits.max_bytes;
      if (batch.base_offset >= limits.end_offset || !fits) break;
      if (next == read.end() && MayStop(read, limits)) break;
      RC_ASSERT(next != read.end());
      RC_ASSERT(next->base_offset == batch.base_offset);
      RC_ASSERT(next->last_offset == batch.last_offset);
      RC_ASSERT(next->max_timestamp == batch.max_timestamp);
      RC_ASSERT(*next->bytes == *batch.bytes);
      ++next;
    }
    RC_ASSERT(next == read.end());
  }

  LogStore& store() { return *maker_.store; }

  Maker maker_;
  std::map<LogId, ModelLog> logs_;
  std::map<std::string, std::string> keys_;
  LogId last_log_ = 0;
};

RC_GTEST_PROP(LogStoreModelTest, Memory, ()) { Machine<Memory>().Run(60); }
RC_GTEST_PROP(LogStoreModelTest, PowerLost, ()) { Machine<PowerLost>().Run(60); }

// Opening a database takes milliseconds: fewer steps, of which every twelfth opens it again.
RC_GTEST_PROP(LogStoreModelTest, DiskReopened, ()) { Machine<DiskReopened>().Run(20); }
RC_GTEST_PROP(LogStoreModelTest, DiskSealed, ()) { Machine<DiskSealed>().Run(20); }

}  // namespace
}  // namespace wherry::storage
