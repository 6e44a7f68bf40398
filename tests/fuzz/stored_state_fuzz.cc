// What a data directory holds, read back: any bytes under any key are taken or called damage, by
// name, and never read past. What is taken is written again as the same bytes.
//
// Input: a byte that chooses: the keys and values of the tables; a consumer group; the idempotent
// producers of a partition; a whole state, key by key, out of which a cluster opens; or a record of
// the journal.

#include <memory>
#include <string>

#include "broker/core/group_record.h"
#include "broker/core/producer_table.h"
#include "broker/kafka/cluster.h"
#include "storage/journal_format.h"
#include "storage/memory_log_store.h"
#include "storage/rocksdb_format.h"
#include "tests/fuzz/fuzz.h"

namespace wherry {
namespace {

void Formats(fuzz::Input& input) {
  namespace format = storage::format;
  const std::string_view key = input.Take(input.Below(20));
  const std::string_view value = input.rest();
  if (const auto number = format::FromBe32(key)) FUZZ_CHECK(format::Be32(*number) == key);
  if (const auto number = format::FromBe64(key)) FUZZ_CHECK(format::Be64(*number) == key);
  if (const auto record = format::ReadLogValue(value)) {
    FUZZ_CHECK(format::LogValue(*record) == value);
  }
  const auto name = format::ReadBatchKey(key);
  FUZZ_CHECK(name.has_value() == (key.size() == 16));
  if (name.has_value()) FUZZ_CHECK(format::BatchKey(name->log, name->last_offset) == key);

  if (const auto sealed = format::ReadSealedValue(key)) {
    FUZZ_CHECK(format::SealedValue(*sealed) == key);
  }
  if (const auto kept = format::ReadKeptValue(value)) FUZZ_CHECK(format::KeptValue(*kept) == value);
  if (const auto batch = format::ReadBatchValue(value)) {
    FUZZ_CHECK(format::BatchHeader(*batch).append(batch->bytes) == value);
  }
}

void Journal(fuzz::Input& input) {
  namespace journal = storage::journal;
  const std::string_view bytes = input.rest();
  if (const auto frames = journal::DecodeFrames(bytes)) {
    FUZZ_CHECK(journal::Encode(*frames) == bytes);
  }
  int version = 0;
  if (const auto header = journal::DecodeFileHeader(bytes, version)) {
    FUZZ_CHECK(journal::Encode(*header) == bytes.substr(0, journal::kFileHeaderSize));
  }
  constexpr std::uint64_t kSalt = 7;
  FUZZ_CHECK(!journal::DecodeRecordHeader(bytes, kSalt).has_value() ||
             bytes.size() >= journal::kRecordHeaderSize);
}

void Group(std::string_view bytes) {
  const auto record = core::GroupRecord::Decode(bytes);
  if (!record.ok()) {
    FUZZ_CHECK(record.status().code() == absl::StatusCode::kDataLoss);
    return;
  }
  // A group of the version before is written again as one of this.
  constexpr char kOldVersion = 1;
  FUZZ_CHECK(bytes[0] == kOldVersion || record->Encode() == bytes);
}

void Producers(std::string_view bytes) {
  auto decoded = core::ProducerTable::Decode(bytes);
  if (!decoded.ok()) {
    FUZZ_CHECK(decoded.status().code() == absl::StatusCode::kDataLoss);
    return;
  }
  // A table of the version before is written again as one of this.
  constexpr char kOldVersion = 1;
  FUZZ_CHECK(bytes[0] == kOldVersion || decoded->table.Encode(decoded->end_offset) == bytes);
  // It can be gone on with.
  const core::ProducerStamp stamp{
      .producer_id = 1, .epoch = 0, .first_sequence = 0, .last_sequence = 0};
  decoded->table.Check(stamp);
  decoded->table.Revert(decoded->table.Record(stamp, 0));
  FUZZ_CHECK(core::ProducerTable::Decode(decoded->table.Encode(1)).ok());
}

void Cluster(fuzz::Input& input) {
  static runtime::RealClock clock;
  constexpr std::string_view kKinds[] = {"topics/",       "offsets/",         "groups/",
                                         "transactions/", "pending-offsets/", "cluster-id",
                                         "producer-ids"};
  constexpr std::size_t kNamed = 5;  // those whose keys go on
  const core::Namespace home{"default"};
  storage::MemoryLogStore store;
  for (int log = 0; log < 3; ++log) FUZZ_CHECK(store.CreateLog(0).ok());
  storage::CommitBatch state;
  while (!input.empty()) {
    // Partition::SnapshotKey has one byte in front that names no namespace.
    const std::size_t kind = input.Below(std::size(kKinds) + 1);
    std::string key = kind < std::size(kKinds) ? core::StateKey(home, kKinds[kind])
                                               : core::Partition::SnapshotKey(1 + input.Below(3));
    const std::size_t key_size = input.Byte();
    const std::size_t value_size = input.Byte();
    if (kind < kNamed) key.append(input.Take(key_size));
    state.Put(std::move(key), std::string(input.Take(value_size)));
  }
  FUZZ_CHECK(store.Commit(state, storage::Durability::kKernel).ok());

  // The shard never starts: opening needs none.
  runtime::Shard shard(0, clock, 1);
  core::CommitQueue commits(store, core::SyncPolicy::kCommit, shard);
  core::BackgroundThread reader;
  core::MemoryBudget budget(store, 0);
  core::TailCache tails;
  {
    const auto cluster =
        kafka::Cluster::Open(home, {}, {store, commits, reader, budget, tails, shard, nullptr});
    FUZZ_CHECK(cluster.ok() || cluster.status().code() == absl::StatusCode::kDataLoss ||
               cluster.status().code() == absl::StatusCode::kNotFound);
  }
  commits.Stop();
}

}  // namespace
}  // namespace wherry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wherry::fuzz::Input input(data, size);
  switch (input.Below(5)) {
    case 0:
      wherry::Formats(input);
      break;
    case 1:
      wherry::Group(input.rest());
      break;
    case 2:
      wherry::Producers(input.rest());
      break;
    case 3:
      wherry::Cluster(input);
      break;
    case 4:
      wherry::Journal(input);
      break;
  }
  return 0;
}
