// What retention and compaction take a log's segments for.
#include <gmock/gmock.h>

#include "broker/core/segments.h"

namespace wherry::core {
namespace {

storage::Batch BatchOf(std::int64_t base, std::int64_t last, std::int64_t timestamp,
                       std::size_t size) {
  return {base, last, timestamp, std::make_shared<const std::string>(size, 'x')};
}

TEST(SegmentsTest, ABatchThatWouldNotFitBeginsTheNext) {
  Segments segments;
  const SegmentRules rules{.max_bytes = 100};
  EXPECT_FALSE(segments.Append(BatchOf(0, 9, 1, 60), rules, 0));
  EXPECT_FALSE(segments.Append(BatchOf(10, 19, 2, 40), rules, 0));
  EXPECT_TRUE(segments.Append(BatchOf(20, 29, 3, 1), rules, 0));
  ASSERT_EQ(segments.all().size(), 2u);
  EXPECT_EQ(segments.all()[0].bytes, 100u);
  EXPECT_EQ(segments.active().base_offset, 20);
  EXPECT_EQ(segments.bytes(), 101u);
  // One that is larger than a segment has one for itself.
  EXPECT_TRUE(segments.Append(BatchOf(30, 39, 3, 1000), rules, 0));
  EXPECT_EQ(segments.active().bytes, 1000u);
}

TEST(SegmentsTest, ASegmentEndsWhenABatchIsYoungerThanItsFirstByTooMuch) {
  Segments segments;
  const SegmentRules rules{.max_age_ms = 1000};
  segments.Append(BatchOf(0, 0, 5000, 1), rules, 0);
  segments.Append(BatchOf(1, 1, 6000, 1), rules, 0);
  EXPECT_EQ(segments.all().size(), 1u);
  EXPECT_TRUE(segments.Append(BatchOf(2, 2, 6001, 1), rules, 0));
  EXPECT_EQ(segments.active().first_timestamp, 6001);
  // Older ones do not end it; a batch without a time has the present one.
  EXPECT_FALSE(segments.Append(BatchOf(3, 3, 4000, 1), rules, 0));
  EXPECT_TRUE(segments.Append(BatchOf(4, 4, -1, 1), rules, 9000));
  EXPECT_EQ(segments.active().max_timestamp, 9000);
}

TEST(SegmentsTest, TrimmingDropsWhatLiesWhollyBelow) {
  Segments segments;
  const SegmentRules rules{.max_bytes = 1};
  for (int i = 0; i < 4; ++i) segments.Append(BatchOf(i * 10, i * 10 + 9, 1, 1), rules, 0);
  segments.TrimPrefix(15, 40);
  EXPECT_EQ(segments.all().front().base_offset, 10);
  EXPECT_EQ(segments.first_dirty_offset(), 15);
  // Up to the end: only an empty one is left.
  segments.TrimPrefix(40, 40);
  ASSERT_EQ(segments.all().size(), 1u);
  EXPECT_EQ(segments.active().base_offset, 40);
  EXPECT_EQ(segments.bytes(), 0u);
}

TEST(SegmentsTest, ShrinkingTakesFromTheOneThatHoldsTheOffset) {
  Segments segments;
  const SegmentRules rules{.max_bytes = 10};
  segments.Append(BatchOf(0, 4, 1, 10), rules, 0);
  segments.Append(BatchOf(5, 9, 1, 10), rules, 0);
  segments.Shrink(4, 3);
  segments.Shrink(5, 100);
  EXPECT_EQ(segments.all()[0].bytes, 7u);
  EXPECT_EQ(segments.all()[1].bytes, 0u);
}

TEST(SegmentsTest, ThereAreNeverMoreThanSoMany) {
  Segments segments;
  const SegmentRules rules{.max_bytes = 1};
  for (int i = 0; i < 10'100; ++i) segments.Append(BatchOf(i, i, 1000 + i, 1), rules, 0);
  EXPECT_EQ(segments.all().size(), 10'000u);
  EXPECT_EQ(segments.all().front().base_offset, 0);
  EXPECT_EQ(segments.all().front().bytes, 101u);
  EXPECT_EQ(segments.all().front().max_timestamp, 1100);
  EXPECT_EQ(segments.bytes(), 10'100u);
}

TEST(SegmentsTest, BytesReadBackAndDamageIsNoticed) {
  Segments segments(7);
  const SegmentRules rules{.max_bytes = 10};
  segments.Append(BatchOf(7, 9, 100, 10), rules, 0);
  segments.Append(BatchOf(10, 19, 200, 5), rules, 0);
  segments.set_first_dirty_offset(10);
  const std::string bytes = segments.Encode(20);
  const auto decoded = Segments::Decode(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->end_offset, 20);
  EXPECT_EQ(decoded->segments.first_dirty_offset(), 10);
  EXPECT_EQ(decoded->segments.Encode(20), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Segments::Decode(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Segments::Decode(bytes + "x").ok());
}

}  // namespace
}  // namespace wherry::core
