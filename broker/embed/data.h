#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/memory_budget.h"
#include "broker/core/background_thread.h"
#include "broker/core/tail_cache.h"
#include "broker/kafka/cluster.h"
#include "broker/runtime/shard.h"
#include "storage/log_store.h"
#include "wherry/options.h"

namespace wherry::embed {

// What a broker keeps, and the threads that keep it: the store, the ways into and out of it, and
// the Kafka cluster over them.
// Threads: Open before the shard starts; BeforeStop on the shard; Stop, and the destructor, on the
// stopping thread. Owned by the composition root; outlived by the shard.
class Data {
 public:
  // kInvalidArgument, kPermissionDenied, kUnavailable (locked by another process), kDataLoss: as
  // Broker::Start says.
  static absl::StatusOr<std::unique_ptr<Data>> Open(const Options& options, runtime::Shard& shard,
                                                    std::function<void(std::string_view)> log);
  ~Data();

  kafka::Cluster& cluster() { return *cluster_; }

  // The last commits of a clean stop, when no connection is left.
  void BeforeStop() { cluster_->BeforeStop(); }
  // Commits what was submitted and ends the threads. Their last completions still run on the shard.
  void Stop();

 private:
  Data(std::unique_ptr<storage::LogStore> store, const Options& options, runtime::Shard& shard);

  // Destroyed backwards: what uses another stands behind it.
  const std::unique_ptr<storage::LogStore> store_;
  core::MemoryBudget budget_;
  core::TailCache tails_;
  core::BackgroundThread reader_;
  core::CommitQueue commits_;
  std::unique_ptr<kafka::Cluster> cluster_;
};

}  // namespace wherry::embed
