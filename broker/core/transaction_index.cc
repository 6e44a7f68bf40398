#include "broker/core/transaction_index.h"

#include <algorithm>

namespace wherry::core {

void TransactionIndex::End(std::int64_t first_offset, std::int64_t marker_offset) {
  open_[first_offset] = marker_offset;
}

AbortedTransaction TransactionIndex::Abort(std::int64_t producer_id, std::int64_t first_offset,
                                           std::int64_t marker_offset) {
  End(first_offset, marker_offset);
  AbortedTransaction aborted{producer_id, first_offset, marker_offset, marker_offset + 1};
  for (const auto& [first, marker] : open_) {
    if (marker != kOpen) continue;
    aborted.last_stable_offset = first;
    break;
  }
  aborted_.push_back(aborted);
  return aborted;
}

void TransactionIndex::Commit(std::int64_t high_watermark) {
  std::erase_if(open_, [high_watermark](const auto& transaction) {
    return transaction.second < high_watermark;
  });
}

void TransactionIndex::Cut(std::int64_t offset) {
  open_.erase(open_.lower_bound(offset), open_.end());
  for (auto& [first, marker] : open_) {
    if (marker >= offset) marker = kOpen;
  }
  while (!aborted_.empty() && aborted_.back().last_offset >= offset) aborted_.pop_back();
}

std::vector<AbortedTransaction> TransactionIndex::Trim(std::int64_t start_offset) {
  const auto end = std::partition_point(
      aborted_.begin(), aborted_.end(),
      [start_offset](const auto& aborted) { return aborted.last_offset < start_offset; });
  std::vector<AbortedTransaction> trimmed(aborted_.begin(), end);
  aborted_.erase(aborted_.begin(), end);
  return trimmed;
}

std::vector<AbortedTransaction> TransactionIndex::Aborted(std::int64_t from,
                                                          std::int64_t to) const {
  std::vector<AbortedTransaction> found;
  auto aborted = std::partition_point(
      aborted_.begin(), aborted_.end(),
      [from](const auto& transaction) { return transaction.last_offset < from; });
  for (; aborted != aborted_.end(); ++aborted) {
    if (aborted->first_offset < to) found.push_back(*aborted);
    if (aborted->last_stable_offset >= to) break;
  }
  return found;
}

}  // namespace wherry::core
