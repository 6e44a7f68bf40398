#include "broker/core/producer_table.h"

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 1;

std::int32_t Following(std::int32_t sequence) { return sequence == INT32_MAX ? 0 : sequence + 1; }

}  // namespace

ProducerTable::Answer ProducerTable::Check(const ProducerStamp& stamp) const {
  const auto found = producers_.find(stamp.producer_id);
  // Nothing known (new, or forgotten): any sequence begins a new run.
  if (found == producers_.end()) return {};
  const Producer& producer = found->second;
  if (stamp.epoch < producer.epoch) return {Verdict::kStaleEpoch, {}};
  if (stamp.epoch > producer.epoch) {
    return {stamp.first_sequence == 0 ? Verdict::kAccept : Verdict::kOutOfOrder, {}};
  }
  for (std::size_t i = 0; i < producer.count; ++i) {
    const KeptBatch& batch = producer.batches[i];
    if (batch.first_sequence == stamp.first_sequence &&
        batch.last_sequence == stamp.last_sequence) {
      return {Verdict::kDuplicate, batch};
    }
  }
  const bool follows =
      producer.count == 0 ||
      stamp.first_sequence == Following(producer.batches[producer.count - 1].last_sequence);
  return {follows ? Verdict::kAccept : Verdict::kOutOfOrder, {}};
}

ProducerTable::Undo ProducerTable::Record(const ProducerStamp& stamp, std::int64_t base_offset) {
  Undo undo{stamp.producer_id, std::nullopt};
  const auto [found, added] = producers_.try_emplace(stamp.producer_id);
  Producer& producer = found->second;
  if (!added) {
    undo.before = producer;
    by_last_write_.erase(producer.last_write);
  }
  if (producer.epoch != stamp.epoch) {
    producer = Producer();
    producer.epoch = stamp.epoch;
  }
  if (producer.count == kBatchesKept) {
    for (std::size_t i = 1; i < kBatchesKept; ++i) producer.batches[i - 1] = producer.batches[i];
    --producer.count;
  }
  producer.batches[producer.count++] = {stamp.first_sequence, stamp.last_sequence, base_offset,
                                        stamp.max_timestamp};
  producer.last_write = next_write_++;
  by_last_write_[producer.last_write] = stamp.producer_id;
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
  const auto oldest = by_last_write_.begin();
  producers_.erase(oldest->second);
  by_last_write_.erase(oldest);
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
  }
  return out;
}

absl::StatusOr<ProducerTable::Decoded> ProducerTable::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  if (reader.Take<std::uint8_t>() != kVersion || !reader.good) {
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
