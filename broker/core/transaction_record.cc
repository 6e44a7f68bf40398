#include "broker/core/transaction_record.h"

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 1;

void PutIdentity(std::string& out, const ProducerIdentity& producer) {
  PutBigEndian(out, producer.producer_id);
  PutBigEndian(out, producer.epoch);
}

ProducerIdentity TakeIdentity(StateReader& reader) {
  ProducerIdentity producer;
  producer.producer_id = reader.Take<std::int64_t>();
  producer.epoch = reader.Take<std::int16_t>();
  return producer;
}

bool IsKept(TransactionState state) {
  switch (state) {
    case TransactionState::kEmpty:
    case TransactionState::kOngoing:
    case TransactionState::kCompleteCommit:
    case TransactionState::kCompleteAbort:
      return true;
    case TransactionState::kPrepareCommit:
    case TransactionState::kPrepareAbort:
      break;
  }
  return false;
}

}  // namespace

std::string TransactionRecord::Encode() const {
  std::string out;
  PutBigEndian(out, kVersion);
  PutBigEndian(out, static_cast<std::uint8_t>(state));
  PutIdentity(out, producer);
  PutIdentity(out, previous);
  PutBigEndian(out, timeout_ms);
  PutBigEndian(out, start_millis);
  PutBigEndian(out, last_update_millis);
  PutBigEndian(out, static_cast<std::uint32_t>(partitions.size()));
  for (const auto& [topic, indexes] : partitions) {
    PutString(out, topic);
    PutBigEndian(out, static_cast<std::uint32_t>(indexes.size()));
    for (const std::int32_t index : indexes) PutBigEndian(out, index);
  }
  PutBigEndian(out, static_cast<std::uint32_t>(groups.size()));
  for (const std::string& group : groups) PutString(out, group);
  return out;
}

absl::StatusOr<TransactionRecord> TransactionRecord::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  TransactionRecord record;
  if (reader.Take<std::uint8_t>() != kVersion) reader.good = false;
  record.state = static_cast<TransactionState>(reader.Take<std::uint8_t>());
  if (!IsKept(record.state)) reader.good = false;
  record.producer = TakeIdentity(reader);
  record.previous = TakeIdentity(reader);
  record.timeout_ms = reader.Take<std::int32_t>();
  record.start_millis = reader.Take<std::int64_t>();
  record.last_update_millis = reader.Take<std::int64_t>();
  const auto topics = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < topics && reader.good; ++i) {
    std::set<std::int32_t>& indexes = record.partitions[reader.TakeString()];
    const auto count = reader.Take<std::uint32_t>();
    for (std::uint32_t p = 0; p < count && reader.good; ++p) {
      indexes.insert(reader.Take<std::int32_t>());
    }
  }
  const auto groups = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < groups && reader.good; ++i) {
    record.groups.insert(reader.TakeString());
  }
  if (!reader.Ended()) {
    return absl::DataLossError("the record is damaged or of an unknown version");
  }
  return record;
}

}  // namespace wherry::core
