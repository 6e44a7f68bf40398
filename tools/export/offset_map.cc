#include "tools/export/offset_map.h"

#include <algorithm>

namespace wherry::exporting {

void OffsetMap::Add(std::int64_t source, std::int64_t target) {
  if (!runs_.empty()) {
    Run& last = runs_.back();
    if (source == last.source + last.count && target == last.target + last.count) {
      ++last.count;
      return;
    }
  }
  if (runs_.size() >= max_runs_) Thin();
  runs_.push_back({source, target, 1});
}

void OffsetMap::Thin() {
  // The last stays as it is: what follows may extend it.
  std::vector<Run> kept;
  for (std::size_t i = 0; i + 1 < runs_.size(); i += 2) kept.push_back(runs_[i]);
  kept.push_back(runs_.back());
  runs_ = std::move(kept);
}

std::int64_t OffsetMap::Translate(std::int64_t source, std::int64_t start) const {
  if (runs_.empty()) return start;
  const auto next = std::upper_bound(
      runs_.begin(), runs_.end(), source,
      [](std::int64_t offset, const Run& run) { return offset < run.source; });
  if (next == runs_.begin()) return next->target;
  const Run& run = *(next - 1);
  return run.target + std::min(source - run.source, run.count);
}

}  // namespace wherry::exporting
