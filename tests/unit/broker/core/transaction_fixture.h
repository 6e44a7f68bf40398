#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/core/background_thread.h"
#include "broker/core/memory_budget.h"
#include "broker/core/tail_cache.h"
#include "broker/core/transaction_coordinator.h"
#include "storage/fault_log_store.h"
#include "tests/unit/broker/core/partition_fixture.h"

namespace wherry::core {

// A clock whose wall time moves with it.
class WallClock final : public runtime::Clock {
 public:
  runtime::Instant Now() const override { return runtime::Instant(runtime::Duration(now_.load())); }
  std::int64_t UnixMillis() const override { return 1'000'000 + now_.load() / 1'000'000; }
  void Advance(runtime::Duration by) { now_ += by.count(); }

 private:
  std::atomic<runtime::Duration::rep> now_{0};
};

// The transactions of one namespace over three partitions of topic "t", on a disk that can fail,
// lose power and be opened again. Batches are PartitionFixture's.
// Threads: the test's; what it owns by On. Owned by GoogleTest.
class TransactionFixture : public ShardFixtureWith<WallClock> {
 protected:
  static constexpr std::int32_t kPartitions = 3;
  static constexpr std::chrono::seconds kTimeout{60};

  TransactionFixture() {
    for (std::int32_t i = 0; i < kPartitions; ++i) logs_.push_back(store_.CreateLog(0).value());
    EXPECT_TRUE(store_.Sync().ok());
    Open();
  }
  ~TransactionFixture() override {
    Close();
    shard_.Stop();
  }

  void Open() {
    commits_ = std::make_unique<CommitQueue>(store_, SyncPolicy::kCommit, shard_);
    commits_->Start();
    reader_ = std::make_unique<BackgroundThread>();
    budget_ = std::make_unique<MemoryBudget>(store_, 0);
    tails_ = std::make_unique<TailCache>();
    On([this] {
      const Namespace home{"default"};
      for (const storage::LogId log : logs_) {
        partitions_.push_back(Partition::Open(log, {store_, *commits_, *reader_, *budget_, *tails_,
                                                    shard_, PartitionFixture::PatchOffset,
                                                    PartitionFixture::Inspect})
                                  .value());
      }
      offsets_ = OffsetStore::Open(home, store_, *commits_).value();
      pending_ = PendingOffsets::Open(home, store_, *commits_, *offsets_).value();
      coordinator_ = TransactionCoordinator::Open(home, Services(), settings_).value();
    });
  }
  void Close() {
    On([this] {
      coordinator_.reset();
      partitions_.clear();
    });
    commits_->Stop();
    reader_->Stop();
    Settle();
    On([this] {
      pending_.reset();
      offsets_.reset();
    });
    commits_.reset();
  }
  void LosePower() {
    Close();
    store_.LosePower();
    Open();
  }
  void FailNextCommit() {
    store_.FailCommits(1, absl::ResourceExhaustedError("the disk is full"));
  }

  TransactionCoordinator::Services Services() {
    return {store_,
            *commits_,
            shard_,
            *pending_,
            [this](std::string_view topic, std::int32_t index) -> Partition* {
              const bool there = topic == "t" && index >= 0 && index < kPartitions;
              return there ? partitions_[static_cast<std::size_t>(index)].get() : nullptr;
            },
            [this](absl::AnyInvocable<void(absl::StatusOr<std::int64_t>)> done) {
              done(next_id_++);
            },
            [](const TransactionMarker& marker) {
              return (marker.commit ? "commit:" : "abort:") + std::to_string(marker.producer_id) +
                     ":" + std::to_string(marker.epoch);
            }};
  }

