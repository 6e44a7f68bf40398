#include "broker/core/transaction_coordinator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace wherry::core {

namespace {

// What a producer takes besides its names, or a little more.
constexpr std::size_t kFixedBytes = 512;
constexpr std::size_t kBytesPerName = 96;
constexpr std::size_t kBytesPerPartition = 48;

std::size_t SizeOf(const TransactionRecord& record, const std::string& id) {
  std::size_t bytes = kFixedBytes + 3 * id.size();
  for (const auto& [topic, indexes] : record.partitions) {
    bytes += kBytesPerName + topic.size() + indexes.size() * kBytesPerPartition;
  }
  for (const std::string& group : record.groups) bytes += kBytesPerName + group.size();
  return bytes;
}

bool Contains(const PartitionsByTopic& partitions, std::string_view topic,
              std::int32_t partition) {
  const auto found = partitions.find(topic);
  return found != partitions.end() && found->second.contains(partition);
}

bool Contains(const PartitionsByTopic& partitions, const PartitionsByTopic& others) {
  return std::all_of(others.begin(), others.end(), [&](const auto& topic) {
    const auto found = partitions.find(topic.first);
    return found != partitions.end() && std::includes(found->second.begin(), found->second.end(),
                                                      topic.second.begin(), topic.second.end());
  });
}

}  // namespace

TransactionCoordinator::TransactionCoordinator(const Namespace& name_space, Services services,
                                               TransactionSettings settings)
    : services_(std::move(services)),
      settings_(settings),
      key_prefix_(StateKey(name_space, "transactions/")),
      expiry_(services_.home.timers(), runtime::TimerKind::kRetention,
              "expiry of transactional ids") {}

absl::StatusOr<std::unique_ptr<TransactionCoordinator>> TransactionCoordinator::Open(
    const Namespace& name_space, Services services, TransactionSettings settings) {
  std::unique_ptr<TransactionCoordinator> coordinator(
      new TransactionCoordinator(name_space, std::move(services), settings));
  if (absl::Status status = coordinator->Load(); !status.ok()) return status;
  return coordinator;
}

absl::Status TransactionCoordinator::Load() {
  absl::Status damage;
  const absl::Status scanned =
      services_.store.Scan(key_prefix_, [&](std::string_view key, std::string_view value) {
        const std::string id(key.substr(key_prefix_.size()));
        const absl::StatusOr<TransactionRecord> record = TransactionRecord::Decode(value);
        if (!record.ok()) {
          damage = absl::DataLossError(absl::StrCat("transactional id '", id,
                                                    "': ", std::string(record.status().message())));
          return false;
        }
        Producer& producer = Create(id);
        producer.record = *record;
        producer.kept = true;
        Count(producer, producer.record, id);
        if (record->state == TransactionState::kOngoing) {
          ArmTimeout(id, producer, runtime::Duration::zero());
        }
        return true;
      });
  return scanned.ok() ? damage : scanned;
}

TransactionCoordinator::Producer* TransactionCoordinator::Find(std::string_view id) const {
  const auto found = producers_.find(id);
  return found == producers_.end() ? nullptr : found->second.get();
}

TransactionCoordinator::Producer& TransactionCoordinator::Create(const std::string& id) {
  ArmExpiry(settings_.id_expiration);
  return *producers_.emplace(id, std::make_unique<Producer>(services_.home, id)).first->second;
}

void TransactionCoordinator::Forget(const std::string& id) {
  const auto found = producers_.find(id);
  bytes_ -= found->second->bytes;
  producers_.erase(found);
}

bool TransactionCoordinator::Count(Producer& producer, const TransactionRecord& record,
                                   const std::string& id) {
  const std::size_t bytes = SizeOf(record, id);
  const bool fits =
      bytes <= producer.bytes || bytes_ - producer.bytes + bytes <= settings_.max_bytes;
  // What was kept before has its place, whatever the limit is now.
  if (!fits && producer.record != record) return false;
  bytes_ += bytes - producer.bytes;
  producer.bytes = bytes;
  return true;
}

void TransactionCoordinator::Keep(const std::string& id, const TransactionRecord& record,
                                  storage::CommitBatch& batch) const {
  batch.Put(key_prefix_ + id, record.Encode());
}

void TransactionCoordinator::Answer(TransactionDone& done, TransactionResult result) {
  services_.home.Post([done = std::move(done), result]() mutable { done(result); });
}

TransactionError TransactionCoordinator::Check(const ProducerClaim& claim,
                                               Producer*& found) const {
  found = Find(claim.transactional_id);
  if (found == nullptr || found->record.producer.producer_id != claim.producer.producer_id) {
    return TransactionError::kUnknownProducer;
  }
  if (found->record.producer.epoch != claim.producer.epoch) return TransactionError::kFenced;
  return found->ending ? TransactionError::kConcurrent : TransactionError::kNone;
}

