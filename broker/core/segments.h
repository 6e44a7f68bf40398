#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/log.h"

namespace wherry::core {

// When a segment ends.
struct SegmentRules {
  std::int64_t max_bytes = INT64_MAX;
  std::int64_t max_age_ms = INT64_MAX;  // of its first batch, when another is appended
};

// A stretch of a log that retention and compaction take as one. It ends where the next begins.
struct Segment {
  std::int64_t base_offset = 0;
  std::int64_t first_timestamp = -1;  // the greatest of its first batch; -1: it is empty
  std::int64_t max_timestamp = -1;
  std::uint64_t bytes = 0;
};

// The segments of a log, as Kafka would keep them in files: what users see of these is that old
// records go, and keys are compacted, by whole segments, and never in the last one, the active one,
// while it may still grow. The store has no files of the kind; this is bookkeeping.
//
// Example: with max_bytes 100, batches of 60, 30 and 30 bytes at the offsets 0, 10 and 20 give the
// segments [0, 20) of 90 bytes and, active, [20, ...) of 30.
//
// Threads: the home shard of its partition. Owned by the partition.
class Segments {
 public:
  // Empty, from `base_offset` on.
  explicit Segments(std::int64_t base_offset = 0) : all_{{.base_offset = base_offset}} {}

  // A batch is committed behind the others; a timestamp of -1 counts as `now`. True: a segment has
  // begun with it.
  bool Append(const storage::Batch& batch, const SegmentRules& rules, std::int64_t now);
  // Ends the active one, unless it is empty: all that is there may go. `end_offset`: of the log.
  void Roll(std::int64_t end_offset);
  // Drops those wholly below `offset`, the log's new start.
  void TrimPrefix(std::int64_t offset, std::int64_t end_offset);
  // Compaction has freed bytes of the one that holds `offset`.
  void Shrink(std::int64_t offset, std::uint64_t bytes);

  // By offset; the last is the active one. Never empty.
  const std::deque<Segment>& all() const { return all_; }
  const Segment& active() const { return all_.back(); }
  std::uint64_t bytes() const;
  // From where on nothing has been compacted.
  std::int64_t first_dirty_offset() const { return first_dirty_; }
  void set_first_dirty_offset(std::int64_t offset) { first_dirty_ = offset; }

  // All of it as bytes, good up to `end_offset`; storage/FORMAT.md has the layout.
  std::string Encode(std::int64_t end_offset) const;
  struct Decoded;
  // kDataLoss: the bytes are damaged or of a version that this build does not know.
  static absl::StatusOr<Decoded> Decode(std::string_view bytes);

 private:
  std::deque<Segment> all_;
  std::int64_t first_dirty_ = 0;
};

struct Segments::Decoded {
  Segments segments;
  std::int64_t end_offset = 0;
};

}  // namespace wherry::core
