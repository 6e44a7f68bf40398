#include "tools/export/export.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "tools/export/cluster.h"
#include "tools/export/copier.h"
#include "tools/export/digest.h"
#include "tools/export/progress.h"
#include "tools/export/reader.h"

namespace wherry::exporting {

namespace {

using Clock = std::chrono::steady_clock;

// A topic that stamps records itself would forget their timestamps; it begins to when it is full.
constexpr char kTimestampType[] = "message.timestamp.type";
constexpr auto kSaveEvery = std::chrono::seconds(5);

void Say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

// One run of the program.
// Threads: one at a time. Owned by Export.
class Run {
 public:
  Run(const ExportOptions& options, const std::atomic<bool>& stop)
      : options_(options), stop_(stop) {}

  Status Execute() {
    if (Status status = Connect(); !status.ok()) return status;
    if (Status status = Prepare(); !status.ok()) return status;
    // Before the first record: from here on what lies at the target is ours.
    if (Status status = state_->Save(progress_); !status.ok()) return status;
    const Status copied = CopyRecords();
    if (Status saved = state_->Save(progress_); !saved.ok()) return saved;
    if (!copied.ok()) return copied;
    for (const auto& [topic, configs] : configs_) {
      if (!configs.contains(kTimestampType)) continue;
      if (Status status = target_->SetConfigs(topic, configs); !status.ok()) return status;
    }
    if (Status status = CopyGroups(); !status.ok()) return status;
    return options_.check ? Check() : Status();
  }

 private:
  Status Connect() {
    StatusOr<Cluster> source = Cluster::Connect("source", options_.source_properties);
    if (!source.ok()) return source.status();
    source_ = std::make_unique<Cluster>(std::move(source).value());
    StatusOr<Cluster> target = Cluster::Connect("target", options_.target_properties);
    if (!target.ok()) return target.status();
    target_ = std::make_unique<Cluster>(std::move(target).value());
    if (source_->id() == target_->id()) {
      return Status(StatusCode::kInvalidArgument, "source and target are the same cluster, " +
                                                      source_->id() + ": check --from and --to");
    }
    state_ = std::make_unique<StateFile>(options_.state_file, source_->id(), target_->id());
    StatusOr<Progress> progress = state_->Load();
    if (!progress.ok()) return progress.status();
    progress_ = std::move(progress).value();
    return Status();
  }

  // Creates the topics at the target and finds out what is to be copied.
  Status Prepare() {
    StatusOr<std::vector<Cluster::Topic>> topics = source_->Topics();
    if (!topics.ok()) return topics.status();
    StatusOr<std::vector<Cluster::Topic>> there = target_->Topics();
    if (!there.ok()) return there.status();
    for (const Cluster::Topic& topic : *there) at_target_[topic.name] = topic.partitions;
    const std::regex wanted(options_.topics);
    for (const Cluster::Topic& topic : *topics) {
      if (!std::regex_match(topic.name, wanted)) continue;
      if (Status status = PrepareTopic(topic); !status.ok()) return status;
      for (std::int32_t p = 0; p < topic.partitions; ++p) chosen_.push_back({topic.name, p});
    }
    return Status();
  }

  Status PrepareTopic(const Cluster::Topic& topic) {
    StatusOr<TopicConfigs> configs = source_->Configs(topic.name);
    if (!configs.ok()) return configs.status();
    const auto there = at_target_.find(topic.name);
    if (there == at_target_.end()) {
      if (progress_.contains({topic.name, 0})) {
        return Status(StatusCode::kFailedPrecondition,
                      "topic " + topic.name + " has gone from the target since the last run; to "
                      "copy it anew, delete the state file " + state_->path());
      }
      TopicConfigs first = *configs;
      first.erase(kTimestampType);
      const Status created = target_->CreateTopic(topic, options_.replication_factor, first);
      if (!created.ok()) return created;
    } else if (there->second != topic.partitions) {
      return Status(StatusCode::kFailedPrecondition,
                    "topic " + topic.name + " has " + std::to_string(topic.partitions) +
                        " partitions at the source and " + std::to_string(there->second) +
                        " at the target; delete it there, or leave it out with --topics");
    }
    configs_[topic.name] = std::move(configs).value();
    for (std::int32_t p = 0; p < topic.partitions; ++p) {
      if (Status status = PreparePartition({topic.name, p}); !status.ok()) return status;
    }
    return Status();
  }

  Status PreparePartition(const TopicPartition& name) {
    const StatusOr<Cluster::Bounds> source = source_->BoundsOf(name.first, name.second);
    if (!source.ok()) return source.status();
    const StatusOr<Cluster::Bounds> target = target_->BoundsOf(name.first, name.second);
    if (!target.ok()) return target.status();
    const auto [found, is_new] = progress_.try_emplace(name);
    PartitionProgress& partition = found->second;
    if (is_new) {
      if (target->start != target->end) {
        return Status(StatusCode::kFailedPrecondition,
                      "topic " + name.first + " at the target has records already, and " +
                          state_->path() + " does not know of them; delete it there, or leave it "
                          "out with --topics");
      }
      partition.source_start = partition.source_next = source->start;
      partition.target_start = partition.target_next = target->end;
    }
    partition.source_end = source->end;
    if (target->end < partition.target_next) {
      return Status(StatusCode::kFailedPrecondition,
                    "topic " + name.first + " at the target ends before what was copied; to copy "
                    "it anew, delete it there and the state file " + state_->path());
    }
    delivered_[name] = target->end - partition.target_next;
    return Status();
  }

