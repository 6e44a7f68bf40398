#include "broker/core/offset_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 1;

// Key and value on disk, or a little more.
constexpr std::size_t kFixedBytes = 64;

std::size_t SizeOf(std::string_view group, const OffsetStore::TopicPartition& partition,
                   const std::optional<CommittedOffset>& committed) {
  if (!committed.has_value()) return 0;
  return kFixedBytes + group.size() + partition.first.size() + committed->metadata.size();
}

}  // namespace

std::string EncodeOffset(const CommittedOffset& committed) {
  std::string out;
  PutBigEndian(out, kVersion);
  PutBigEndian(out, committed.offset);
  PutBigEndian(out, committed.leader_epoch);
  PutString(out, committed.metadata);
  PutBigEndian(out, committed.commit_timestamp);
  return out;
}

std::optional<CommittedOffset> DecodeOffset(std::string_view value) {
  StateReader reader{value};
  if (reader.Take<std::uint8_t>() != kVersion) return std::nullopt;
  CommittedOffset committed;
  committed.offset = reader.Take<std::int64_t>();
  committed.leader_epoch = reader.Take<std::int32_t>();
  committed.metadata = reader.TakeString();
  committed.commit_timestamp = reader.Take<std::int64_t>();
  if (!reader.Ended()) return std::nullopt;
  return committed;
}

OffsetStore::OffsetStore(const Namespace& name_space, CommitQueue& commits, std::size_t max_bytes)
    : key_prefix_(StateKey(name_space, "offsets/")),
      commits_(commits),
      max_bytes_(max_bytes),
      state_(std::make_shared<State>()) {}

absl::StatusOr<std::unique_ptr<OffsetStore>> OffsetStore::Open(const Namespace& name_space,
                                                               storage::LogStore& store,
                                                               CommitQueue& commits,
                                                               std::size_t max_bytes) {
  std::unique_ptr<OffsetStore> offsets(new OffsetStore(name_space, commits, max_bytes));
  if (absl::Status status = offsets->Load(store); !status.ok()) return status;
  return offsets;
}

absl::Status OffsetStore::Load(const storage::LogStore& store) {
  absl::Status damage;
  const absl::Status scanned =
      store.Scan(key_prefix_, [&](std::string_view key, std::string_view value) {
        StateReader reader{key.substr(key_prefix_.size())};
        const std::string group = reader.TakeString();
        const std::string topic = reader.TakeString();
        const auto partition = reader.Take<std::int32_t>();
        const std::optional<CommittedOffset> committed = DecodeOffset(value);
        if (!reader.Ended() || !committed.has_value()) {
          damage = absl::DataLossError("a committed offset of group '" + group +
                                       "' is damaged or of an unknown version");
          return false;
        }
        state_->groups[group][{topic, partition}].committed = committed;
        state_->bytes += SizeOf(group, {topic, partition}, committed);
        return true;
      });
  return scanned.ok() ? damage : scanned;
}

std::string OffsetStore::Key(const Change& change) const {
  std::string key = key_prefix_;
  PutString(key, change.group);
  PutString(key, change.partition.first);
  PutBigEndian(key, change.partition.second);
  return key;
}

void OffsetStore::Commit(std::string_view group, std::vector<Entry> entries,
                         CommitQueue::Done done) {
  std::vector<Change> changes;
  changes.reserve(entries.size());
  std::size_t bytes = state_->bytes;
  for (Entry& entry : entries) {
    const TopicPartition partition{entry.topic, entry.partition};
    bytes += SizeOf(group, partition, entry.committed);
    bytes -= SizeOf(group, partition, Fetch(group, entry.topic, entry.partition));
    changes.push_back({std::string(group),
                       {std::move(entry.topic), entry.partition},
                       std::move(entry.committed)});
  }
  if (bytes > max_bytes_) {
    // An empty commit, so that the answer comes in its turn.
    return commits_.Submit(
        {}, [done = std::move(done), max_bytes = max_bytes_](const absl::Status& status) mutable {
          done(!status.ok() ? status
                            : absl::ResourceExhaustedError(absl::StrCat(
                                  "committed offsets take more than ", max_bytes, " bytes")));
        });
  }
  Submit(std::move(changes), std::move(done));
}

CommitQueue::Done OffsetStore::StageCommit(std::string_view group, std::vector<Entry> entries,
                                           storage::CommitBatch& batch) {
  std::vector<Change> changes;
  changes.reserve(entries.size());
  for (Entry& entry : entries) {
    changes.push_back({std::string(group),
                       {std::move(entry.topic), entry.partition},
                       std::move(entry.committed)});
  }
  return Stage(std::move(changes), batch);
}