  using Done = std::shared_ptr<std::optional<TransactionResult>>;
  TransactionResult Result(const Done& done) {
    EXPECT_TRUE(Await([&] { return done->has_value(); })) << "never answered";
    return done->value_or(TransactionResult{});
  }
  static TransactionDone Into(const Done& done) {
    return [done](TransactionResult result) { *done = result; };
  }
  TransactionResult Init(const std::string& id,
                         std::optional<ProducerIdentity> expected = std::nullopt,
                         runtime::Duration timeout = kTimeout) {
    const auto done = std::make_shared<std::optional<TransactionResult>>();
    On([&] { coordinator_->InitProducer({id, timeout, expected}, Into(done)); });
    return Result(done);
  }
  // Until the transaction that was open has been aborted.
  ProducerIdentity InitWell(const std::string& id) {
    TransactionResult result = Init(id);
    while (result.error == TransactionError::kConcurrent) result = Init(id);
    EXPECT_EQ(result.error, TransactionError::kNone);
    return result.producer;
  }
  TransactionError Add(const std::string& id, ProducerIdentity producer,
                       const PartitionsByTopic& partitions) {
    TransactionError error{};
    std::optional<absl::Status> kept;
    On([&] {
      error = coordinator_->AddPartitions({id, producer}, partitions,
                                          [&](const absl::Status& status) { kept = status; });
    });
    if (error != TransactionError::kNone) return error;
    EXPECT_TRUE(Await([&] { return kept.has_value(); }));
    return kept->ok() ? TransactionError::kNone : TransactionError::kStorage;
  }
  TransactionResult End(const std::string& id, ProducerIdentity producer, bool commit,
                        TransactionProtocol protocol = TransactionProtocol::kKeepsEpoch) {
    const auto done = std::make_shared<std::optional<TransactionResult>>();
    On([&] { coordinator_->End({id, producer}, commit, protocol, Into(done)); });
    return Result(done);
  }
  AppendError Write(ProducerIdentity producer, std::int32_t partition, std::int32_t sequence) {
    const ProducerStamp stamp{producer.producer_id, producer.epoch, sequence, sequence, 1, true};
    const std::string text = std::to_string(producer.producer_id) + ":" +
                             std::to_string(producer.epoch) + ":" + std::to_string(sequence) + ":" +
                             std::to_string(sequence) + ":t";
    std::optional<AppendError> error;
    On([&] {
      partitions_[static_cast<std::size_t>(partition)]->Append(
          {text, 1, 1, stamp}, [&](Partition::AppendResult result) { error = result.error; });
    });
    EXPECT_TRUE(Await([&] { return error.has_value(); }));
    return *error;
  }
  // What lies in a partition.
  std::vector<std::string> Batches(std::int32_t partition) {
    std::vector<std::string> texts;
    const auto batches = store_.Read(logs_[static_cast<std::size_t>(partition)], 0, {}).value();
    for (const storage::Batch& batch : batches) {
      texts.push_back(batch.bytes->substr(0, batch.bytes->find('@')));
    }
    return texts;
  }
  std::int64_t LastStable(std::int32_t partition) {
    std::int64_t offset = -1;
    On([&] {
      offset = partitions_[static_cast<std::size_t>(partition)]->last_stable_offset();
    });
    return offset;
  }
  TransactionDescription Describe(const std::string& id) {
    std::optional<TransactionDescription> description;
    On([&] { description = coordinator_->Describe(id); });
    EXPECT_TRUE(description.has_value()) << id;
    return description.value_or(TransactionDescription{});
  }

  TransactionSettings settings_;
  storage::FaultLogStore store_;
  std::vector<storage::LogId> logs_;
  std::int64_t next_id_ = 1000;
  std::unique_ptr<CommitQueue> commits_;
  std::unique_ptr<BackgroundThread> reader_;
  std::unique_ptr<MemoryBudget> budget_;
  std::unique_ptr<TailCache> tails_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::unique_ptr<OffsetStore> offsets_;
  std::unique_ptr<PendingOffsets> pending_;
  std::unique_ptr<TransactionCoordinator> coordinator_;
};

}  // namespace wherry::core
