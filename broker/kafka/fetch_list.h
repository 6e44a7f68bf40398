#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "broker/core/partition.h"
#include "broker/kafka/nodes.h"
#include "broker/kafka/topic_catalog.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

// A topic as a request names it: by name or by id, the other is empty.
struct NamedTopic {
  std::string name;
  wire::Uuid id;
};

// One partition that a consumer reads from, and what it was told of it.
struct FetchedPartition {
  std::shared_ptr<const NamedTopic> topic;
  std::int32_t index = 0;
  // What it asked for last.
  std::int32_t current_leader_epoch = -1;
  std::int64_t fetch_offset = 0;
  std::int32_t last_fetched_epoch = -1;
  std::int32_t max_bytes = 0;
  // What it was told last; -1: nothing, or an error.
  std::int64_t high_watermark = -1;
  std::int64_t last_stable_offset = -1;
  std::int64_t log_start_offset = -1;

 private:
  friend class FetchList;
  storage::LogId watched = 0;  // the log that `waiter` waits at
  std::optional<core::Partition::Waiter> waiter;
  std::uint64_t bytes = 0;  // that can be read
  bool urgent = false;      // there is an error to tell, or that its reader has gone astray
  bool stale = false;       // those two are to be found out
  bool queued = false;      // always, if stale
  bool forgotten = false;
};

// The partitions that one fetch, or a session of fetches (KIP-227), asks for, and those of them
// that there may be something to tell of: they stand in a queue, so that ten thousand idle ones
// cost a fetch nothing, neither when it comes nor when one of them gets a record.
//
// Threads: the home shard only. Shared by the session and the fetches that work on it; whoever has
// one of its partitions has it too.
class FetchList {
 public:
  using Part = std::shared_ptr<FetchedPartition>;

  // `by_id`: topics are named by their ids.
  FetchList(const TopicCatalog& topics, bool by_id) : topics_(topics), by_id_(by_id) {}

  bool by_id() const { return by_id_; }
  std::size_t size() const { return parts_.size(); }
  // The topics of its partitions that there are, each once.
  std::set<std::string> Topics() const;

  // Adds a partition, or takes over what is asked of one that is here: its topic and index, and
  // what follows them. It stands in the queue then.
  Part Put(const FetchedPartition& asked);
  void Forget(const NamedTopic& topic, std::int32_t index);

  // Whether a reader sees the end of what is committed, or no more than what is stable.
  void set_stable_only(bool stable_only);
  bool stable_only() const { return stable_only_; }
  std::int64_t EndOf(const core::Partition& partition) const;

  // Whose topics are read; empty, as it begins: of all.
  using MayRead = std::function<bool(std::string_view topic)>;
  void set_may_read(MayRead may_read) { may_read_ = std::move(may_read); }

  // Who reads: a client that came by this node. With `follows`, it reads from any replica, and from
  // the one in its rack where the leader sends it there.
  struct Reader {
    std::int32_t node = Nodes::kFirst;
    bool follows = false;
    std::string rack;
  };
  void set_reader(const Nodes& nodes, Reader reader) {
    nodes_ = &nodes;
    reader_ = std::move(reader);
  }

  // What a fetch of the partition would meet: the partition, unless there is an error.
  struct Finding {
    ErrorCode error = ErrorCode::kNone;
    core::Partition* partition = nullptr;
    // Where the epoch that its reader read last has ended, short of what it has read: that was cut
    // off. Else of epoch -1.
    EpochEnd divergence;
    // Where its reader had better go; -1: it is served here.
    std::int32_t preferred_replica = -1;

    bool diverges() const { return divergence.epoch >= 0; }
  };
  Finding Find(const FetchedPartition& part) const;

  // From now on, what happens to the partitions puts them in the queue.
  void Watch();
  void StopWatching();
  // A fetch that wants `min_bytes` need not wait.
  bool Satisfies(std::uint64_t min_bytes);
  // Watches, and runs `changed` each time that what Satisfies says may have changed; for one
  // `waiter` at a time, the last that came.
  void Await(const void* waiter, absl::AnyInvocable<void()> changed);
  void StopAwaiting(const void* waiter) {
    if (waiter_ == waiter) changed_ = nullptr;
  }

  // Empties the queue.
  std::vector<Part> TakeQueue();
  // A fetch has told of the partition. If there is `more`, it is in the queue again.
  void Settle(const Part& part, bool more);

 private:
  using Key = std::pair<std::string, std::int32_t>;  // the topic's name, or its id's bytes
  Key KeyOf(const NamedTopic& topic, std::int32_t index) const;
  const Topic* FindTopic(const FetchedPartition& part) const;
  void Look(const Part& part);
  void Count(FetchedPartition& part, std::uint64_t bytes, bool urgent);
  void Attach(const Part& part);
  void OnWoken(const Part& part);
  void Queue(const Part& part);

  const TopicCatalog& topics_;
  const bool by_id_;
  const Nodes* nodes_ = nullptr;  // null, or one: everything is read here
  Reader reader_;
  MayRead may_read_;
  bool stable_only_ = false;
  bool watching_ = false;
  absl::flat_hash_map<Key, Part> parts_;
  std::deque<Part> queue_;
  std::uint64_t bytes_ = 0;  // sums over all partitions
  std::size_t urgent_ = 0;
  const void* waiter_ = nullptr;
  std::shared_ptr<absl::AnyInvocable<void()>> changed_;  // shared: it may replace itself
};

}  // namespace wherry::kafka