std::optional<CommittedOffset> OffsetStore::Fetch(std::string_view group, std::string_view topic,
                                                  std::int32_t partition) const {
  const auto slots = state_->groups.find(group);
  if (slots == state_->groups.end()) return std::nullopt;
  const auto slot = slots->second.find({std::string(topic), partition});
  return slot == slots->second.end() ? std::nullopt : slot->second.committed;
}

std::map<OffsetStore::TopicPartition, CommittedOffset> OffsetStore::FetchAll(
    std::string_view group) const {
  std::map<TopicPartition, CommittedOffset> all;
  const auto slots = state_->groups.find(group);
  if (slots == state_->groups.end()) return all;
  for (const auto& [partition, slot] : slots->second) {
    if (slot.committed.has_value()) all.emplace(partition, *slot.committed);
  }
  return all;
}

std::vector<std::string> OffsetStore::Groups() const {
  std::vector<std::string> names;
  for (const auto& [name, slots] : state_->groups) {
    if (Contains(name)) names.push_back(name);
  }
  return names;
}

bool OffsetStore::Contains(std::string_view group) const {
  const auto slots = state_->groups.find(group);
  if (slots == state_->groups.end()) return false;
  for (const auto& [partition, slot] : slots->second) {
    if (slot.committed.has_value()) return true;
  }
  return false;
}

void OffsetStore::DeleteGroup(std::string_view group, CommitQueue::Done done) {
  std::vector<Change> changes;
  const auto slots = state_->groups.find(group);
  if (slots != state_->groups.end()) {
    for (const auto& [partition, slot] : slots->second) {
      changes.push_back({std::string(group), partition, std::nullopt});
    }
  }
  Submit(std::move(changes), std::move(done));
}

void OffsetStore::DeleteOffsets(std::string_view group,
                                const std::vector<TopicPartition>& partitions,
                                CommitQueue::Done done) {
  std::vector<Change> changes;
  for (const TopicPartition& partition : partitions) {
    changes.push_back({std::string(group), partition, std::nullopt});
  }
  Submit(std::move(changes), std::move(done));
}

CommitQueue::Done OffsetStore::DeleteTopic(std::string_view topic, storage::CommitBatch& batch) {
  std::vector<Change> changes;
  for (const auto& [group, slots] : state_->groups) {
    for (auto slot = slots.lower_bound({std::string(topic), INT32_MIN});
         slot != slots.end() && slot->first.first == topic; ++slot) {
      changes.push_back({group, slot->first, std::nullopt});
    }
  }
  return Stage(std::move(changes), batch);
}

void OffsetStore::Submit(std::vector<Change> changes, CommitQueue::Done done) {
  storage::CommitBatch batch;
  CommitQueue::Done staged = Stage(std::move(changes), batch);
  commits_.Submit(std::move(batch), [staged = std::move(staged),
                                     done = std::move(done)](const absl::Status& status) mutable {
    staged(status);
    // A full disk is not what kResourceExhausted says here.
    done(absl::IsResourceExhausted(status) ? absl::UnavailableError(status.message()) : status);
  });
}

CommitQueue::Done OffsetStore::Stage(std::vector<Change> changes, storage::CommitBatch& batch) {
  for (const Change& change : changes) {
    ++state_->groups[change.group][change.partition].under_way;
    if (change.committed.has_value()) {
      batch.Put(Key(change), EncodeOffset(*change.committed));
    } else {
      batch.Delete(Key(change));
    }
  }
  return [state = state_, changes = std::move(changes)](const absl::Status& status) mutable {
    Apply(*state, std::move(changes), status.ok());
  };
}

void OffsetStore::Apply(State& state, std::vector<Change> changes, bool committed) {
  for (Change& change : changes) {
    const auto slots = state.groups.find(change.group);
    const auto slot = slots->second.find(change.partition);
    --slot->second.under_way;
    if (committed) {
      state.bytes -= SizeOf(change.group, change.partition, slot->second.committed);
      state.bytes += SizeOf(change.group, change.partition, change.committed);
      slot->second.committed = std::move(change.committed);
    }
    if (slot->second.committed.has_value() || slot->second.under_way > 0) continue;
    slots->second.erase(slot);
    if (slots->second.empty()) state.groups.erase(slots);
  }
}

}  // namespace wherry::core
