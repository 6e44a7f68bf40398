#include "tests/crash/store_script.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace wherry::crash {

namespace {

using storage::Batch;
using storage::LogId;

constexpr std::size_t kMaxLogs = 5;
// Below and above what a store keeps where it is.
constexpr std::size_t kSizes[] = {0, 30, 300, 1500};

std::string Describe(LogId id, std::int64_t start, std::int64_t end) {
  return absl::StrCat("log ", id, " [", start, ", ", end, ")");
}

std::string Describe(const Batch& batch) {
  return absl::StrCat(" ", batch.base_offset, "-", batch.last_offset, "@", batch.max_timestamp,
                      ":", batch.bytes->size(), "#", std::hash<std::string>()(*batch.bytes));
}

}  // namespace

storage::Bytes StoreScript::SomeBytes() {
  const std::size_t most = kSizes[Below(std::size(kSizes))];
  std::string bytes(most == 0 ? 0 : Below(most), static_cast<char>('a' + Below(26)));
  return std::make_shared<const std::string>(std::move(bytes));
}

std::map<LogId, StoreScript::Log>::iterator StoreScript::AnyLog() {
  auto log = logs_.begin();
  std::advance(log, static_cast<std::ptrdiff_t>(Below(logs_.size())));
  return log;
}

absl::Status StoreScript::Step(storage::LogStore* store, storage::Durability durability) {
  // Each step by its own number: a script that begins in the middle goes on the same way.
  std::seed_seq seeds{seed_, static_cast<std::uint32_t>(steps_)};
  random_.seed(seeds);
  ++steps_;
  committed_ = false;
  if (logs_.empty() || (logs_.size() < kMaxLogs && Below(20) == 0)) return Create(store);
  const std::uint64_t kind = Below(40);
  if (kind == 0) return Delete(store);
  if (kind < 3) return Trim(store);
  if (kind < 8) return Compact(store);
  return Commit(store, durability);
}

absl::Status StoreScript::Create(storage::LogStore* store) {
  const auto start = static_cast<std::int64_t>(Below(3));
  const LogId id = next_log_++;
  logs_[id] = {start, start, {}};
  if (store == nullptr) return absl::OkStatus();
  const absl::StatusOr<LogId> created = store->CreateLog(start);
  if (created.ok() && *created != id) return absl::InternalError(absl::StrCat("log ", *created));
  return created.status();
}

absl::Status StoreScript::Delete(storage::LogStore* store) {
  const auto log = AnyLog();
  const LogId id = log->first;
  logs_.erase(log);
  return store == nullptr ? absl::OkStatus() : store->DeleteLog(id);
}

absl::Status StoreScript::Trim(storage::LogStore* store) {
  auto& [id, log] = *AnyLog();
  const auto size = static_cast<std::uint64_t>(log.end - log.start);
  log.start += static_cast<std::int64_t>(Below(size + 1));
  log.batches.erase(log.batches.begin(), log.batches.lower_bound(log.start));
  return store == nullptr ? absl::OkStatus() : store->TrimPrefix(id, log.start);
}

absl::Status StoreScript::Compact(storage::LogStore* store) {
  auto& [id, log] = *AnyLog();
  if (log.batches.empty()) return absl::OkStatus();
  auto at = log.batches.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(Below(log.batches.size())));
  const Batch old = at->second;
  log.batches.erase(at);
  if (Below(2) == 0) {
    return store == nullptr ? absl::OkStatus() : store->EraseBatch(id, old.base_offset);
  }
  const Batch with{old.base_offset, std::max(old.base_offset, log.start), 5, SomeBytes()};
  log.batches[with.last_offset] = with;
  return store == nullptr ? absl::OkStatus() : store->ReplaceBatch(id, old.base_offset, with);
}

absl::Status StoreScript::Commit(storage::LogStore* store, storage::Durability durability) {
  committed_ = true;
  storage::CommitBatch commit;
  for (std::uint64_t i = 1 + Below(3); i > 0; --i) {
    auto& [id, log] = *AnyLog();
    const std::int64_t base = log.end + static_cast<std::int64_t>(Below(2));
    const Batch batch{base, base + static_cast<std::int64_t>(Below(3)),
                      static_cast<std::int64_t>(Below(100)), SomeBytes()};
    commit.Add({id, batch.base_offset, batch.last_offset, batch.max_timestamp, batch.bytes});
    log.batches[batch.last_offset] = batch;
    log.end = batch.last_offset + 1;
  }
  const std::string key = absl::StrCat("key ", Below(30));
  if (Below(3) == 0) {
    keys_.erase(key);
    commit.Delete(key);
  } else {
    commit.Put(key, keys_[key] = absl::StrCat("value of ", steps_));
  }
  return store == nullptr ? absl::OkStatus() : store->Commit(commit, durability);
}

std::string StoreScript::Describe() const {
  std::string text;
  for (const auto& [id, log] : logs_) {
    text += crash::Describe(id, log.start, log.end);
    for (const auto& [last_offset, batch] : log.batches) text += crash::Describe(batch);
    text += "\n";
  }
  for (const auto& [key, value] : keys_) absl::StrAppend(&text, key, " = ", value, "\n");
  return text;
}

absl::StatusOr<std::string> StoreScript::Describe(const storage::LogStore& store) {
  std::string text;
  std::vector<LogId> ids = store.Logs();
  std::sort(ids.begin(), ids.end());
  for (const LogId id : ids) {
    const auto bounds = store.Bounds(id);
    if (!bounds.ok()) return bounds.status();
    text += crash::Describe(id, bounds->start_offset, bounds->end_offset);
    const auto batches = store.Read(id, bounds->start_offset, {.max_bytes = std::size_t{1} << 40});
    if (!batches.ok()) return batches.status();
    for (const Batch& batch : *batches) text += crash::Describe(batch);
    text += "\n";
  }
  const absl::Status status = store.Scan("key", [&](std::string_view key, std::string_view value) {
    text.append(key).append(" = ").append(value).append("\n");
    return true;
  });
  if (!status.ok()) return status;
  return text;
}

}  // namespace wherry::crash
