#include "broker/core/pending_offsets.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

// Key and value on disk, or a little more.
constexpr std::size_t kFixedBytes = 96;

}  // namespace

PendingOffsets::PendingOffsets(const Namespace& name_space, CommitQueue& commits,
                               OffsetStore& offsets, std::size_t max_bytes)
    : key_prefix_(StateKey(name_space, "pending-offsets/")),
      commits_(commits),
      offsets_(offsets),
      max_bytes_(max_bytes),
      state_(std::make_shared<State>()) {}

absl::StatusOr<std::unique_ptr<PendingOffsets>> PendingOffsets::Open(const Namespace& name_space,
                                                                     storage::LogStore& store,
                                                                     CommitQueue& commits,
                                                                     OffsetStore& offsets,
                                                                     std::size_t max_bytes) {
  std::unique_ptr<PendingOffsets> pending(
      new PendingOffsets(name_space, commits, offsets, max_bytes));
  if (absl::Status status = pending->Load(store); !status.ok()) return status;
  return pending;
}

absl::Status PendingOffsets::Load(const storage::LogStore& store) {
  absl::Status damage;
  const absl::Status scanned =
      store.Scan(key_prefix_, [&](std::string_view key, std::string_view value) {
        StateReader reader{key.substr(key_prefix_.size())};
        const auto producer_id = reader.Take<std::int64_t>();
        Place place;
        place.group = reader.TakeString();
        place.topic = reader.TakeString();
        place.partition = reader.Take<std::int32_t>();
        const std::optional<CommittedOffset> committed = DecodeOffset(value);
        if (!reader.Ended() || !committed.has_value()) {
          damage = absl::DataLossError(absl::StrCat("an offset that producer ", producer_id,
                                                    " committed in a transaction is damaged or of "
                                                    "an unknown version"));
          return false;
        }
        Add(*state_, producer_id, place, *committed).kept = committed;
        return true;
      });
  return scanned.ok() ? damage : scanned;
}

std::string PendingOffsets::Key(std::int64_t producer_id, const Place& place) const {
  std::string key = key_prefix_;
  PutBigEndian(key, producer_id);
  PutString(key, place.group);
  PutString(key, place.topic);
  PutBigEndian(key, place.partition);
  return key;
}

std::size_t PendingOffsets::SizeOf(const Place& place, const CommittedOffset& committed) {
  return kFixedBytes + place.group.size() + place.topic.size() + committed.metadata.size();
}

PendingOffsets::Slot& PendingOffsets::Add(State& state, std::int64_t producer_id,
                                          const Place& place, CommittedOffset committed) {
  const auto [slot, added] = state.producers[producer_id].try_emplace(place);
  if (added) {
    ++state.pending[place];
  } else {
    state.bytes -= SizeOf(place, slot->second.latest);
  }
  state.bytes += SizeOf(place, committed);
  slot->second.latest = std::move(committed);
  return slot->second;
}

void PendingOffsets::Erase(State& state, std::int64_t producer_id, const Place& place) {
  const auto slots = state.producers.find(producer_id);
  if (slots == state.producers.end()) return;
  const auto slot = slots->second.find(place);
  if (slot == slots->second.end()) return;
  state.bytes -= SizeOf(place, slot->second.latest);
  const auto pending = state.pending.find(place);
  if (--pending->second == 0) state.pending.erase(pending);
  slots->second.erase(slot);
  if (slots->second.empty()) state.producers.erase(slots);
}

