#include "broker/core/segments.h"

#include <algorithm>

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 1;
// Of one log; where there would be more, the two oldest become one.
constexpr std::size_t kMaxSegments = 10'000;

}  // namespace

bool Segments::Append(const storage::Batch& batch, const SegmentRules& rules, std::int64_t now) {
  const std::int64_t timestamp = batch.max_timestamp < 0 ? now : batch.max_timestamp;
  const std::uint64_t size = batch.bytes->size();
  const Segment& active = all_.back();
  const bool empty = active.bytes == 0;
  const bool full = active.bytes + size > static_cast<std::uint64_t>(rules.max_bytes);
  // What has no time yet, or a kept list whose times make no sense, does not end it.
  const bool old =
      active.first_timestamp >= 0 && timestamp - active.first_timestamp > rules.max_age_ms;
  const bool rolls = !empty && (full || old);
  if (rolls) all_.push_back({.base_offset = batch.base_offset});
  if (all_.size() > kMaxSegments) {
    Segment& second = all_[1];
    second.base_offset = all_[0].base_offset;
    second.first_timestamp = all_[0].first_timestamp;
    second.max_timestamp = std::max(second.max_timestamp, all_[0].max_timestamp);
    second.bytes += all_[0].bytes;
    all_.pop_front();
  }
  Segment& last = all_.back();
  if (last.bytes == 0) last.first_timestamp = timestamp;
  last.max_timestamp = std::max(last.max_timestamp, timestamp);
  last.bytes += size;
  return rolls;
}

void Segments::Roll(std::int64_t end_offset) {
  if (all_.back().bytes > 0) all_.push_back({.base_offset = end_offset});
}

void Segments::TrimPrefix(std::int64_t offset, std::int64_t end_offset) {
  if (offset >= end_offset) Roll(end_offset);
  while (all_.size() > 1 && all_[1].base_offset <= offset) all_.pop_front();
  first_dirty_ = std::max(first_dirty_, offset);
}

void Segments::Shrink(std::int64_t offset, std::uint64_t bytes) {
  const auto behind = std::partition_point(
      all_.begin(), all_.end(),
      [offset](const Segment& segment) { return segment.base_offset <= offset; });
  if (behind == all_.begin()) return;
  Segment& segment = *std::prev(behind);
  segment.bytes -= std::min(bytes, segment.bytes);
}

std::uint64_t Segments::bytes() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : all_) sum += segment.bytes;
  return sum;
}

std::string Segments::Encode(std::int64_t end_offset) const {
  std::string out;
  PutBigEndian(out, kVersion);
  PutBigEndian(out, end_offset);
  PutBigEndian(out, first_dirty_);
  PutBigEndian(out, static_cast<std::uint32_t>(all_.size()));
  for (const Segment& segment : all_) {
    PutBigEndian(out, segment.base_offset);
    PutBigEndian(out, segment.first_timestamp);
    PutBigEndian(out, segment.max_timestamp);
    PutBigEndian(out, segment.bytes);
  }
  return out;
}

absl::StatusOr<Segments::Decoded> Segments::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  if (reader.Take<std::uint8_t>() != kVersion || !reader.good) {
    return absl::DataLossError("the list of segments is of an unknown version");
  }
  Decoded decoded;
  decoded.end_offset = reader.Take<std::int64_t>();
  decoded.segments.first_dirty_ = reader.Take<std::int64_t>();
  const auto count = reader.Take<std::uint32_t>();
  std::deque<Segment>& all = decoded.segments.all_;
  all.clear();
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    Segment segment;
    segment.base_offset = reader.Take<std::int64_t>();
    segment.first_timestamp = reader.Take<std::int64_t>();
    segment.max_timestamp = reader.Take<std::int64_t>();
    segment.bytes = reader.Take<std::uint64_t>();
    if (!all.empty() && segment.base_offset <= all.back().base_offset) reader.good = false;
    all.push_back(segment);
  }
  if (!reader.Ended() || all.empty()) {
    return absl::DataLossError("the list of segments is damaged");
  }
  return decoded;
}

}  // namespace wherry::core
