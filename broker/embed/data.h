#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/memory_budget.h"
#include "broker/core/storage_faults.h"
#include "broker/core/background_thread.h"
#include "broker/core/tail_cache.h"
#include "broker/kafka/cluster.h"
#include "broker/runtime/shard.h"
#include "storage/fault_log_store.h"
#include "storage/log_store.h"
#include "wherry/options.h"

namespace wherry::embed {

// What outlives a crash of the broker.
struct Disk {
  std::shared_ptr<storage::FaultLogStore> simulated;  // null: a real one, or none
  std::shared_ptr<core::StorageFaults> faults;        // what a test has it suffer from
};

// What a broker keeps, and the threads that keep it: the store, and the ways into and out of it.
// Threads: the shard, or before it starts; Stop, and the destructor, on the stopping thread. Owned
// by the composition root; outlived by the shard, outlives its clusters.
class Data {
 public:
  // kInvalidArgument, kPermissionDenied, kUnavailable (locked by another process), kDataLoss: as
  // Broker::Start says.
  static absl::StatusOr<std::unique_ptr<Data>> Open(
      const Options& options, std::shared_ptr<const kafka::SecuritySettings> security,
      runtime::Shard& shard, Disk disk,
      std::function<void(std::string_view)> log);
  ~Data();

  // What the store keeps of a namespace. kDataLoss.
  absl::StatusOr<std::unique_ptr<kafka::Cluster>> OpenCluster(const core::Namespace& name);
  // The namespaces whose data is kept though nobody may name them at the next start. These too from
  // here on.
  absl::StatusOr<std::set<std::string>> KeepNamespaces(std::set<std::string> names);
  // Deletes what belongs to no namespace of these: what a killed process left of its tests, and
  // logs that no topic names.
  absl::Status DropLeftovers(const std::vector<const kafka::Cluster*>& clusters);

  enum class Erase { kAll, kButIdentity };
  // Ends a cluster that has no connections, with all that the store keeps of it. `done` runs as a
  // later task.
  void EraseCluster(std::unique_ptr<kafka::Cluster> cluster, Erase what,
                    absl::AnyInvocable<void(absl::Status)> done);

  // Commits what was submitted and ends the threads. Their last completions still run on the shard.
  void Stop();
  // Ends the threads as a process that dies would: what is not committed never is.
  void Abort();

 private:
  Data(std::shared_ptr<storage::LogStore> store, const Options& options, runtime::Shard& shard,
       std::shared_ptr<core::StorageFaults> faults);
  absl::StatusOr<storage::CommitBatch> Erasure(const kafka::Cluster& cluster, Erase what) const;
  void DeleteLog(storage::LogId log);

  runtime::Shard& shard_;
  kafka::ClusterOptions cluster_options_;
  std::function<void(std::string_view)> log_;
  // Destroyed backwards: what uses another stands behind it.
  const std::shared_ptr<storage::LogStore> store_;
  core::MemoryBudget budget_;
  core::TailCache tails_;
  core::BackgroundThread reader_;
  core::CommitQueue commits_;
};

}  // namespace wherry::embed
