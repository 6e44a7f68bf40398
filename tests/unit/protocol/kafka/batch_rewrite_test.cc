// Batches that the broker changes stay batches that every client reads.
#include <gmock/gmock.h>

#include "protocol/kafka/batch_rewrite.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;

struct Seen {
  std::int64_t offset, timestamp;
  std::string key, value;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> Open(std::string_view batch) {
  std::vector<Seen> seen;
  const absl::Status status = ForEachRecord(batch, [&](const Record& record) {
    seen.push_back({record.offset, record.timestamp, std::string(record.key.value_or("(null)")),
                    std::string(record.value.value_or("(null)"))});
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.message();
  return seen;
}

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::string ThreeRecords(Codec codec) {
  BatchBuilder builder(codec);
  builder.SetProducer(7, 2, 40);
  builder.Add(1000, "a", "1", {{"h", "x"}});
  builder.Add(900, "b", std::nullopt);
  builder.Add(1100, "c", "3");
  std::string batch = builder.Build();
  SetBaseOffset(batch, 50);
  return batch;
}

TEST(BatchRewriteTest, LogAppendTimeIsEveryRecordsTime) {
  for (const Codec codec : kCodecs) {
    std::string batch = ThreeRecords(codec);
    StampLogAppendTime(batch, 5555);
    EXPECT_EQ(CheckBatch(batch).message, "");
    EXPECT_TRUE(ParseBatchHeader(batch)->is_log_append_time());
    EXPECT_THAT(Open(batch), ElementsAre(Seen{50, 5555, "a", "1"}, Seen{51, 5555, "b", "(null)"},
                                         Seen{52, 5555, "c", "3"}));
  }
  std::string tiny = "short";
  StampLogAppendTime(tiny, 1);
  EXPECT_EQ(tiny, "short");
}

TEST(BatchRewriteTest, RecordsSurviveEveryChangeOfCodec) {
  for (const Codec from : kCodecs) {
    for (const Codec to : kCodecs) {
      const std::string batch = ThreeRecords(from);
      const auto recompressed = Recompress(batch, to);
      ASSERT_TRUE(recompressed.ok()) << recompressed.status();
      EXPECT_EQ(CheckBatch(*recompressed).message, "");
      EXPECT_EQ(ParseBatchHeader(*recompressed)->codec_bits(), static_cast<int>(to));
      EXPECT_EQ(ParseBatchHeader(*recompressed)->base_sequence, 40);
      EXPECT_EQ(Open(*recompressed), Open(batch));
    }
  }
}

TEST(BatchRewriteTest, ABombDoesNotComeOpen) {
  BatchBuilder builder(Codec::kZstd);
  builder.Add(1, "k", std::string(10'000'000, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(Recompress(builder.Build(), Codec::kNone, 1000).status()));
}

TEST(BatchRewriteTest, WhatIsKeptKeepsItsOffsetsAndTheBatchItsPlace) {
  for (const Codec codec : kCodecs) {
    const std::string batch = ThreeRecords(codec);
    const auto kept = FilterBatch(
        batch, [](const Record& record) { return record.key != "a"; }, std::nullopt);
    ASSERT_TRUE(kept.ok() && kept->has_value());
    const BatchHeader header = *ParseBatchHeader(**kept);
    EXPECT_EQ(header.base_offset, 50);
    EXPECT_EQ(header.last_offset_delta, 2);
    EXPECT_EQ(header.record_count, 2);
    EXPECT_EQ(header.producer_id, 7);
    EXPECT_EQ(header.base_sequence, 40);
    EXPECT_EQ(header.max_timestamp, 1100);
    EXPECT_EQ(header.codec_bits(), static_cast<int>(codec));
    EXPECT_THAT(Open(**kept), ElementsAre(Seen{51, 900, "b", "(null)"}, Seen{52, 1100, "c", "3"}));
  }
}

TEST(BatchRewriteTest, ADeleteHorizonIsReadBackAndMovesNoTimestamp) {
  const std::string batch = ThreeRecords(Codec::kNone);
  EXPECT_EQ(DeleteHorizonOf(*ParseBatchHeader(batch)), std::nullopt);
  const auto kept = FilterBatch(batch, [](const Record&) { return true; }, 86'400'000);
  ASSERT_TRUE(kept.ok() && kept->has_value());
  EXPECT_EQ(DeleteHorizonOf(*ParseBatchHeader(**kept)), 86'400'000);
  EXPECT_EQ(Open(**kept), Open(batch));
  // Once it is set it stays.
  const auto again = FilterBatch(
      **kept, [](const Record& record) { return record.offset != 50; }, std::nullopt);
  EXPECT_EQ(DeleteHorizonOf(*ParseBatchHeader(**again)), 86'400'000);
  EXPECT_THAT(Open(**again), ElementsAre(Seen{51, 900, "b", "(null)"}, Seen{52, 1100, "c", "3"}));
}

TEST(BatchRewriteTest, OfNothingKeptNoBatchIsLeft) {
  const auto none = FilterBatch(
      ThreeRecords(Codec::kLz4), [](const Record&) { return false; }, std::nullopt);
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
}

TEST(BatchRewriteTest, DamagedRecordsAreNoticed) {
  std::string batch = ThreeRecords(Codec::kGzip);
  batch.resize(batch.size() - 3);
  EXPECT_FALSE(Recompress(batch, Codec::kNone).ok());
  EXPECT_FALSE(FilterBatch(batch, [](const Record&) { return true; }, std::nullopt).ok());
  EXPECT_FALSE(FilterBatch("x", [](const Record&) { return true; }, std::nullopt).ok());
}

}  // namespace
}  // namespace wherry::kafka
