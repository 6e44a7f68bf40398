#include "broker/kafka/fetch_list.h"

#include <algorithm>

#include "broker/kafka/cluster.h"
#include "broker/kafka/node_gate.h"

namespace wherry::kafka {

FetchList::Key FetchList::KeyOf(const NamedTopic& topic, std::int32_t index) const {
  if (!by_id_) return {topic.name, index};
  const auto* const id = reinterpret_cast<const char*>(topic.id.bytes.data());
  return {std::string(id, topic.id.bytes.size()), index};
}

const Topic* FetchList::FindTopic(const FetchedPartition& part) const {
  return by_id_ ? topics_.Find(part.topic->id) : topics_.Find(part.topic->name);
}

std::set<std::string> FetchList::Topics() const {
  std::set<std::string> topics;
  for (const auto& [key, part] : parts_) {
    if (const Topic* topic = FindTopic(*part)) topics.insert(topic->name);
  }
  return topics;
}

FetchList::Part FetchList::Put(const FetchedPartition& asked) {
  Part& part = parts_[KeyOf(*asked.topic, asked.index)];
  if (part == nullptr) {
    part = std::make_shared<FetchedPartition>();
    part->topic = asked.topic;
    part->index = asked.index;
  }
  part->current_leader_epoch = asked.current_leader_epoch;
  part->fetch_offset = asked.fetch_offset;
  part->last_fetched_epoch = asked.last_fetched_epoch;
  part->max_bytes = asked.max_bytes;
  Queue(part);
  return part;
}

void FetchList::Forget(const NamedTopic& topic, std::int32_t index) {
  const auto found = parts_.find(KeyOf(topic, index));
  if (found == parts_.end()) return;
  FetchedPartition& part = *found->second;
  part.forgotten = true;
  part.waiter.reset();
  Count(part, 0, false);
  parts_.erase(found);
}

void FetchList::set_stable_only(bool stable_only) {
  if (std::exchange(stable_only_, stable_only) == stable_only) return;
  for (const auto& [key, part] : parts_) Queue(part);
}

std::int64_t FetchList::EndOf(const core::Partition& partition) const {
  return stable_only_ ? partition.last_stable_offset() : partition.high_watermark();
}

FetchList::Finding FetchList::Find(const FetchedPartition& part) const {
  const Topic* const topic = FindTopic(part);
  if (topic == nullptr && by_id_) return {ErrorCode::kUnknownTopicId};
  if (may_read_ && !may_read_(by_id_ ? topic->name : part.topic->name)) {
    return {ErrorCode::kTopicAuthorizationFailed};
  }
  core::Partition* const partition = topic == nullptr ? nullptr : topic->partition(part.index);
  if (partition == nullptr) return {ErrorCode::kUnknownTopicOrPartition};
  const ErrorCode fenced = CheckLeaderEpoch(*topic, part.index, part.current_leader_epoch);
  if (fenced != ErrorCode::kNone) return {fenced, partition};
  const bool several = nodes_ != nullptr && nodes_->several();
  const bool leads = !several || nodes_->LeaderOf(*topic, part.index) == reader_.node;
  if (!leads && !(reader_.follows && nodes_->IsReplica(*topic, part.index, reader_.node))) {
    return {ErrorCode::kNotLeaderOrFollower, partition};
  }
  if (part.fetch_offset < partition->start_offset()) {
    return {ErrorCode::kOffsetOutOfRange, partition};
  }
  if (part.last_fetched_epoch >= 0) {
    const EpochEnd end = topic->EndOfEpoch(part.index, part.last_fetched_epoch);
    // Nobody knows where an epoch ends that has not been.
    if (end.epoch < 0) return {ErrorCode::kOffsetOutOfRange, partition};
    if (end.epoch < part.last_fetched_epoch || end.offset < part.fetch_offset) {
      return {ErrorCode::kNone, partition, end};
    }
  }
  if (part.fetch_offset <= partition->high_watermark()) {
    Finding found{ErrorCode::kNone, partition};
    if (several && leads) {
      found.preferred_replica = nodes_->PreferredReplica(*topic, part.index, reader_.rack);
    }
    return found;
  }
  return {ErrorCode::kOffsetOutOfRange, partition};
}

// Finds out what the partition adds to the sums.
void FetchList::Look(const Part& part) {
  if (watching_) Attach(part);
  part->stale = false;
  const Finding found = Find(*part);
  const bool urgent =
      found.error != ErrorCode::kNone || found.diverges() || found.preferred_replica >= 0;
  const std::uint64_t bytes =
      urgent ? 0 : found.partition->BytesFrom(part->fetch_offset, EndOf(*found.partition));
  Count(*part, bytes, urgent);
}

void FetchList::Count(FetchedPartition& part, std::uint64_t bytes, bool urgent) {
  bytes_ = bytes_ - std::exchange(part.bytes, bytes) + bytes;
  if (std::exchange(part.urgent, urgent)) --urgent_;
  if (urgent) ++urgent_;
}

void FetchList::Attach(const Part& part) {
  const Topic* const topic = FindTopic(*part);
  core::Partition* const partition = topic == nullptr ? nullptr : topic->partition(part->index);
  if (partition == nullptr || (part->waiter.has_value() && part->watched == partition->log())) {
    return;
  }
  part->watched = partition->log();
  part->waiter.emplace(*partition, [this, weak = std::weak_ptr<FetchedPartition>(part)] {
    const Part woken = weak.lock();
    if (woken != nullptr && !woken->forgotten) OnWoken(woken);
  });
}

void FetchList::OnWoken(const Part& part) {
  Queue(part);
  if (changed_ == nullptr) return;  // who comes next will look
  Look(part);
  const auto changed = changed_;
  (*changed)();
}

void FetchList::Queue(const Part& part) {
  if (part->forgotten) return;
  part->stale = true;
  Count(*part, 0, false);
  if (!std::exchange(part->queued, true)) queue_.push_back(part);
}

void FetchList::Watch() {
  if (std::exchange(watching_, true)) return;
  for (const auto& [key, part] : parts_) Attach(part);
}

void FetchList::StopWatching() {
  watching_ = false;
  for (const auto& [key, part] : parts_) part->waiter.reset();
}

bool FetchList::Satisfies(std::uint64_t min_bytes) {
  const auto satisfied = [&] { return urgent_ > 0 || bytes_ >= min_bytes; };
  if (parts_.empty() || satisfied()) return true;
  for (const Part& part : queue_) {
    if (!part->stale || part->forgotten) continue;
    Look(part);
    if (satisfied()) return true;
  }
  return false;
}

void FetchList::Await(const void* waiter, absl::AnyInvocable<void()> changed) {
  waiter_ = waiter;
  changed_ = std::make_shared<absl::AnyInvocable<void()>>(std::move(changed));
  Watch();
}

std::vector<FetchList::Part> FetchList::TakeQueue() {
  std::vector<Part> taken;
  for (Part& part : std::exchange(queue_, {})) {
    part->queued = false;
    if (part->forgotten) continue;
    // Before it is read: what comes behind that must put it in the queue.
    if (watching_) Attach(part);
    taken.push_back(std::move(part));
  }
  return taken;
}

void FetchList::Settle(const Part& part, bool more) {
  if (more) return Queue(part);
  if (part->queued || part->forgotten) return;  // something has happened meanwhile
  part->stale = false;
  Count(*part, 0, false);
}

}  // namespace wherry::kafka
