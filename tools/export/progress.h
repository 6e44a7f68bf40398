#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tools/export/offset_map.h"
#include "wherry/status.h"

namespace wherry::exporting {

// How far one partition has come.
struct PartitionProgress {
  std::int64_t source_start = 0;  // where copying began
  std::int64_t source_next = 0;   // the next offset to copy
  std::int64_t source_end = 0;    // the end when this run began: what to reach
  std::int64_t target_start = 0;
  std::int64_t target_next = 0;  // what the next copied record gets
  OffsetMap offsets;

  void Copied(std::int64_t source) {
    offsets.Add(source, target_next++);
    source_next = source + 1;
  }
};

using TopicPartition = std::pair<std::string, std::int32_t>;
using Progress = std::map<TopicPartition, PartitionProgress>;

// The file that an interrupted export is resumed from. It appears whole or not at all.
//
// What was delivered after it was last written is not in it, and need not be: nobody else writes to
// the target's topics, so the records there behind `target_next` are the source's next ones, in
// order.
//
// Threads: one at a time. Owned by main.
class StateFile {
 public:
  // `source`, `target`: the clusters' ids.
  StateFile(std::string path, std::string source, std::string target)
      : path_(std::move(path)), source_(std::move(source)), target_(std::move(target)) {}

  // What the file holds; nothing if there is no file. kFailedPrecondition: it is of other clusters;
  // kDataLoss: it cannot be read.
  StatusOr<Progress> Load() const;
  Status Save(const Progress& progress) const;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const std::string source_;
  const std::string target_;
};

}  // namespace wherry::exporting
