#include "protocol/kafka/control_batch.h"

#include <gtest/gtest.h>

#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {
namespace {

constexpr EndTxnMarker kMarker = {.producer_id = 4711,
                                  .producer_epoch = 3,
                                  .commit = true,
                                  .coordinator_epoch = 12,
                                  .timestamp = 1'700'000'000'000};

TEST(ControlBatchTest, AMarkerReadsBack) {
  EndTxnMarker marker = kMarker;
  EXPECT_EQ(ParseEndTxnMarker(BuildEndTxnMarker(marker)), marker);
  marker.commit = false;
  EXPECT_EQ(ParseEndTxnMarker(BuildEndTxnMarker(marker)), marker);
}

// Kafka's bytes: attributes transactional and control, one record, key 0000 0001, value 0000 and
// the coordinator's epoch.
TEST(ControlBatchTest, ItsBytesAreKafkas) {
  const std::string batch = BuildEndTxnMarker(kMarker);
  const BatchHeader header = ParseBatchHeader(batch).value();
  EXPECT_EQ(header.attributes, 0x30);
  EXPECT_EQ(header.record_count, 1);
  EXPECT_EQ(header.base_sequence, -1);
  EXPECT_EQ(header.producer_id, 4711);
  EXPECT_EQ(header.producer_epoch, 3);
  EXPECT_EQ(header.size(), batch.size());
  EXPECT_EQ(CheckBatch(batch).fault, BatchFault::kControl) << "nothing else is wrong with it";
  const absl::Status opened = ForEachRecord(batch, [](const Record& record) {
    EXPECT_EQ(record.key, std::string_view("\0\0\0\1", 4));
    EXPECT_EQ(record.value, std::string_view("\0\0\0\0\0\x0c", 6));
    EXPECT_EQ(record.timestamp, kMarker.timestamp);
    return true;
  });
  EXPECT_TRUE(opened.ok()) << opened;
}

TEST(ControlBatchTest, OtherBatchesAreNone) {
  EXPECT_EQ(ParseEndTxnMarker(""), std::nullopt);
  BatchBuilder data;
  data.SetTransactional();
  data.Add(0, std::string_view("\0\0\0\1", 4), std::string_view("\0\0\0\0\0\0", 6));
  EXPECT_EQ(ParseEndTxnMarker(data.Build()), std::nullopt) << "no control batch";
  BatchBuilder leader_change;
  leader_change.SetControl();
  leader_change.Add(0, std::string_view("\0\0\0\2", 4), std::string_view("\0\0\0\0\0\0", 6));
  EXPECT_EQ(ParseEndTxnMarker(leader_change.Build()), std::nullopt) << "of another type";
  BatchBuilder torn;
  torn.SetControl();
  torn.Add(0, std::string_view("\0\0\0", 3), std::string_view("", 0));
  EXPECT_EQ(ParseEndTxnMarker(torn.Build()), std::nullopt) << "too short";
}

}  // namespace
}  // namespace wherry::kafka