void PendingOffsets::Commit(std::int64_t producer_id, std::string_view group,
                            std::vector<OffsetStore::Entry> entries, CommitQueue::Done done) {
  std::size_t bytes = state_->bytes;
  for (const OffsetStore::Entry& entry : entries) {
    bytes += SizeOf({std::string(group), entry.topic, entry.partition}, entry.committed);
  }
  if (bytes > max_bytes_) {
    // An empty commit, so that the answer comes in its turn.
    return commits_.Submit(
        {}, [done = std::move(done), max_bytes = max_bytes_](const absl::Status& status) mutable {
          done(!status.ok() ? status
                            : absl::ResourceExhaustedError(absl::StrCat(
                                  "offsets in transactions take more than ", max_bytes, " bytes")));
        });
  }
  std::vector<std::pair<Place, CommittedOffset>> changes;
  storage::CommitBatch batch;
  for (OffsetStore::Entry& entry : entries) {
    Place place{std::string(group), std::move(entry.topic), entry.partition};
    batch.Put(Key(producer_id, place), EncodeOffset(entry.committed));
    ++Add(*state_, producer_id, place, entry.committed).under_way;
    changes.emplace_back(std::move(place), std::move(entry.committed));
  }
  commits_.Submit(std::move(batch), [state = state_, producer_id, changes = std::move(changes),
                                     done = std::move(done)](const absl::Status& status) mutable {
    for (auto& [place, committed] : changes) {
      Slots& slots = state->producers[producer_id];
      const auto slot = slots.find(place);
      if (slot == slots.end()) continue;  // its transaction has ended meanwhile
      if (status.ok()) slot->second.kept = std::move(committed);
      if (--slot->second.under_way > 0 || status.ok()) continue;
      const std::optional<CommittedOffset> kept = slot->second.kept;
      if (kept.has_value()) Add(*state, producer_id, place, *kept);
      if (!kept.has_value()) Erase(*state, producer_id, place);
    }
    const auto slots = state->producers.find(producer_id);
    if (slots != state->producers.end() && slots->second.empty()) state->producers.erase(slots);
    // A full disk is not what kResourceExhausted says here.
    done(absl::IsResourceExhausted(status) ? absl::UnavailableError(status.message()) : status);
  });
}

bool PendingOffsets::Contains(std::string_view group, std::string_view topic,
                              std::int32_t partition) const {
  if (state_->pending.empty()) return false;
  return state_->pending.contains({std::string(group), std::string(topic), partition});
}

CommitQueue::Done PendingOffsets::End(std::int64_t producer_id, bool commit,
                                      storage::CommitBatch& batch) {
  const auto slots = state_->producers.find(producer_id);
  if (slots == state_->producers.end()) return [](const absl::Status&) {};
  std::vector<Place> places;
  std::map<std::string, std::vector<OffsetStore::Entry>> by_group;
  for (const auto& [place, slot] : slots->second) {
    batch.Delete(Key(producer_id, place));
    by_group[place.group].push_back({place.topic, place.partition, slot.latest});
    places.push_back(place);
  }
  std::vector<CommitQueue::Done> staged;
  for (auto& [group, entries] : by_group) {
    if (commit) staged.push_back(offsets_.StageCommit(group, std::move(entries), batch));
  }
  return [state = state_, producer_id, places = std::move(places),
          staged = std::move(staged)](const absl::Status& status) mutable {
    for (CommitQueue::Done& done : staged) done(status);
    if (!status.ok()) return;
    for (const Place& place : places) Erase(*state, producer_id, place);
  };
}

template <typename Wanted>
CommitQueue::Done PendingOffsets::EraseIf(Wanted wanted, storage::CommitBatch& batch) {
  struct Erased {
    std::int64_t producer_id;
    Place place;
    CommittedOffset committed;
  };
  std::vector<Erased> all;
  for (const auto& [producer_id, slots] : state_->producers) {
    for (const auto& [place, slot] : slots) {
      if (!wanted(place)) continue;
      batch.Delete(Key(producer_id, place));
      all.push_back({producer_id, place, slot.latest});
    }
  }
  // At once: a transaction that ends meanwhile must not bring them back.
  for (const Erased& one : all) Erase(*state_, one.producer_id, one.place);
  return [state = state_, all = std::move(all)](const absl::Status& status) mutable {
    if (status.ok()) return;
    for (Erased& one : all) {
      Slot& slot = Add(*state, one.producer_id, one.place, one.committed);
      slot.kept = std::move(one.committed);
    }
  };
}

CommitQueue::Done PendingOffsets::DeleteTopic(std::string_view topic,
                                              storage::CommitBatch& batch) {
  return EraseIf([topic](const Place& place) { return place.topic == topic; }, batch);
}

CommitQueue::Done PendingOffsets::DeleteGroup(std::string_view group,
                                              storage::CommitBatch& batch) {
  return EraseIf([group](const Place& place) { return place.group == group; }, batch);
}

}  // namespace wherry::core
