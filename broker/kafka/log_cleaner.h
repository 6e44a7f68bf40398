#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "broker/core/background_thread.h"
#include "broker/kafka/compaction.h"
#include "broker/kafka/configurations.h"
#include "broker/kafka/topic_catalog.h"
#include "broker/runtime/shard.h"

namespace wherry::kafka {

// Takes away what topics need not keep: old records, by whole segments (cleanup.policy=delete), and
// those that later ones with the same key replace (compact).
//
// A partition is looked at when something of it may go, and no sooner than an interval behind the
// append, or the change of its configuration, that had it looked at: for old records
// log.retention.check.interval.ms, for compaction log.cleaner.backoff.ms. Partitions that nobody
// writes to cost nothing but their next date. Work is done on the background thread, a part at a
// time.
//
// Threads: the home shard. Owned by the Cluster, whose topics outlive it.
class LogCleaner {
 public:
  struct Services {
    TopicCatalog& topics;
    const Configurations& configurations;
    storage::LogStore& store;
    core::BackgroundThread& background;
    runtime::Shard& home;
    std::function<void(std::string_view line)> log;
  };

  explicit LogCleaner(Services services);
  ~LogCleaner();

  // A topic is new, or its settings or partitions are.
  void Watch(Topic& topic);
  // A topic is deleted.
  void Forget(const Topic& topic);

  // Where the log would start without the segments that may go now.
  static std::int64_t RetainedFrom(const core::Partition& partition, const TopicSettings& rules,
                                   std::int64_t now);
  // What a compaction now would begin with; nullopt: there is nothing to do yet.
  static std::optional<Compaction::Plan> PlanOf(const core::Partition& partition,
                                                const TopicSettings& rules, std::int64_t now);

 private:
  struct Place {
    wire::Uuid topic;
    std::int32_t partition = 0;
  };
  struct Watched {
    Place place;
    std::int64_t due = kNever;  // milliseconds since the epoch
    bool compacting = false;
  };
  static constexpr std::int64_t kNever = INT64_MAX;

  std::int64_t now() const { return services_.home.clock().UnixMillis(); }
  core::Partition* Find(const Place& place, Topic** topic) const;
  // When something of the partition may go, as far as is known now.
  std::int64_t RetentionDue(const core::Partition& partition, const TopicSettings& rules) const;
  std::int64_t CompactionDue(const core::Partition& partition, const TopicSettings& rules) const;
  // What had it looked at: something that changed, or that the last date has come.
  enum class Cause { kChange, kLook };
  void Schedule(Watched& watched, core::Partition& partition, const TopicSettings& rules,
                Cause cause);
  void OnAppend(storage::LogId log);
  void SetDue(Watched& watched, storage::LogId log, std::int64_t due);
  void Arm();
  void RunDue();
  void Clean(Watched& watched);
  void Compact(storage::LogId log, core::Partition& partition, Compaction::Plan plan);
  void EndCompaction(storage::LogId log, const absl::Status& status, std::int64_t compacted_to);

  struct Job;
  static void RunJob(std::shared_ptr<Job> job);

  const Services services_;
  std::map<storage::LogId, Watched> watched_;
  std::set<std::pair<std::int64_t, storage::LogId>> due_;
  runtime::Timer timer_;
  std::shared_ptr<LogCleaner*> self_;  // what comes back later looks here whether there is one yet
};

}  // namespace wherry::kafka
