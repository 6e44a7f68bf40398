#include "broker/kafka/batch_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "protocol/kafka/batch_rewrite.h"

namespace wherry::kafka {

namespace {

constexpr std::int64_t kNoTimestamp = -1;

RulesVerdict Refused(ErrorCode error, std::string message) {
  RulesVerdict verdict;
  verdict.error = error;
  verdict.message = std::move(message);
  return verdict;
}

// now - before or now + after, wherever that is: the bounds may be the greatest number.
std::int64_t Earliest(const TopicSettings& rules, std::int64_t now) {
  return rules.timestamp_before_max_ms > now ? INT64_MIN : now - rules.timestamp_before_max_ms;
}
std::int64_t Latest(const TopicSettings& rules, std::int64_t now) {
  return rules.timestamp_after_max_ms > INT64_MAX - now ? INT64_MAX
                                                        : now + rules.timestamp_after_max_ms;
}

bool MustOpen(const TopicSettings& rules, const BatchHeader& header, std::int64_t now) {
  if (rules.compact) return true;
  if (rules.log_append_time) return false;
  // The first record's time is in the header, and the greatest; the least may be any one's.
  return rules.timestamp_before_max_ms != INT64_MAX || header.max_timestamp > Latest(rules, now);
}

// What one rule has against one record.
struct Fault {
  ErrorCode error = ErrorCode::kNone;
  std::string message;
};

Fault Check(const TopicSettings& rules, const std::string& partition, std::int64_t now,
            const Record& record) {
  if (rules.compact && !record.key.has_value()) {
    return {ErrorCode::kInvalidRecord,
            absl::StrCat("Compacted topic cannot accept message without key in topic partition ",
                         partition, ".")};
  }
  if (rules.log_append_time || record.timestamp == kNoTimestamp) return {};
  const std::int64_t earliest = Earliest(rules, now), latest = Latest(rules, now);
  if (record.timestamp >= earliest && record.timestamp <= latest) return {};
  return {ErrorCode::kInvalidTimestamp,
          absl::StrCat("Timestamp ", record.timestamp, " of message with offset ", record.offset,
                       " is out of range. The timestamp should be within [", earliest, ", ",
                       latest, "]")};
}

RulesVerdict CheckRecords(const TopicSettings& rules, const std::string& partition,
                          std::int64_t now, std::string_view batch) {
  RulesVerdict verdict;
  std::int32_t index = 0;
  std::size_t faults = 0;
  const std::int64_t base_offset = ParseBatchHeader(batch)->base_offset;
  const absl::Status opened = ForEachRecord(batch, [&](const Record& record) {
    if (record.offset != base_offset + index) {
      verdict = Refused(ErrorCode::kInvalidRecord,
                        absl::StrCat("Inner record ", index,
                                     " does not have incremental offsets, expected offset is ",
                                     index, " in topic partition ", partition, "."));
      return false;
    }
    Fault fault = Check(rules, partition, now, record);
    if (fault.error != ErrorCode::kNone) {
      if (faults == 0) verdict.error = fault.error;
      if (++faults <= kMaxFaultsTold) verdict.faults.push_back({index, std::move(fault.message)});
    }
    ++index;
    return true;
  });
  if (!opened.ok()) return Refused(ErrorCode::kInvalidRecord, std::string(opened.message()));
  if (verdict.error == ErrorCode::kInvalidTimestamp) {
    verdict.message = "One or more records have been rejected due to invalid timestamp";
  } else if (faults > 0) {
    verdict.message = absl::StrCat("One or more records have been rejected due to ", faults,
                                   " record errors in total, the first of which is: ",
                                   verdict.faults.front().message);
  }
  return verdict;
}

RulesVerdict CheckSize(const TopicSettings& rules, const std::string& partition,
                       std::size_t size) {
  if (size > static_cast<std::size_t>(rules.max_message_bytes)) {
    return Refused(ErrorCode::kMessageTooLarge,
                   absl::StrCat("The record batch size in the append to ", partition, " is ", size,
                                " bytes which exceeds the maximum configured value of ",
                                rules.max_message_bytes, "."));
  }
  if (size > static_cast<std::size_t>(rules.segment_bytes)) {
    return Refused(ErrorCode::kRecordListTooLarge,
                   absl::StrCat("Message batch size is ", size, " bytes in append to partition ",
                                partition, ", which exceeds the maximum configured segment size ",
                                "of ", rules.segment_bytes, "."));
  }
  return {};
}

}  // namespace

RulesVerdict ApplyRules(const TopicSettings& rules, const std::string& partition,
                        std::int64_t now_unix_millis, std::string& batch) {
  const BatchHeader header = *ParseBatchHeader(batch);
  RulesVerdict verdict = CheckSize(rules, partition, batch.size());
  if (verdict.error != ErrorCode::kNone) return verdict;
  if (header.is_log_append_time()) {
    return Refused(ErrorCode::kInvalidTimestamp,
                   "Invalid timestamp type in message. Producer should not set timestamp type to "
                   "LogAppendTime.");
  }
  if (MustOpen(rules, header, now_unix_millis)) {
    verdict = CheckRecords(rules, partition, now_unix_millis, batch);
    if (verdict.error != ErrorCode::kNone) return verdict;
  }
  if (rules.codec.has_value() && static_cast<int>(*rules.codec) != header.codec_bits()) {
    absl::StatusOr<std::string> recompressed = Recompress(batch, *rules.codec);
    if (!recompressed.ok()) {
      return Refused(ErrorCode::kInvalidRecord, std::string(recompressed.status().message()));
    }
    verdict = CheckSize(rules, partition, recompressed->size());
    if (verdict.error != ErrorCode::kNone) return verdict;
    batch = *std::move(recompressed);
  }
  verdict.max_timestamp = header.max_timestamp;
  if (rules.log_append_time) {
    StampLogAppendTime(batch, now_unix_millis);
    verdict.log_append_time_ms = verdict.max_timestamp = now_unix_millis;
  }
  return verdict;
}

}  // namespace wherry::kafka
