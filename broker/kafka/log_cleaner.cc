#include "broker/kafka/log_cleaner.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace wherry::kafka {

namespace {

// a + b, or the greatest number where that is less.
std::int64_t Plus(std::int64_t a, std::int64_t b) {
  return b > 0 && a > INT64_MAX - b ? INT64_MAX : a + b;
}

bool IsClosed(const core::Segments& segments, const core::Segment& segment) {
  return &segment != &segments.active();
}

// Where the segment behind `index` begins.
std::int64_t EndOf(const core::Partition& partition, std::size_t index) {
  const auto& all = partition.segments().all();
  return index + 1 < all.size() ? all[index + 1].base_offset : partition.high_watermark();
}

}  // namespace

// A compaction under way: stepped on the background thread, told of on the home shard.
struct LogCleaner::Job {
  Compaction compaction;
  storage::LogId log;
  core::BackgroundThread& background;
  runtime::Shard& home;
  std::weak_ptr<LogCleaner*> cleaner;
};

LogCleaner::LogCleaner(Services services)
    : services_(std::move(services)),
      timer_(services_.home.timers(), runtime::TimerKind::kRetention, "retention of records"),
      self_(std::make_shared<LogCleaner*>(this)) {}

LogCleaner::~LogCleaner() = default;

core::Partition* LogCleaner::Find(const Place& place, Topic** topic) const {
  *topic = services_.topics.Find(place.topic);
  return *topic == nullptr ? nullptr : (*topic)->partition(place.partition);
}

void LogCleaner::Watch(Topic& topic) {
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    core::Partition& partition = *topic.partitions[i];
    const TopicSettings& rules = topic.settings;
    // So that no record stays uncompacted for longer, its segment must have ended by then.
    const std::int64_t age =
        rules.compact ? std::min(rules.segment_ms, rules.max_compaction_lag_ms) : rules.segment_ms;
    partition.SetSegmentRules({rules.segment_bytes, age});
    Watched& watched = watched_[partition.log()];
    watched.place = {topic.id, static_cast<std::int32_t>(i)};
    Schedule(watched, partition, rules, Cause::kChange);
  }
}

std::int64_t LogCleaner::RetainedFrom(const core::Partition& partition, const TopicSettings& rules,
                                      std::int64_t now) {
  std::int64_t from = partition.start_offset();
  if (!rules.delete_old) return from;
  const auto& all = partition.segments().all();
  std::size_t next = 0;
  if (rules.retention_ms >= 0) {
    while (next < all.size() && all[next].bytes > 0 &&
           Plus(all[next].max_timestamp, rules.retention_ms) < now) {
      from = std::max(from, EndOf(partition, next++));
    }
  }
  if (rules.retention_bytes < 0) return from;
  std::uint64_t bytes = 0;
  for (std::size_t i = next; i < all.size(); ++i) bytes += all[i].bytes;
  const auto least = static_cast<std::uint64_t>(rules.retention_bytes);
  while (next < all.size() && all[next].bytes > 0 && bytes - all[next].bytes >= least) {
    bytes -= all[next].bytes;
    from = std::max(from, EndOf(partition, next++));
  }
  return from;
}

std::optional<Compaction::Plan> LogCleaner::PlanOf(const core::Partition& partition,
                                                   const TopicSettings& rules, std::int64_t now) {
  if (!rules.compact) return std::nullopt;
  const core::Segments& segments = partition.segments();
  const std::int64_t dirty_from =
      std::max(segments.first_dirty_offset(), partition.start_offset());
  std::int64_t dirty_to = dirty_from;
  std::uint64_t dirty = 0, clean = 0;
  bool overdue = false;
  for (std::size_t i = 0; i < segments.all().size(); ++i) {
    const core::Segment& segment = segments.all()[i];
    const std::int64_t end = EndOf(partition, i);
    if (end <= dirty_from) {
      clean += segment.bytes;
      continue;
    }
    // Of what is open nobody knows yet whether it is to be kept.
    if (!IsClosed(segments, segment) || end > partition.last_stable_offset()) break;
    if (Plus(segment.max_timestamp, rules.min_compaction_lag_ms) > now) break;
    if (dirty == 0) overdue = Plus(segment.first_timestamp, rules.max_compaction_lag_ms) < now;
    dirty += segment.bytes;
    dirty_to = end;
  }
  if (dirty == 0) return std::nullopt;
  const double ratio = static_cast<double>(dirty) / static_cast<double>(dirty + clean);
  if (!overdue && ratio <= rules.min_cleanable_dirty_ratio) return std::nullopt;
  return Compaction::Plan{.dirty_from = dirty_from,
                          .dirty_to = dirty_to,
                          .now = now,
                          .delete_retention_ms = rules.delete_retention_ms,
                          .aborted = partition.Aborted(partition.start_offset(), dirty_to)};
}

