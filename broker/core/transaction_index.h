#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace wherry::core {

// A transaction that was aborted, in one partition: its producer's records from first_offset to the
// marker at last_offset are not to be read.
struct AbortedTransaction {
  std::int64_t producer_id = -1;
  std::int64_t first_offset = -1;
  std::int64_t last_offset = -1;
  // Behind the marker, the first record whose fate was still unknown then: whatever ended later
  // begins there or behind it.
  std::int64_t last_stable_offset = -1;

  bool operator==(const AbortedTransaction&) const = default;
};

// The transactions of one partition by their offsets: which are open, and which were aborted.
//
// Example: producer 1 writes at 0, 2 at 1, 1's abort is at 2: the first unstable offset is 0 until
// the marker is committed, then 1. Of the records [0,2), and of [2,3), 1's are aborted; of [3,4)
// nothing is.
//
// Threads: its partition's home shard. Owned by the partition.
class TransactionIndex {
 public:
  // A transaction's first batch is submitted.
  void Begin(std::int64_t first_offset) { open_.try_emplace(first_offset, kOpen); }
  // The marker of the transaction that began at `first_offset` is submitted.
  void End(std::int64_t first_offset, std::int64_t marker_offset);
  // The same, of one that is aborted; what is to be kept of it.
  AbortedTransaction Abort(std::int64_t producer_id, std::int64_t first_offset,
                           std::int64_t marker_offset);
  // What was kept, in the order of last_offset.
  void Restore(const AbortedTransaction& aborted) { aborted_.push_back(aborted); }

  // What lies below is committed.
  void Commit(std::int64_t high_watermark);
  // Takes back what was submitted from `offset` on.
  void Cut(std::int64_t offset);
  // Forgets what was aborted wholly below `start_offset`, and returns it.
  std::vector<AbortedTransaction> Trim(std::int64_t start_offset);

  // Where the oldest transaction begins whose end is not committed; INT64_MAX: there is none.
  std::int64_t first_unstable_offset() const {
    return open_.empty() ? INT64_MAX : open_.begin()->first;
  }
  // Those that were aborted and reach into [from, to), `to` being a stable offset.
  std::vector<AbortedTransaction> Aborted(std::int64_t from, std::int64_t to) const;

 private:
  static constexpr std::int64_t kOpen = INT64_MAX;

  // First offset -> offset of the marker, which is not committed yet.
  std::map<std::int64_t, std::int64_t> open_;
  std::deque<AbortedTransaction> aborted_;  // by last_offset
};

}  // namespace wherry::core
