#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"
#include "broker/core/offset_store.h"
#include "storage/log_store.h"

namespace wherry::core {

// The offsets that producers have committed within transactions which have not ended (KIP-98): kept
// beside the OffsetStore, nobody's position until their transaction is committed.
//
// On disk, one key for each (integers big-endian, strings behind their size in be32):
//   key    be16 size of the namespace's name, the name, "pending-offsets/", be64 producer id,
//          group, topic, be32 partition
//   value  as a committed offset's
//
// Threads: the home shard only. Owned by the protocol's state of a namespace; `offsets` must
// outlive it.
class PendingOffsets {
 public:
  // What clients can make it keep: keys and values, as they lie on disk.
  static constexpr std::size_t kMaxBytes = 64 << 20;

  static absl::StatusOr<std::unique_ptr<PendingOffsets>> Open(const Namespace& name_space,
                                                              storage::LogStore& store,
                                                              CommitQueue& commits,
                                                              OffsetStore& offsets,
                                                              std::size_t max_bytes = kMaxBytes);
  PendingOffsets(const PendingOffsets&) = delete;
  PendingOffsets& operator=(const PendingOffsets&) = delete;

  // All entries or none. `done` runs as a later task on the home shard, also when this is gone.
  // kResourceExhausted: more than max_bytes of all producers.
  void Commit(std::int64_t producer_id, std::string_view group,
              std::vector<OffsetStore::Entry> entries, CommitQueue::Done done);

  // Whether a transaction that has not ended may move the group's offset there.
  bool Contains(std::string_view group, std::string_view topic, std::int32_t partition) const;

  // Ends the producer's transaction: what it had pending becomes committed, or is dropped. Adds to
  // `batch`; the caller submits it now, and runs what is returned with the outcome.
  [[nodiscard]] CommitQueue::Done End(std::int64_t producer_id, bool commit,
                                      storage::CommitBatch& batch);
  // The same of all that a deleted topic, or group, had pending.
  [[nodiscard]] CommitQueue::Done DeleteTopic(std::string_view topic, storage::CommitBatch& batch);
  [[nodiscard]] CommitQueue::Done DeleteGroup(std::string_view group, storage::CommitBatch& batch);

 private:
  struct Place {
    std::string group;
    std::string topic;
    std::int32_t partition = 0;
    auto operator<=>(const Place&) const = default;
  };
  struct Slot {
    CommittedOffset latest;               // submitted last
    std::optional<CommittedOffset> kept;  // committed last
    int under_way = 0;                    // changes submitted and not yet done
  };
  using Slots = std::map<Place, Slot>;
  struct State {
    std::map<std::int64_t, Slots> producers;
    std::map<Place, int> pending;  // by how many producers
    std::size_t bytes = 0;
  };

  PendingOffsets(const Namespace& name_space, CommitQueue& commits, OffsetStore& offsets,
                 std::size_t max_bytes);
  absl::Status Load(const storage::LogStore& store);
  std::string Key(std::int64_t producer_id, const Place& place) const;
  static std::size_t SizeOf(const Place& place, const CommittedOffset& committed);
  static Slot& Add(State& state, std::int64_t producer_id, const Place& place,
                   CommittedOffset committed);
  static void Erase(State& state, std::int64_t producer_id, const Place& place);
  template <typename Wanted>
  CommitQueue::Done EraseIf(Wanted wanted, storage::CommitBatch& batch);

  const std::string key_prefix_;
  CommitQueue& commits_;
  OffsetStore& offsets_;
  const std::size_t max_bytes_;
  std::shared_ptr<State> state_;  // shared with what is under way in the commit queue
};

}  // namespace wherry::core
