// What a topic's configuration says to a batch.
#include <gmock/gmock.h>

#include "broker/kafka/batch_rules.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kNow = 1'000'000'000;

struct Keyed {
  std::optional<std::string_view> key;
  std::int64_t timestamp = kNow;
};
std::string BatchOf(const std::vector<Keyed>& records, Codec codec = Codec::kNone) {
  BatchBuilder builder(codec);
  for (const Keyed& record : records) builder.Add(record.timestamp, record.key, "value");
  return builder.Build();
}
RulesVerdict Apply(const TopicSettings& rules, std::string batch) {
  return ApplyRules(rules, "t-0", kNow, batch);
}

TEST(BatchRulesTest, ByDefaultABatchStaysAsItIs) {
  std::string batch = BatchOf({{"a", 5}, {std::nullopt, 7}}, Codec::kLz4);
  const std::string before = batch;
  const RulesVerdict verdict = ApplyRules({}, "t-0", kNow, batch);
  EXPECT_EQ(verdict.error, ErrorCode::kNone);
  EXPECT_EQ(verdict.max_timestamp, 7);
  EXPECT_EQ(verdict.log_append_time_ms, -1);
  EXPECT_EQ(batch, before);
}

TEST(BatchRulesTest, ATimestampAheadOfTheClockIsToBlame) {
  const RulesVerdict verdict =
      Apply({}, BatchOf({{"a"}, {"b", kNow + 3'600'001}, {"c", kNow + 3'600'000}}));
  EXPECT_EQ(verdict.error, ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(verdict.message, "One or more records have been rejected due to invalid timestamp");
  ASSERT_THAT(verdict.faults, SizeIs(1));
  EXPECT_EQ(verdict.faults[0].index, 1);
  EXPECT_THAT(verdict.faults[0].message, HasSubstr("is out of range"));
}

TEST(BatchRulesTest, ATimestampBehindTheClockIsToBlameWhereThatIsAskedFor) {
  TopicSettings rules;
  const std::string batch = BatchOf({{"a"}, {"b", kNow - 1001}, {"c", -1}}, Codec::kGzip);
  EXPECT_EQ(Apply(rules, batch).error, ErrorCode::kNone);
  rules.timestamp_before_max_ms = 1000;
  const RulesVerdict verdict = Apply(rules, batch);
  EXPECT_EQ(verdict.error, ErrorCode::kInvalidTimestamp);
  // A record without a time is nobody's fault.
  ASSERT_THAT(verdict.faults, SizeIs(1));
  EXPECT_EQ(verdict.faults[0].index, 1);
  rules.log_append_time = true;
  EXPECT_EQ(Apply(rules, batch).error, ErrorCode::kNone);
}

TEST(BatchRulesTest, ACompactedTopicWantsKeys) {
  TopicSettings rules;
  rules.compact = true;
  EXPECT_EQ(Apply(rules, BatchOf({{"a"}, {""}})).error, ErrorCode::kNone);
  const RulesVerdict verdict = Apply(rules, BatchOf({{"a"}, {}, {"b"}, {}}, Codec::kZstd));
  EXPECT_EQ(verdict.error, ErrorCode::kInvalidRecord);
  ASSERT_THAT(verdict.faults, SizeIs(2));
  EXPECT_EQ(verdict.faults[1].index, 3);
  EXPECT_EQ(verdict.faults[0].message,
            "Compacted topic cannot accept message without key in topic partition t-0.");
  // What cannot be opened cannot be checked.
  std::string garbage = BatchOf({{"a"}});
  garbage.replace(61, 4, "\x7f\x7f\x7f\x7f");
  EXPECT_EQ(Apply(rules, garbage).error, ErrorCode::kInvalidRecord);
}

TEST(BatchRulesTest, LogAppendTimeIsTheBrokersClock) {
  TopicSettings rules;
  rules.log_append_time = true;
  std::string batch = BatchOf({{"a", 5}});
  const RulesVerdict verdict = ApplyRules(rules, "t-0", kNow, batch);
  EXPECT_EQ(verdict.log_append_time_ms, kNow);
  EXPECT_EQ(verdict.max_timestamp, kNow);
  EXPECT_EQ(CheckBatch(batch).message, "");
  EXPECT_EQ(ParseBatchHeader(batch)->max_timestamp, kNow);
  // A producer may not say that it is the log.
  EXPECT_EQ(Apply(rules, batch).error, ErrorCode::kInvalidTimestamp);
}

TEST(BatchRulesTest, TheTopicsCodecIsTheBatchs) {
  for (const Codec from : {Codec::kNone, Codec::kGzip, Codec::kZstd}) {
    TopicSettings rules;
    rules.codec = Codec::kLz4;
    std::string batch = BatchOf({{"a"}, {"b"}}, from);
    EXPECT_EQ(ApplyRules(rules, "t-0", kNow, batch).error, ErrorCode::kNone);
    EXPECT_EQ(ParseBatchHeader(batch)->codec_bits(), static_cast<int>(Codec::kLz4));
    rules.codec = Codec::kNone;
    EXPECT_EQ(ApplyRules(rules, "t-0", kNow, batch).error, ErrorCode::kNone);
    EXPECT_EQ(ParseBatchHeader(batch)->codec_bits(), 0);
  }
}

TEST(BatchRulesTest, SizesAreBounded) {
  TopicSettings rules;
  rules.max_message_bytes = 70;
  EXPECT_EQ(Apply(rules, BatchOf({{"a long key"}})).error, ErrorCode::kMessageTooLarge);
  rules.max_message_bytes = 1000;
  rules.segment_bytes = 70;
  EXPECT_EQ(Apply(rules, BatchOf({{"a long key"}})).error, ErrorCode::kRecordListTooLarge);
  // Also what recompression makes of it.
  rules = {};
  rules.max_message_bytes = 1000;
  rules.codec = Codec::kNone;
  BatchBuilder builder(Codec::kZstd);
  builder.Add(kNow, "k", std::string(5000, 'x'));
  EXPECT_EQ(Apply(rules, builder.Build()).error, ErrorCode::kMessageTooLarge);
}

}  // namespace
}  // namespace wherry::kafka
