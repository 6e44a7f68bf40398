// Record batches and their codecs: whatever a client sends as one, checking and opening it ends
// with records or an error, and never takes more memory than it may.
//
// Input: a byte that chooses. 0: bytes as a batch. 1: a header that adds up (length and counts) and
// then bytes as the records. 2: bytes as a codec's. 3: records made of the bytes are built into a
// batch, which must give them back.

#include <string>
#include <vector>

#include "broker/kafka/batch_rules.h"
#include "protocol/kafka/batch_rewrite.h"
#include "protocol/kafka/record_batch.h"
#include "protocol/wire/cursor.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::kafka {
namespace {

constexpr std::size_t kMaxOpened = 1 << 20;
constexpr int kCodecs = 5;

bool Within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// Does to it what a topic's configuration may ask for; what comes out is a batch.
void Rewrite(std::string_view batch) {
  const absl::StatusOr<std::string> plain = Recompress(batch, Codec::kNone, kMaxOpened);
  if (plain.ok()) FUZZ_CHECK(ForEachRecord(*plain, [](const Record&) { return true; }).ok());
  const auto some = FilterBatch(
      batch, [](const Record& record) { return record.offset % 2 == 0; }, 77, kMaxOpened);
  if (some.ok() && some->has_value()) {
    FUZZ_CHECK(DeleteHorizonOf(*ParseBatchHeader(**some)) == 77);
    FUZZ_CHECK(ForEachRecord(**some, [](const Record&) { return true; }).ok());
  }
  std::string bytes(batch);
  TopicSettings rules;
  rules.compact = rules.log_append_time = true;
  if (CheckBatch(bytes).fault != BatchFault::kNone) return;
  if (ApplyRules(rules, "t-0", 1'000'000, bytes).error != ErrorCode::kNone) return;
  FUZZ_CHECK(CheckBatch(bytes).fault == BatchFault::kNone);
}

// Opens it and looks at every byte that it gives.
void Open(std::string_view batch) {
  const std::optional<BatchHeader> header = ParseBatchHeader(batch);
  std::int64_t count = 0;
  std::size_t bytes = 0;
  const absl::Status status = ForEachRecord(
      batch,
      [&](const Record& record) {
        ++count;
        for (const auto& part : {record.key, record.value}) {
          if (!part.has_value()) continue;
          bytes += part->size();
          if (header->codec_bits() == 0) FUZZ_CHECK(Within(*part, batch));
        }
        for (const auto& [name, value] : record.headers) {
          bytes += name.size() + value.value_or("").size();
        }
        return true;
      },
      kMaxOpened);
  FUZZ_CHECK(bytes <= kMaxOpened || (header.has_value() && header->codec_bits() == 0));
  if (status.ok()) FUZZ_CHECK(header.has_value() && count == header->record_count);
  Rewrite(batch);
  const CheckedBatch checked = CheckBatch(batch);
  FUZZ_CHECK((checked.fault == BatchFault::kNone) == checked.message.empty());
  if (checked.fault != BatchFault::kNone) return;
  FUZZ_CHECK(header.has_value() && header->size() == batch.size());
  // What the broker writes into a batch lies outside its checksum.
  std::string patched(batch);
  SetBaseOffset(patched, 77);
  SetPartitionLeaderEpoch(patched, 5);
  FUZZ_CHECK(CheckBatch(patched).fault == BatchFault::kNone);
  FUZZ_CHECK(ParseBatchHeader(patched)->base_offset == 77);
}

// A batch whose header adds up, around records that need not.
std::string Framed(fuzz::Input& input) {
  const std::size_t codec = input.Below(kCodecs);
  const auto count = static_cast<std::int32_t>(input.Number(2));
  // A builder's own header: its records are thrown away.
  BatchBuilder builder;
  builder.Add(static_cast<std::int64_t>(input.Number(8)), std::nullopt, std::nullopt);
  std::string batch = builder.Build().substr(0, kBatchHeaderSize);
  batch.append(input.rest());
  const auto put = [&](std::size_t at, auto value) {
    std::string bytes;
    wire::Writer(bytes).Int(value);
    batch.replace(at, bytes.size(), bytes);
  };
  put(8, static_cast<std::int32_t>(batch.size() - 12));
  put(21, static_cast<std::int16_t>(codec));
  put(23, count - 1);
  put(57, count);
  return batch;
}

void Codecs(fuzz::Input& input) {
  const auto codec = static_cast<Codec>(input.Below(kCodecs + 1));
  const absl::StatusOr<std::string> opened = Decompress(codec, input.rest(), kMaxOpened);
  if (opened.ok()) FUZZ_CHECK(opened->size() <= kMaxOpened);
  if (static_cast<int>(codec) >= kCodecs) FUZZ_CHECK(!opened.ok());
  const absl::StatusOr<std::string> compressed = Compress(codec, input.rest());
  if (!compressed.ok()) return;
  const absl::StatusOr<std::string> back = Decompress(codec, *compressed, kMaxOpened);
  FUZZ_CHECK(back.ok() && *back == input.rest());
  if (input.rest().empty()) return;
  const auto small = Decompress(codec, *compressed, input.rest().size() - 1);
  FUZZ_CHECK(small.status().code() == absl::StatusCode::kResourceExhausted);
}

std::optional<std::string_view> TakeOptional(fuzz::Input& input) {
  const std::size_t size = input.Byte();
  if (size % 8 == 7) return std::nullopt;
  return input.Take(size / 2);
}

void BuildAndOpen(fuzz::Input& input) {
  BatchBuilder builder(static_cast<Codec>(input.Below(kCodecs)));
  std::vector<Record> records;
  while (!input.empty() && records.size() < 64) {
    Record record;
    record.offset = static_cast<std::int64_t>(records.size());
    record.timestamp = static_cast<std::int64_t>(input.Number(8));
    record.key = TakeOptional(input);
    record.value = TakeOptional(input);
    for (std::size_t headers = input.Below(4); headers > 0; --headers) {
      const std::string_view name = input.Take(input.Byte() / 4);
      record.headers.emplace_back(name, TakeOptional(input));
    }
    builder.Add(record.timestamp, record.key, record.value, record.headers);
    records.push_back(std::move(record));
  }
  if (records.empty()) return;
  const std::string batch = builder.Build();
  FUZZ_CHECK(CheckBatch(batch).fault == BatchFault::kNone);
  std::size_t at = 0;
  const absl::Status status = ForEachRecord(batch, [&](const Record& record) {
    FUZZ_CHECK(at < records.size());
    const Record& expected = records[at++];
    FUZZ_CHECK(record.offset == expected.offset && record.timestamp == expected.timestamp);
    FUZZ_CHECK(record.key == expected.key && record.value == expected.value);
    FUZZ_CHECK(record.headers == expected.headers);
    return true;
  });
  FUZZ_CHECK(status.ok() && at == records.size());
}

}  // namespace
}  // namespace wherry::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::kafka;  // NOLINT
  wherry::fuzz::Input input(data, size);
  switch (input.Below(4)) {
    case 0:
      Open(input.rest());
      break;
    case 1:
      Open(Framed(input));
      break;
    case 2:
      Codecs(input);
      break;
    case 3:
      BuildAndOpen(input);
      break;
  }
  return 0;
}
