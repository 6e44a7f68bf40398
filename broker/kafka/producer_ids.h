#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"

namespace wherry::kafka {

// Gives out producer ids, each once in the life of the store (KIP-98): a block of them is reserved
// in the store before the first is given out.
//
// Example: 0 to 999 are reserved, 0 to 41 given out, the process is killed: the next start reserves
// 1000 to 1999, and 42 to 999 are never used.
//
// Threads: the home shard only. Owned by the Cluster.
class ProducerIds {
 public:
  static constexpr std::int64_t kBlock = 1000;

  using Done = absl::AnyInvocable<void(absl::StatusOr<std::int64_t>)>;

  static absl::StatusOr<std::unique_ptr<ProducerIds>> Open(const core::Namespace& home,
                                                           storage::LogStore& store,
                                                           core::CommitQueue& commits);

  // Where the store keeps how far it has come.
  static std::string Key(const core::Namespace& home) {
    return core::StateKey(home, "producer-ids");
  }

  // `done` runs now, or as a later task when a block must be reserved first.
  void Next(Done done);

 private:
  ProducerIds(std::string key, core::CommitQueue& commits)
      : key_(std::move(key)), commits_(commits) {}
  void Reserve();

  const std::string key_;
  core::CommitQueue& commits_;
  std::int64_t next_ = 0;
  std::int64_t reserved_ = 0;  // ids below are ours to give out
  std::vector<Done> waiting_;  // for the block that is being reserved
};

}  // namespace wherry::kafka
