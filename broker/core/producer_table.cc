#include "broker/core/producer_table.h"

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 2;
// Without transactions.
constexpr std::uint8_t kOldVersion = 1;

std::int32_t Following(std::int32_t sequence) { return sequence == INT32_MAX ? 0 : sequence + 1; }

}  // namespace

ProducerTable::Answer ProducerTable::Check(const ProducerStamp& stamp) const {
  const auto found = producers_.find(stamp.producer_id);
  // Nothing known (new, or forgotten): any sequence begins a new run.
  if (found == producers_.end()) {
    const bool begins = !stamp.begins_at_zero || stamp.first_sequence == 0;
    return {begins ? Verdict::kAccept : Verdict::kOutOfOrder, {}};
  }
  const Producer& producer = found->second;
  if (stamp.epoch < producer.epoch) return {Verdict::kStaleEpoch, {}};
  if (stamp.epoch > producer.epoch) {
    if (stamp.first_sequence != 0) return {Verdict::kOutOfOrder, {}};
    const bool plain_inside = producer.transaction_start >= 0 && !stamp.transactional;
    return {plain_inside ? Verdict::kInsideTransaction : Verdict::kAccept, {}};
  }
  for (std::size_t i = 0; i < producer.count; ++i) {
    const KeptBatch& batch = producer.batches[i];
    if (batch.first_sequence == stamp.first_sequence &&
        batch.last_sequence == stamp.last_sequence) {
      return {Verdict::kDuplicate, batch};
    }
  }
  // A marker brought the epoch, no batch has followed it.
  const std::int32_t expected =
      producer.count == 0 ? 0 : Following(producer.batches[producer.count - 1].last_sequence);
  if (stamp.first_sequence != expected) return {Verdict::kOutOfOrder, {}};
  const bool plain_inside = producer.transaction_start >= 0 && !stamp.transactional;
  return {plain_inside ? Verdict::kInsideTransaction : Verdict::kAccept, {}};
}

ProducerTable::Verdict ProducerTable::Check(const TransactionMarker& marker,
                                            MarkerEpoch epochs) const {
  const auto found = producers_.find(marker.producer_id);
  if (found == producers_.end()) return Verdict::kAccept;
  const Producer& producer = found->second;
  const int least = producer.epoch + (epochs == MarkerEpoch::kLater ? 1 : 0);
  if (marker.epoch < least) return Verdict::kStaleEpoch;
  return marker.coordinator_epoch < producer.coordinator_epoch ? Verdict::kStaleCoordinator
                                                               : Verdict::kAccept;
}

ProducerTable::Producer& ProducerTable::Touch(std::int64_t producer_id, std::int16_t epoch,
                                              Undo& undo) {
  undo.producer_id = producer_id;
  const auto [found, added] = producers_.try_emplace(producer_id);
  Producer& producer = found->second;
  if (!added) {
    undo.before = producer;
    by_last_write_.erase(producer.last_write);
  }
  if (producer.epoch != epoch) {
    producer.epoch = epoch;
    producer.count = 0;
  }
  producer.last_write = next_write_++;
  by_last_write_[producer.last_write] = producer_id;
  return producer;
}

ProducerTable::Undo ProducerTable::Record(const ProducerStamp& stamp, std::int64_t base_offset) {
  Undo undo;
  Producer& producer = Touch(stamp.producer_id, stamp.epoch, undo);
  if (producer.count == kBatchesKept) {
    for (std::size_t i = 1; i < kBatchesKept; ++i) producer.batches[i - 1] = producer.batches[i];
    --producer.count;
  }
  producer.batches[producer.count++] = {stamp.first_sequence, stamp.last_sequence, base_offset,
                                        stamp.max_timestamp};
  producer.last_timestamp = stamp.max_timestamp;
  if (stamp.transactional && producer.transaction_start < 0) {
    producer.transaction_start = base_offset;
  }
  if (producers_.size() > kMaxProducers) Forget();
  return undo;
}

