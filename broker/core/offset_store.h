#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"
#include "storage/log_store.h"

namespace wherry::core {

// How far a group has come in one partition.
struct CommittedOffset {
  std::int64_t offset = -1;        // of the next record to read
  std::int32_t leader_epoch = -1;  // of the last record read; -1: the client does not know
  std::string metadata;
  std::int64_t commit_timestamp = -1;  // milliseconds since the epoch

  bool operator==(const CommittedOffset&) const = default;
};

// As the value of a key in the store's state.
std::string EncodeOffset(const CommittedOffset& committed);
// nullopt: damaged, or of an unknown version.
std::optional<CommittedOffset> DecodeOffset(std::string_view value);

// The committed offsets of one namespace's consumer groups, by group, topic and partition. Seen by
// Fetch only once committed; a commit that fails leaves the older offset in place.
//
// What clients can make it keep is bounded by max_bytes: keys and values, as they lie on disk.
//
// On disk, one key for each (integers big-endian, strings behind their size in be32):
//   key    be16 size of the namespace's name, the name, "offsets/", group, topic, be32 partition
//   value  u8 version (1), be64 offset, be32 leader epoch, metadata, be64 commit timestamp
//
// Threads: the home shard only. Owned by the protocol's state of a namespace.
class OffsetStore {
 public:
  using TopicPartition = std::pair<std::string, std::int32_t>;
  struct Entry {
    std::string topic;
    std::int32_t partition = 0;
    CommittedOffset committed;
  };

  static constexpr std::size_t kMaxBytes = 256 << 20;

  // Loads what `store` holds for the namespace; what `commits` commits must end up in `store`.
  // kDataLoss: a key or value there cannot be read.
  static absl::StatusOr<std::unique_ptr<OffsetStore>> Open(const Namespace& name_space,
                                                           storage::LogStore& store,
                                                           CommitQueue& commits,
                                                           std::size_t max_bytes = kMaxBytes);
  OffsetStore(const OffsetStore&) = delete;
  OffsetStore& operator=(const OffsetStore&) = delete;

  // All entries or none. `done` runs as a later task on the home shard, also when this is gone.
  // kResourceExhausted: more than max_bytes in all groups.
  void Commit(std::string_view group, std::vector<Entry> entries, CommitQueue::Done done);

  // Commits with what else `batch` holds, whatever max_bytes says. The caller submits the batch
  // now, and runs what is returned with the outcome.
  [[nodiscard]] CommitQueue::Done StageCommit(std::string_view group, std::vector<Entry> entries,
                                              storage::CommitBatch& batch);

  std::optional<CommittedOffset> Fetch(std::string_view group, std::string_view topic,
                                       std::int32_t partition) const;
  std::map<TopicPartition, CommittedOffset> FetchAll(std::string_view group) const;

  // Groups with at least one committed offset.
  std::vector<std::string> Groups() const;
  bool Contains(std::string_view group) const;

  // These also take back what was submitted before and is not committed yet.
  void DeleteGroup(std::string_view group, CommitQueue::Done done);
  void DeleteOffsets(std::string_view group, const std::vector<TopicPartition>& partitions,
                     CommitQueue::Done done);
  // In every group: adds to `batch`, which deletes the topic, what goes with it. The caller submits
  // the batch now, and runs what is returned with the outcome.
  [[nodiscard]] CommitQueue::Done DeleteTopic(std::string_view topic, storage::CommitBatch& batch);

 private:
  // An offset that is known, or on its way: deleting must find both.
  struct Slot {
    std::optional<CommittedOffset> committed;
    int under_way = 0;  // changes submitted and not yet done
  };
  using Slots = std::map<TopicPartition, Slot>;
  struct State {
    std::map<std::string, Slots, std::less<>> groups;
    std::size_t bytes = 0;  // of what is committed
  };
  struct Change {
    std::string group;
    TopicPartition partition;
    std::optional<CommittedOffset> committed;  // nullopt: deleted
  };

  OffsetStore(const Namespace& name_space, CommitQueue& commits, std::size_t max_bytes);
  absl::Status Load(const storage::LogStore& store);
  std::string Key(const Change& change) const;
  void Submit(std::vector<Change> changes, CommitQueue::Done done);
  CommitQueue::Done Stage(std::vector<Change> changes, storage::CommitBatch& batch);
  static void Apply(State& state, std::vector<Change> changes, bool committed);

  const std::string key_prefix_;
  CommitQueue& commits_;
  const std::size_t max_bytes_;
  std::shared_ptr<State> state_;  // shared with what is under way in the commit queue
};

}  // namespace wherry::core