std::int64_t LogCleaner::RetentionDue(const core::Partition& partition,
                                      const TopicSettings& rules) const {
  const core::Segment& oldest = partition.segments().all().front();
  if (!rules.delete_old || oldest.bytes == 0) return kNever;
  if (RetainedFrom(partition, rules, now()) > partition.start_offset()) return now();
  return rules.retention_ms < 0 ? kNever : Plus(Plus(oldest.max_timestamp, rules.retention_ms), 1);
}

std::int64_t LogCleaner::CompactionDue(const core::Partition& partition,
                                       const TopicSettings& rules) const {
  if (!rules.compact) return kNever;
  if (PlanOf(partition, rules, now()).has_value()) return now();
  // The first that is dirty and may be compacted in time, or must be.
  const core::Segments& segments = partition.segments();
  for (std::size_t i = 0; i < segments.all().size(); ++i) {
    const core::Segment& segment = segments.all()[i];
    if (!IsClosed(segments, segment)) break;
    if (EndOf(partition, i) <= segments.first_dirty_offset()) continue;
    const std::int64_t may = Plus(segment.max_timestamp, rules.min_compaction_lag_ms);
    const std::int64_t must = Plus(Plus(segment.first_timestamp, rules.max_compaction_lag_ms), 1);
    return may > now() ? may : std::max(must, now());
  }
  return kNever;
}

void LogCleaner::Schedule(Watched& watched, core::Partition& partition,
                          const TopicSettings& rules, Cause cause) {
  const std::int64_t check =
      services_.configurations.BrokerNumber("log.retention.check.interval.ms");
  const std::int64_t backoff = services_.configurations.BrokerNumber("log.cleaner.backoff.ms");
  // What is due already could not be done by the look that has just been.
  const auto date = [&](std::int64_t due, std::int64_t interval) {
    if (due == kNever || (cause == Cause::kLook && due > now())) return due;
    return std::max(due, Plus(now(), interval));
  };
  const std::int64_t due = std::min(date(RetentionDue(partition, rules), check),
                                    date(CompactionDue(partition, rules), backoff));
  SetDue(watched, partition.log(), due);
  // An append may bring what is due by size or by key, and the first date of an empty log; else it
  // only puts off what there is.
  if (rules.compact || (rules.delete_old && (rules.retention_bytes >= 0 || due == kNever))) {
    partition.TellOfNextAppend([this, log = partition.log()] { OnAppend(log); });
  }
}

void LogCleaner::OnAppend(storage::LogId log) {
  const auto found = watched_.find(log);
  if (found == watched_.end()) return;
  Topic* topic = nullptr;
  core::Partition* const partition = Find(found->second.place, &topic);
  if (partition == nullptr) return;
  const TopicSettings& rules = topic->settings;
  if (!rules.compact && rules.retention_bytes < 0) {
    return Schedule(found->second, *partition, rules, Cause::kChange);
  }
  // It is looked at then, however many more there are.
  const std::int64_t interval = services_.configurations.BrokerNumber(
      rules.compact ? "log.cleaner.backoff.ms" : "log.retention.check.interval.ms");
  SetDue(found->second, log, std::min(found->second.due, Plus(now(), interval)));
}

void LogCleaner::Forget(const Topic& topic) {
  for (const auto& partition : topic.partitions) {
    const auto found = watched_.find(partition->log());
    if (found == watched_.end()) continue;
    SetDue(found->second, partition->log(), kNever);
    watched_.erase(found);
  }
}

void LogCleaner::SetDue(Watched& watched, storage::LogId log, std::int64_t due) {
  if (watched.due != kNever) due_.erase({watched.due, log});
  watched.due = due;
  if (due != kNever) due_.insert({due, log});
  Arm();
}

