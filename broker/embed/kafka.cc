#include "wherry/kafka.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/ask.h"
#include "broker/embed/kafka_state.h"
#include "broker/embed/status_of.h"
#include "broker/kafka/batch_rules.h"
#include "protocol/kafka/murmur2.h"
#include "protocol/kafka/record_batch.h"

namespace wherry {

namespace {

using kafka::Cluster;
template <typename T>
using PromiseOf = embed::Promise<absl::StatusOr<T>>;

// Bytes of batches taken from the broker at a time.
constexpr std::size_t kReadBytes = 4 * 1024 * 1024;

using embed::AskCluster;
using embed::Nothing;

absl::Status NoTopic(std::string_view topic) {
  return absl::NotFoundError(absl::StrCat("no topic '", std::string(topic), "'"));
}

absl::StatusOr<core::Partition*> FindPartition(kafka::Cluster& cluster, std::string_view topic,
                                               std::int32_t partition) {
  const kafka::Topic* const found = cluster.topics().Find(topic);
  if (found == nullptr) return NoTopic(topic);
  if (core::Partition* const in = found->partition(partition)) return in;
  return absl::NotFoundError(absl::StrCat("topic '", std::string(topic), "' has no partition ",
                                          partition, "; it has ", found->partitions.size()));
}

std::string BatchOf(const KafkaRecord& record, std::int64_t timestamp) {
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
  headers.reserve(record.headers.size());
  for (const auto& [name, value] : record.headers) headers.emplace_back(name, value);
  kafka::BatchBuilder builder;
  builder.Add(timestamp, record.key, record.value, headers);
  return builder.Build();
}

bool IsControlBatch(std::string_view batch) {
  const auto header = kafka::ParseBatchHeader(batch);
  return header.has_value() && header->is_control();
}

absl::Status StatusFor(const core::Partition::AppendResult& result) {
  switch (result.error) {
    case core::AppendError::kNone:
      return absl::OkStatus();
    case core::AppendError::kMemoryLimit:
      return absl::ResourceExhaustedError(result.message);
    case core::AppendError::kClosed:
      return absl::NotFoundError(result.message);
    case core::AppendError::kOutOfOrderSequence:
    case core::AppendError::kStaleProducerEpoch:
    case core::AppendError::kInsideTransaction:
    case core::AppendError::kStaleCoordinator:
    case core::AppendError::kStorage:
      break;
  }
  return absl::InternalError(result.message);
}

KafkaRecord Copy(const kafka::Record& record, std::int32_t partition) {
  KafkaRecord copy;
  if (record.key.has_value()) copy.key = std::string(*record.key);
  if (record.value.has_value()) copy.value = std::string(*record.value);
  for (const auto& [name, value] : record.headers) {
    copy.headers.emplace_back(
        std::string(name), value.has_value() ? std::optional<std::string>(*value) : std::nullopt);
  }
  copy.timestamp = record.timestamp;
  copy.offset = record.offset;
  copy.partition = partition;
  return copy;
}

}  // namespace

Kafka::Kafka(std::shared_ptr<State> state) : state_(std::move(state)) {}

Status Kafka::CreateTopic(std::string_view topic, std::int32_t partitions,
                          std::int16_t replication_factor) {
  auto created =
      AskCluster<Nothing>(state_, [&](Cluster& cluster, PromiseOf<Nothing> promise) {
        const std::int32_t count =
            partitions == -1 ? cluster.options().default_partitions : partitions;
        if (count < 1) {
          return promise.Keep(absl::InvalidArgumentError(
              absl::StrCat("a topic of ", count, " partitions; it must have 1 at least")));
        }
        if (std::string fault = cluster.nodes().FaultOf(replication_factor); !fault.empty()) {
          return promise.Keep(absl::InvalidArgumentError(fault));
        }
        auto shared = std::make_shared<PromiseOf<Nothing>>(std::move(promise));
        const auto made = cluster.topics().Create(
            topic, count, {},
            [shared](const absl::Status& status) {
              shared->Keep(status.ok() ? absl::StatusOr<Nothing>(Nothing()) : status);
            },
            replication_factor);
        if (!made.ok()) shared->Keep(made.status());
      });
  return created.status();
}

Status Kafka::DeleteTopic(std::string_view topic) {
  auto deleted =
      AskCluster<Nothing>(state_, [&](Cluster& cluster, PromiseOf<Nothing> promise) {
        kafka::Topic* const found = cluster.topics().Find(topic);
        if (found == nullptr) return promise.Keep(NoTopic(topic));
        cluster.topics().Delete(
            *found, [promise = std::move(promise)](const absl::Status& status) mutable {
              promise.Keep(status.ok() ? absl::StatusOr<Nothing>(Nothing()) : status);
            });
      });
  return deleted.status();
}

StatusOr<std::vector<std::string>> Kafka::Topics() {
  using Names = std::vector<std::string>;
  return AskCluster<Names>(state_, [&](Cluster& cluster, PromiseOf<Names> promise) {
    Names names;
    for (const auto& [name, topic] : cluster.topics().topics()) names.push_back(name);
    promise.Keep(std::move(names));
  });
}

StatusOr<KafkaPosition> Kafka::Append(std::string_view topic, const KafkaRecord& record,
                                      std::int32_t partition) {
  using Answer = absl::StatusOr<KafkaPosition>;
  return AskCluster<KafkaPosition>(state_, [&](Cluster& cluster, embed::Promise<Answer> promise) {
    const kafka::Topic* const found = cluster.topics().Find(topic);
    if (found == nullptr) return promise.Keep(NoTopic(topic));
    std::int32_t index = partition;
    if (index == -1) {
      const auto count = static_cast<std::int32_t>(found->partitions.size());
      index = record.key.has_value() ? kafka::PartitionForKey(*record.key, count)
                                     : static_cast<std::int32_t>(state_->next_keyless++ %
                                                                 static_cast<std::uint32_t>(count));
    }
    const auto in = FindPartition(cluster, topic, index);
    if (!in.ok()) return promise.Keep(in.status());
    core::Partition::AppendRequest append;
    append.max_timestamp =
        record.timestamp == -1 ? cluster.home().clock().UnixMillis() : record.timestamp;
    append.bytes = BatchOf(record, append.max_timestamp);
    append.record_count = 1;
    const kafka::RulesVerdict verdict =
        kafka::ApplyRules(found->settings, absl::StrCat(std::string(topic), "-", index),
                          cluster.home().clock().UnixMillis(), append.bytes);
    if (verdict.error != kafka::ErrorCode::kNone) {
      return promise.Keep(absl::InvalidArgumentError(verdict.message));
    }
    append.max_timestamp = verdict.max_timestamp;
    (*in)->Append(std::move(append), [index, promise = std::move(promise)](
                                         core::Partition::AppendResult result) mutable {
      const absl::Status status = StatusFor(result);
      if (!status.ok()) return promise.Keep(status);
      promise.Keep(KafkaPosition{index, result.base_offset});
    });
  });
}

StatusOr<std::vector<KafkaRecord>> Kafka::Read(std::string_view topic, std::int32_t partition,
                                               std::int64_t offset, std::size_t max_records) {
  std::vector<KafkaRecord> records;
  std::int64_t next = offset;
  while (records.size() < max_records) {
    using Batches = std::vector<storage::Batch>;
    const auto batches =
        AskCluster<Batches>(state_, [&](Cluster& cluster, PromiseOf<Batches> promise) {
          const auto in = FindPartition(cluster, topic, partition);
          if (!in.ok()) return promise.Keep(in.status());
          (*in)->Read(next, kReadBytes,
                      [promise = std::move(promise)](core::Partition::ReadResult read) mutable {
                        promise.Keep(std::move(read));
                      });
        });
    if (!batches.ok()) return batches.status();
    if (batches.value().empty()) break;
    for (const storage::Batch& batch : batches.value()) {
      if (IsControlBatch(*batch.bytes)) {
        next = batch.last_offset + 1;
        continue;
      }
      // Records are opened on the caller's thread, not on the broker's.
      const absl::Status opened =
          kafka::ForEachRecord(*batch.bytes, [&](const kafka::Record& record) {
            if (record.offset >= next) records.push_back(Copy(record, partition));
            return records.size() < max_records;
          });
      if (!opened.ok()) return embed::StatusOf(opened);
      next = batch.last_offset + 1;
      if (records.size() >= max_records) break;
    }
  }
  return records;
}

StatusOr<std::vector<KafkaRecord>> Kafka::ReadAll(std::string_view topic, std::int32_t partition) {
  const auto bounds = Bounds(topic, partition);
  if (!bounds.ok()) return bounds.status();
  const std::int64_t count = bounds.value().high_watermark - bounds.value().start_offset;
  auto records =
      Read(topic, partition, bounds.value().start_offset, static_cast<std::size_t>(count));
  if (!records.ok()) return records;
  // Offsets may have gaps; what came behind the high watermark since is not of "now".
  std::vector<KafkaRecord> all = std::move(records).value();
  while (!all.empty() && all.back().offset >= bounds.value().high_watermark) all.pop_back();
  return all;
}

StatusOr<KafkaBounds> Kafka::Bounds(std::string_view topic, std::int32_t partition) {
  using Answer = absl::StatusOr<KafkaBounds>;
  return AskCluster<KafkaBounds>(state_, [&](Cluster& cluster, embed::Promise<Answer> promise) {
    const auto in = FindPartition(cluster, topic, partition);
    if (!in.ok()) return promise.Keep(in.status());
    promise.Keep(KafkaBounds{(*in)->start_offset(), (*in)->high_watermark()});
  });
}

StatusOr<std::map<std::pair<std::string, std::int32_t>, std::int64_t>> Kafka::CommittedOffsets(
    std::string_view group) {
  using Offsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
  return AskCluster<Offsets>(state_, [&](Cluster& cluster, PromiseOf<Offsets> promise) {
    Offsets offsets;
    for (const auto& [partition, committed] : cluster.offsets().FetchAll(group)) {
      offsets.emplace(partition, committed.offset);
    }
    promise.Keep(std::move(offsets));
  });
}

}  // namespace wherry
