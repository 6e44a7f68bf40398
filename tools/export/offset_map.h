#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wherry::exporting {

// Where the records of one partition went: by source offset, the offset at the target. Both grow;
// the source's may have gaps (compaction, transactions' markers), the target's have none.
//
// Example: source 0 1 2, 5 6 became target 0 1 2, 3 4: two runs. A group that had committed 3 or
// 4 or 5 goes on at target 3, one that had committed 7 at target 5.
//
// Threads: one at a time. Owned by the partition's progress.
class OffsetMap {
 public:
  struct Run {
    std::int64_t source = 0;
    std::int64_t target = 0;
    std::int64_t count = 0;
    bool operator==(const Run&) const = default;
  };
  // With more runs, every second is joined to the one before it: some offsets are then translated
  // to a record that is too early, never to one that is too late.
  static constexpr std::size_t kMaxRuns = 65'536;

  explicit OffsetMap(std::size_t max_runs = kMaxRuns) : max_runs_(max_runs) {}

  // The next record, behind all that were added.
  void Add(std::int64_t source, std::int64_t target);
  // A run as it was kept, behind all that were added.
  void Add(const Run& run) { runs_.push_back(run); }

  // The target offset of the first record at or behind `source`; behind the last, that of the next
  // record to come; before the first, that of the first. `start`: the answer while there are none.
  std::int64_t Translate(std::int64_t source, std::int64_t start) const;
  const std::vector<Run>& runs() const { return runs_; }

 private:
  void Thin();

  const std::size_t max_runs_;
  std::vector<Run> runs_;
};

}  // namespace wherry::exporting