void LogCleaner::Arm() {
  if (due_.empty()) return timer_.Cancel();
  const std::int64_t wait = std::max<std::int64_t>(due_.begin()->first - now(), 0);
  // A date beyond what a duration holds is looked at again when it has passed.
  constexpr std::int64_t kFarthest = std::int64_t{1000} * 60 * 60 * 24 * 365;
  timer_.Arm(std::chrono::milliseconds(std::min(wait, kFarthest)), [this] { RunDue(); });
}

void LogCleaner::RunDue() {
  const std::int64_t until = now();
  while (!due_.empty() && due_.begin()->first <= until) {
    const storage::LogId log = due_.begin()->second;
    const auto found = watched_.find(log);
    due_.erase(due_.begin());
    found->second.due = kNever;
    Clean(found->second);
  }
  Arm();
}

void LogCleaner::Clean(Watched& watched) {
  Topic* topic = nullptr;
  core::Partition* const partition = Find(watched.place, &topic);
  if (partition == nullptr) return;  // the topic is deleted
  const storage::LogId log = partition->log();
  const std::int64_t from = RetainedFrom(*partition, topic->settings, now());
  if (from > partition->start_offset()) {
    partition->TrimPrefix(from, [weak = std::weak_ptr(self_), log](const absl::Status&) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      const auto found = (*self)->watched_.find(log);
      Topic* topic = nullptr;
      core::Partition* const partition =
          found == (*self)->watched_.end() ? nullptr : (*self)->Find(found->second.place, &topic);
      if (partition != nullptr) {
        (*self)->Schedule(found->second, *partition, topic->settings, Cause::kLook);
      }
    });
  }
  std::optional<Compaction::Plan> plan = PlanOf(*partition, topic->settings, now());
  if (plan.has_value() && !watched.compacting) {
    watched.compacting = true;
    return Compact(log, *partition, *std::move(plan));
  }
  if (from > partition->start_offset()) return;  // it is scheduled when that is done
  Schedule(watched, *partition, topic->settings, Cause::kLook);
}

void LogCleaner::Compact(storage::LogId log, core::Partition& partition, Compaction::Plan plan) {
  auto job = std::make_shared<Job>(Job{{services_.store, log, std::move(plan)},
                                       log,
                                       services_.background,
                                       services_.home,
                                       self_});
  partition.BeforeCompaction([job](const absl::Status& status) {
    // Without a cleaner there may be no background thread either.
    const auto self = job->cleaner.lock();
    if (self == nullptr) return;
    if (status.ok()) return RunJob(job);
    (*self)->EndCompaction(job->log, status, 0);
  });
}

void LogCleaner::RunJob(std::shared_ptr<Job> job) {
  core::BackgroundThread& background = job->background;
  background.Run([job = std::move(job)] {
    auto changes = job->compaction.Step();
    job->home.Post([job, changes = std::move(changes)] {
      const auto self = job->cleaner.lock();
      if (self == nullptr) return;
      const auto found = (*self)->watched_.find(job->log);
      if (found == (*self)->watched_.end()) return;  // the topic is deleted
      Topic* topic = nullptr;
      core::Partition* const partition = (*self)->Find(found->second.place, &topic);
      if (partition == nullptr) return;
      if (!changes.ok()) return (*self)->EndCompaction(job->log, changes.status(), 0);
      partition->OnCompacted(*changes);
      if (!job->compaction.done()) return RunJob(job);
      (*self)->EndCompaction(job->log, absl::OkStatus(), job->compaction.compacted_to());
    });
  });
}

void LogCleaner::EndCompaction(storage::LogId log, const absl::Status& status,
                               std::int64_t compacted_to) {
  const auto found = watched_.find(log);
  if (found == watched_.end()) return;
  found->second.compacting = false;
  Topic* topic = nullptr;
  core::Partition* const partition = Find(found->second.place, &topic);
  if (partition == nullptr) return;
  if (status.ok()) {
    partition->AfterCompaction(compacted_to);
  } else if (services_.log) {
    services_.log(absl::StrCat("partition ", found->second.place.partition, " of topic '",
                               topic->name, "' is not compacted: ",
                               std::string(status.message())));
  }
  Schedule(found->second, *partition, topic->settings, Cause::kLook);
}

}  // namespace wherry::kafka
