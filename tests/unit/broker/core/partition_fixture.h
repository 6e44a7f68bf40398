#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/core/memory_budget.h"
#include "broker/core/partition.h"
#include "broker/core/background_thread.h"
#include "broker/core/tail_cache.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::core {

// One partition over a store that the test chooses. A batch's bytes are its text, behind which the
// fixture's protocol writes what it must find again: the base offset, and the producer.
class PartitionFixture : public ShardFixture {
 public:
  static void PatchOffset(std::string& batch, std::int64_t base_offset, std::int32_t) {
    batch += "@" + std::to_string(base_offset);
  }
  // "id:epoch:first:last:text@offset", "t" behind it in a transaction; "commit:id:epoch" and
  // "abort:id:epoch" of markers; or only "text@offset".
  static Partition::Inspection Inspect(std::string_view batch) {
    const std::string text(batch);
    Partition::Inspection inspection;
    int epoch = 0;
    long long id = 0;
    ProducerStamp stamp;
    if (std::sscanf(text.c_str(), "%lld:%d:%d:%d:", &id, &epoch, &stamp.first_sequence,
                    &stamp.last_sequence) == 4) {
      stamp.producer_id = id;
      stamp.epoch = static_cast<std::int16_t>(epoch);
      stamp.transactional = text.find(":t@") != text.npos;
      inspection.producer = stamp;
    } else if (std::sscanf(text.c_str(), "commit:%lld:%d", &id, &epoch) == 2 ||
               std::sscanf(text.c_str(), "abort:%lld:%d", &id, &epoch) == 2) {
      inspection.marker = {id, static_cast<std::int16_t>(epoch), text.starts_with("commit"), 0, -1};
    }
    return inspection;
  }

 protected:
  ~PartitionFixture() override {
    Close();
    shard_.Stop();
  }

  void Open(storage::LogStore& store, std::size_t tail_bytes = TailCache::kDefaultMaxBytes,
            std::uint64_t memory_limit = 0) {
    store_ = &store;
    commits_ = std::make_unique<CommitQueue>(store, SyncPolicy::kCommit, shard_);
    commits_->Start();
    reader_ = std::make_unique<BackgroundThread>();
    budget_ = std::make_unique<MemoryBudget>(store, memory_limit);
    tails_ = std::make_unique<TailCache>(tail_bytes);
    if (log_ == 0) log_ = store.CreateLog(0).value();
    On([this] {
      partition_ = Partition::Open(log_, {*store_, *commits_, *reader_, *budget_, *tails_, shard_,
                                          PatchOffset, Inspect})
                       .value();
    });
  }
  void Close() {
    if (commits_ == nullptr) return;
    On([this] { partition_.reset(); });
    commits_->Stop();
    reader_->Stop();
    Settle();
    commits_.reset();
  }

  using Later = std::shared_ptr<std::optional<Partition::AppendResult>>;
  // On the shard.
  Later Append(std::string text, std::int32_t records = 1, std::int64_t timestamp = -1,
               std::optional<ProducerStamp> producer = std::nullopt) {
    auto later = std::make_shared<std::optional<Partition::AppendResult>>();
    partition_->Append({std::move(text), records, timestamp, producer},
                       [later](Partition::AppendResult result) { *later = std::move(result); });
    EXPECT_FALSE(later->has_value()) << "answered inside the call";
    return later;
  }
  // On the shard: one record of producer 7.
  Later AppendOf(std::int32_t sequence, std::int16_t epoch = 0) {
    const ProducerStamp stamp{7, epoch, sequence, sequence, 5000 + sequence};
    std::string text = "7:" + std::to_string(epoch);
    for (int i = 0; i < 2; ++i) text += ":" + std::to_string(sequence);
    return Append(text + ":x", 1, stamp.max_timestamp, stamp);
  }
  Partition::AppendResult Answer(const Later& later) {
    EXPECT_TRUE(Await([&] { return later->has_value(); })) << "never answered";
    return later->value_or(Partition::AppendResult{});
  }
  // Appends and waits.
  Partition::AppendResult Appended(const std::string& text, std::int32_t records = 1,
                                   std::int64_t timestamp = -1) {
    Later later;
    On([&] { later = Append(text, records, timestamp); });
    return Answer(later);
  }
  Partition::AppendResult AppendedOf(std::int32_t sequence, std::int16_t epoch = 0) {
    Later later;
    On([&] { later = AppendOf(sequence, epoch); });
    return Answer(later);
  }

  struct Bounds {
    std::int64_t start, high_watermark, next;
    bool operator==(const Bounds&) const = default;
  };
  Bounds bounds() {
    Bounds bounds{};
    On([&] {
      bounds = {partition_->start_offset(), partition_->high_watermark(),
                partition_->next_offset()};
    });
    return bounds;
  }

  static std::vector<std::string> TextsOf(const Partition::ReadResult& read) {
    std::vector<std::string> texts;
    if (!read.ok()) return {std::string(read.status().message())};
    for (const storage::Batch& batch : *read) texts.push_back(*batch.bytes);
    return texts;
  }
  // Through Read, wherever the bytes are.
  Partition::ReadResult Read(std::int64_t offset, std::size_t max_bytes = 1 << 20) {
    std::optional<Partition::ReadResult> answer;
    On([&] {
      partition_->Read(offset, max_bytes,
                       [&](Partition::ReadResult read) { answer = std::move(read); });
      EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    });
    EXPECT_TRUE(Await([&] { return answer.has_value(); }));
    return *answer;
  }
  std::optional<Partition::ReadResult> ReadNow(std::int64_t offset,
                                               std::size_t max_bytes = 1 << 20) {
    std::optional<Partition::ReadResult> answer;
    On([&] { answer = partition_->ReadNow(offset, max_bytes); });
    return answer;
  }

  storage::LogStore* store_ = nullptr;
  storage::LogId log_ = 0;
  std::unique_ptr<CommitQueue> commits_;
  std::unique_ptr<BackgroundThread> reader_;
  std::unique_ptr<MemoryBudget> budget_;
  std::unique_ptr<TailCache> tails_;
  std::unique_ptr<Partition> partition_;
};

}  // namespace wherry::core