ProducerTable::Undo ProducerTable::Record(const TransactionMarker& marker) {
  Undo undo;
  Producer& producer = Touch(marker.producer_id, marker.epoch, undo);
  producer.transaction_start = -1;
  producer.coordinator_epoch = marker.coordinator_epoch;
  producer.last_timestamp = marker.timestamp;
  if (producers_.size() > kMaxProducers) Forget();
  return undo;
}

void ProducerTable::Revert(const Undo& undo) {
  const auto found = producers_.find(undo.producer_id);
  if (found != producers_.end()) {
    by_last_write_.erase(found->second.last_write);
    producers_.erase(found);
  }
  if (undo.before.has_value()) {
    producers_[undo.producer_id] = *undo.before;
    by_last_write_[undo.before->last_write] = undo.producer_id;
  }
}

void ProducerTable::Forget() {
  for (auto oldest = by_last_write_.begin(); oldest != by_last_write_.end(); ++oldest) {
    const auto producer = producers_.find(oldest->second);
    if (producer->second.transaction_start >= 0) continue;
    producers_.erase(producer);
    by_last_write_.erase(oldest);
    return;
  }
}

std::string ProducerTable::Encode(std::int64_t end_offset) const {
  std::string out;
  PutBigEndian(out, kVersion);
  PutBigEndian(out, end_offset);
  PutBigEndian(out, static_cast<std::uint32_t>(producers_.size()));
  // In the order of writing, which decoding restores.
  for (const auto& [write, producer_id] : by_last_write_) {
    const Producer& producer = producers_.at(producer_id);
    PutBigEndian(out, producer_id);
    PutBigEndian(out, producer.epoch);
    PutBigEndian(out, producer.count);
    for (std::size_t i = 0; i < producer.count; ++i) {
      PutBigEndian(out, producer.batches[i].first_sequence);
      PutBigEndian(out, producer.batches[i].last_sequence);
      PutBigEndian(out, producer.batches[i].base_offset);
      PutBigEndian(out, producer.batches[i].max_timestamp);
    }
    PutBigEndian(out, producer.transaction_start);
    PutBigEndian(out, producer.coordinator_epoch);
    PutBigEndian(out, producer.last_timestamp);
  }
  return out;
}

absl::StatusOr<ProducerTable::Decoded> ProducerTable::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  const auto version = reader.Take<std::uint8_t>();
  if (version != kVersion && version != kOldVersion) {
    return absl::DataLossError("the snapshot of idempotent producers is of an unknown version");
  }
  Decoded decoded;
  decoded.end_offset = reader.Take<std::int64_t>();
  const std::uint32_t count = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    const std::int64_t producer_id = reader.Take<std::int64_t>();
    Producer producer;
    producer.epoch = reader.Take<std::int16_t>();
    producer.count = reader.Take<std::uint8_t>();
    if (producer.count > kBatchesKept) reader.good = false;
    for (std::size_t b = 0; b < producer.count && reader.good; ++b) {
      KeptBatch& batch = producer.batches[b];
      batch.first_sequence = reader.Take<std::int32_t>();
      batch.last_sequence = reader.Take<std::int32_t>();
      batch.base_offset = reader.Take<std::int64_t>();
      batch.max_timestamp = reader.Take<std::int64_t>();
    }
    if (version == kVersion) {
      producer.transaction_start = reader.Take<std::int64_t>();
      producer.coordinator_epoch = reader.Take<std::int32_t>();
      producer.last_timestamp = reader.Take<std::int64_t>();
    }
    if (decoded.table.producers_.contains(producer_id)) reader.good = false;
    if (!reader.good) break;
    producer.last_write = decoded.table.next_write_++;
    decoded.table.producers_[producer_id] = producer;
    decoded.table.by_last_write_[producer.last_write] = producer_id;
  }
  if (!reader.Ended()) {
    return absl::DataLossError("the snapshot of idempotent producers is damaged");
  }
  return decoded;
}

}  // namespace wherry::core
