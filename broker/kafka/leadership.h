#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wherry::kafka {

// From where on a leader has written; its records end where those of the next one begin.
struct EpochStart {
  std::int32_t epoch = 0;
  std::int64_t start_offset = 0;
  bool operator==(const EpochStart&) const = default;
};

// Where the records of an epoch end; -1, -1: nobody knows.
struct EpochEnd {
  std::int32_t epoch = -1;
  std::int64_t offset = -1;
  bool operator==(const EpochEnd&) const = default;
};

// Where a partition lies, who leads it, and which of its leaders wrote what (KIP-101), once any of
// that is not as nodes.h has it for a partition that nobody has moved.
// A value. Threads: the home shard. Owned by the Topic.
struct Leadership {
  static constexpr std::int32_t kNobody = -1;
  // Of so many leaders that wrote anything it is known where they began; of older ones the records
  // count as those of the oldest that is known.
  static constexpr std::size_t kMaxEpochs = 1000;

  std::vector<std::int32_t> replicas;  // the preferred leader first
  std::int32_t leader = kNobody;       // kNobody: all its nodes have stopped
  std::vector<EpochStart> epochs{{}};  // oldest first, never empty; the last is the leader's

  std::int32_t epoch() const { return epochs.back().epoch; }
  // Another leader's time begins at `offset`; records lie from `start_offset` on.
  void Begin(std::int32_t next_leader, std::int64_t offset, std::int64_t start_offset);
  // Whose the record at `offset` is.
  std::int32_t EpochAt(std::int64_t offset) const;
  // As Kafka tells it: of an epoch that wrote nothing, where the one before it ended. `log_end`:
  // where the leader's records end by now.
  EpochEnd EndOf(std::int32_t epoch, std::int64_t log_end) const;
};

}  // namespace wherry::kafka
