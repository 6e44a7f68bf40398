#include "protocol/kafka/control_batch.h"

#include "protocol/kafka/record_batch.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

// The key of a control record: be16 version, be16 type. Later versions only append.
constexpr std::int16_t kKeyVersion = 0;
constexpr std::int16_t kAbort = 0;
constexpr std::int16_t kCommit = 1;
// The value of COMMIT and ABORT: be16 version, be32 coordinator epoch.
constexpr std::int16_t kValueVersion = 0;
constexpr std::int32_t kNoSequence = -1;

}  // namespace

std::string BuildEndTxnMarker(const EndTxnMarker& marker) {
  std::string key;
  wire::Writer key_writer(key);
  key_writer.Int(kKeyVersion);
  key_writer.Int(marker.commit ? kCommit : kAbort);
  std::string value;
  wire::Writer value_writer(value);
  value_writer.Int(kValueVersion);
  value_writer.Int(marker.coordinator_epoch);
  BatchBuilder builder;
  builder.SetProducer(marker.producer_id, marker.producer_epoch, kNoSequence);
  builder.SetTransactional();
  builder.SetControl();
  builder.Add(marker.timestamp, key, value);
  return builder.Build();
}

std::optional<EndTxnMarker> ParseEndTxnMarker(std::string_view batch) {
  const std::optional<BatchHeader> header = ParseBatchHeader(batch);
  if (!header.has_value() || !header->is_control()) return std::nullopt;
  std::optional<EndTxnMarker> marker;
  const absl::Status opened = ForEachRecord(batch, [&](const Record& record) {
    wire::Reader key(record.key.value_or(""));
    wire::Reader value(record.value.value_or(""));
    key.Int<std::int16_t>();
    const auto type = key.Int<std::int16_t>();
    value.Int<std::int16_t>();
    const auto coordinator_epoch = value.Int<std::int32_t>();
    if (key.ok() && value.ok() && (type == kAbort || type == kCommit)) {
      marker = EndTxnMarker{header->producer_id, header->producer_epoch, type == kCommit,
                            coordinator_epoch, record.timestamp};
    }
    return false;
  });
  return opened.ok() ? marker : std::nullopt;
}

}  // namespace wherry::kafka