TransactionError TransactionCoordinator::AddPartitions(const ProducerClaim& claim,
                                                       const PartitionsByTopic& partitions,
                                                       CommitQueue::Done kept) {
  Producer* producer = nullptr;
  if (const auto error = Check(claim, producer); error != TransactionError::kNone) return error;
  const TransactionRecord& record = producer->record;
  if (producer->kept && record.state == TransactionState::kOngoing &&
      Contains(record.partitions, partitions)) {
    // An empty commit, so that the answer comes behind that of who added them.
    if (kept) services_.commits.Submit({}, std::move(kept));
    return TransactionError::kNone;
  }
  TransactionRecord added = Begun(record);
  for (const auto& [topic, indexes] : partitions) {
    added.partitions[topic].insert(indexes.begin(), indexes.end());
  }
  return Add(claim.transactional_id, *producer, std::move(added), std::move(kept));
}

TransactionError TransactionCoordinator::AddGroup(const ProducerClaim& claim,
                                                  const std::string& group,
                                                  CommitQueue::Done kept) {
  Producer* producer = nullptr;
  if (const auto error = Check(claim, producer); error != TransactionError::kNone) return error;
  const TransactionRecord& record = producer->record;
  if (producer->kept && record.state == TransactionState::kOngoing &&
      record.groups.contains(group)) {
    if (kept) services_.commits.Submit({}, std::move(kept));
    return TransactionError::kNone;
  }
  TransactionRecord added = Begun(record);
  added.groups.insert(group);
  return Add(claim.transactional_id, *producer, std::move(added), std::move(kept));
}

TransactionRecord TransactionCoordinator::Begun(const TransactionRecord& record) const {
  TransactionRecord begun = record;
  if (record.state == TransactionState::kOngoing) return begun;
  begun.state = TransactionState::kOngoing;
  begun.start_millis = begun.last_update_millis = now();
  return begun;
}

TransactionError TransactionCoordinator::Add(const std::string& id, Producer& producer,
                                             TransactionRecord added, CommitQueue::Done kept) {
  if (!Count(producer, added, id)) return TransactionError::kTooMany;
  const bool begins = producer.record.state != TransactionState::kOngoing;
  producer.record = std::move(added);
  producer.kept = true;
  if (begins) ArmTimeout(id, producer, runtime::Duration::zero());
  storage::CommitBatch batch;
  Keep(id, producer.record, batch);
  services_.commits.Submit(
      std::move(batch), [weak = std::weak_ptr(self_), id,
                         kept = std::move(kept)](const absl::Status& status) mutable {
        const auto self = weak.lock();
        Producer* const producer = self == nullptr ? nullptr : (*self)->Find(id);
        // It stays in memory, where it does no harm; whoever writes next has it kept first.
        if (producer != nullptr && !status.ok()) producer->kept = false;
        if (kept) kept(status);
      });
  return TransactionError::kNone;
}

TransactionError TransactionCoordinator::Verify(const ProducerClaim& claim, std::string_view topic,
                                                std::int32_t partition) const {
  Producer* producer = nullptr;
  if (const auto error = Check(claim, producer); error != TransactionError::kNone) return error;
  return Contains(producer->record.partitions, topic, partition) ? TransactionError::kNone
                                                                 : TransactionError::kNotAdded;
}

TransactionError TransactionCoordinator::VerifyGroup(const ProducerClaim& claim,
                                                     std::string_view group) const {
  Producer* producer = nullptr;
  if (const auto error = Check(claim, producer); error != TransactionError::kNone) return error;
  return producer->record.groups.contains(group) ? TransactionError::kNone
                                                 : TransactionError::kNotAdded;
}

std::optional<TransactionDescription> TransactionCoordinator::Describe(
    std::string_view transactional_id) const {
  const Producer* const producer = Find(transactional_id);
  if (producer == nullptr || producer->record.producer.producer_id < 0) return std::nullopt;
  const TransactionRecord& record = producer->record;
  return TransactionDescription{record.state,
                                record.producer,
                                std::chrono::milliseconds(record.timeout_ms),
                                record.start_millis,
                                record.partitions,
                                record.groups};
}

std::vector<TransactionListing> TransactionCoordinator::List() const {
  std::vector<TransactionListing> all;
  for (const auto& [id, producer] : producers_) {
    const TransactionRecord& record = producer->record;
    if (record.producer.producer_id < 0) continue;  // its first id is still under way
    all.push_back({id, record.state, record.producer.producer_id, record.start_millis});
  }
  return all;
}

}  // namespace wherry::core
