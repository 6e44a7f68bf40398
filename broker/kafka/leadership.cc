#include "broker/kafka/leadership.h"

#include <algorithm>
#include <iterator>

namespace wherry::kafka {

void Leadership::Begin(std::int32_t next_leader, std::int64_t offset, std::int64_t start_offset) {
  const std::int32_t next_epoch = epoch() + 1;
  leader = next_leader;
  // Those that wrote nothing, and those of whom nothing is left.
  while (!epochs.empty() && epochs.back().start_offset >= offset) epochs.pop_back();
  epochs.push_back({next_epoch, offset});
  while (epochs.size() > kMaxEpochs ||
         (epochs.size() > 1 && epochs[1].start_offset <= start_offset)) {
    epochs.erase(epochs.begin());
  }
}

std::int32_t Leadership::EpochAt(std::int64_t offset) const {
  const auto behind = std::upper_bound(
      epochs.begin(), epochs.end(), offset,
      [](std::int64_t at, const EpochStart& start) { return at < start.start_offset; });
  return behind == epochs.begin() ? epochs.front().epoch : std::prev(behind)->epoch;
}

EpochEnd Leadership::EndOf(std::int32_t asked, std::int64_t log_end) const {
  if (asked == epoch()) return {asked, log_end};
  const auto higher = std::upper_bound(
      epochs.begin(), epochs.end(), asked,
      [](std::int32_t epoch, const EpochStart& start) { return epoch < start.epoch; });
  if (asked < 0 || higher == epochs.end()) return {};
  if (higher == epochs.begin()) return {asked, higher->start_offset};
  return {std::prev(higher)->epoch, higher->start_offset};
}

}  // namespace wherry::kafka