  Status CopyRecords() {
    auto copier = Copier::Open(options_.target_properties, progress_);
    if (!copier.ok()) return copier.status();
    auto reader = Reader::Open("source", options_.source_properties);
    if (!reader.ok()) return reader.status();
    Ranges ranges;
    for (const TopicPartition& name : chosen_) {
      const PartitionProgress& partition = progress_[name];
      ranges[name] = {partition.source_next, partition.source_end};
      copier.value()->SetDelivered(name, delivered_[name]);
      to_copy_ += std::max<std::int64_t>(partition.source_end - partition.source_next, 0);
    }
    began_ = last_said_ = last_saved_ = Clock::now();
    const Status read = reader->Read(
        ranges,
        [&](const TopicPartition& partition, const rd_kafka_message_t& record) {
          return copier.value()->Copy(partition, record);
        },
        [&] { return Tick(*copier.value()); });
    const Status flushed = copier.value()->Flush();
    Say("copied " + std::to_string(copier.value()->records()) + " records of " +
        std::to_string(configs_.size()) + " topics, " +
        std::to_string(copier.value()->bytes() / 1'000'000) + " MB");
    return read.ok() ? flushed : read;
  }

  // What is to be done now and then while records are copied.
  Status Tick(Copier& copier) {
    if (stop_) {
      return Status(StatusCode::kUnavailable,
                    "stopped; the same command goes on from here (" + state_->path() + ")");
    }
    const auto now = Clock::now();
    if (now - last_saved_ >= kSaveEvery) {
      last_saved_ = now;
      if (Status status = state_->Save(progress_); !status.ok()) return status;
    }
    const auto pause = std::chrono::seconds(isatty(STDERR_FILENO) != 0 ? 1 : 10);
    if (now - last_said_ >= pause) {
      last_said_ = now;
      SayProgress(copier, std::chrono::duration<double>(now - began_).count());
    }
    return copier.Poll();
  }

  void SayProgress(const Copier& copier, double seconds) const {
    std::fprintf(stderr, "%" PRIu64 " of about %" PRId64 " records, %.0f MB, %.1f MB/s\n",
                 copier.records(), to_copy_, static_cast<double>(copier.bytes()) / 1e6,
                 static_cast<double>(copier.bytes()) / 1e6 / seconds);
  }

  Status CopyGroups() {
    StatusOr<std::vector<std::string>> groups = source_->Groups();
    if (!groups.ok()) return groups.status();
    const std::regex wanted(options_.groups);
    std::size_t copied = 0;
    for (const std::string& group : *groups) {
      if (!std::regex_match(group, wanted)) continue;
      StatusOr<std::vector<Cluster::CommittedOffset>> offsets = source_->CommittedOffsets(group);
      if (!offsets.ok()) return offsets.status();
      std::vector<Cluster::CommittedOffset> translated;
      for (Cluster::CommittedOffset& offset : *offsets) {
        const auto found = progress_.find({offset.topic, offset.partition});
        if (found == progress_.end()) continue;  // of a topic that is not exported
        const PartitionProgress& partition = found->second;
        offset.offset = partition.offsets.Translate(offset.offset, partition.target_start);
        translated.push_back(std::move(offset));
      }
      if (translated.empty()) continue;
      if (Status status = target_->Commit(group, translated); !status.ok()) return status;
      ++copied;
    }
    Say("committed the offsets of " + std::to_string(copied) + " groups");
    return Status();
  }

  // Reads both sides again and compares.
  Status Check() {
    Ranges at_source, at_target;
    for (const TopicPartition& name : chosen_) {
      const PartitionProgress& partition = progress_[name];
      at_source[name] = {partition.source_start, partition.source_end};
      at_target[name] = {partition.target_start, partition.target_next};
    }
    const auto stopped = [this] {
      return stop_ ? Status(StatusCode::kUnavailable, "stopped before the check was done")
                   : Status();
    };
    auto source = Digests("source", options_.source_properties, at_source, stopped);
    if (!source.ok()) return source.status();
    auto target = Digests("target", options_.target_properties, at_target, stopped);
    if (!target.ok()) return target.status();
    std::uint64_t records = 0;
    for (const auto& [name, digest] : *source) {
      const Digest& copy = (*target)[name];
      records += digest.records;
      if (copy == digest) continue;
      return Status(StatusCode::kDataLoss,
                    "partition " + std::to_string(name.second) + " of topic " + name.first +
                        " differs: " + std::to_string(digest.records) + " records at the source, " +
                        std::to_string(copy.records) + " at the target" +
                        (copy.records == digest.records ? ", whose contents differ" : "") +
                        "; did somebody write to it, or retention or compaction take some since?");
    }
    Say("checked " + std::to_string(records) + " records: the same at source and target");
    return Status();
  }

  static StatusOr<std::map<TopicPartition, Digest>> Digests(const char* cluster,
                                                            const Properties& properties,
                                                            const Ranges& ranges,
                                                            const Reader::Idle& idle) {
    auto reader = Reader::Open(cluster, properties);
    if (!reader.ok()) return reader.status();
    return DigestOf(*reader, ranges, idle);
  }

  const ExportOptions& options_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<Cluster> source_, target_;
  std::unique_ptr<StateFile> state_;
  Progress progress_;
  std::map<std::string, std::int32_t> at_target_;  // topics there, and their partitions
  std::map<std::string, TopicConfigs> configs_;    // of the chosen topics
  std::vector<TopicPartition> chosen_;
  std::map<TopicPartition, std::int64_t> delivered_;  // records there that the state misses
  std::int64_t to_copy_ = 0;
  Clock::time_point began_, last_said_, last_saved_;
};

}  // namespace

Status Export(const ExportOptions& options, const std::atomic<bool>& stop) {
  return Run(options, stop).Execute();
}

}  // namespace wherry::exporting
