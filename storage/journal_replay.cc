#include "storage/journal_replay.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/big_endian.h"
#include "storage/crc32c.h"
#include "storage/torn_file.h"

namespace wherry::storage {

namespace {

constexpr std::size_t kWindow = 1 << 20;
// How far the numbers of records behind a damaged one may have come: any that a file can hold.
constexpr std::uint64_t kMaxAhead = std::uint64_t{1} << 32;

struct Record {
  journal::RecordHeader header;
  journal::Frames frames;
  std::uint64_t position = 0;  // of the first batch's bytes
};

// Walks one file.
class Walk {
 public:
  explicit Walk(const JournalFile& file) : file_(file), reader_(file, kWindow) {}

  std::uint64_t position() const { return position_; }
  bool finished() const { return position_ == file_.size(); }

  // The record here, if it is whole, and the next one is as its number says. An error: it cannot be
  // read at all. Good until the next call.
  absl::StatusOr<std::optional<Record>> Next(std::uint64_t sequence) {
    const std::uint64_t left = file_.size() - position_;
    if (left < journal::kRecordHeaderSize) return std::nullopt;
    const auto head = reader_.View(position_, journal::kRecordHeaderSize);
    if (!head.ok()) return head.status();
    const auto header = journal::DecodeRecordHeader(*head, file_.salt());
    if (!header.has_value() || header->sequence != sequence || header->bytes_size > left ||
        header->size() > left) {
      return std::nullopt;
    }
    const auto all = reader_.View(position_, header->size());
    if (!all.ok()) return all.status();
    const std::string_view frames =
        all->substr(journal::kRecordHeaderSize, header->frames_size);
    if (Crc32c(frames) != header->frames_crc) return std::nullopt;
    auto decoded = journal::DecodeFrames(frames);
    const std::uint64_t before_bytes = journal::kRecordHeaderSize + header->frames_size;
    if (!decoded.has_value() || !AreWhole(*decoded, all->substr(before_bytes))) {
      return std::nullopt;
    }
    Record record{*header, *std::move(decoded), position_ + before_bytes};
    position_ += header->size();
    return record;
  }

  // Whether a record begins anywhere behind this place: then the one here is no torn end.
  absl::StatusOr<bool> IsFollowed(std::uint64_t sequence) {
    for (std::uint64_t at = position_ + 1; at + journal::kRecordHeaderSize <= file_.size(); ++at) {
      const auto bytes = reader_.View(at, journal::kRecordHeaderSize);
      if (!bytes.ok()) return bytes.status();
      const auto ahead = BigEndian<std::uint64_t>(*bytes) - sequence;
      if (ahead == 0 || ahead > kMaxAhead) continue;
      if (journal::DecodeRecordHeader(*bytes, file_.salt()).has_value()) return true;
    }
    return false;
  }

  // Whether the record here was not written to its end: the file ends inside it, or in sectors that
  // were lost.
  absl::StatusOr<bool> IsTorn() {
    const std::uint64_t left = file_.size() - position_;
    if (left < journal::kRecordHeaderSize) return true;
    const auto head = reader_.View(position_, journal::kRecordHeaderSize);
    if (!head.ok()) return head.status();
    const auto header = journal::DecodeRecordHeader(*head, file_.salt());
    if (header.has_value() && header->size() > left) return true;
    const std::uint64_t begin = std::max<std::uint64_t>(
        position_, file_.size() - std::min<std::uint64_t>(file_.size(), kWindow));
    const auto end = reader_.View(begin, file_.size() - begin);
    if (!end.ok()) return end.status();
    return MayHaveLostSectors(*end, begin);
  }

 private:
  static bool AreWhole(const journal::Frames& frames, std::string_view bytes) {
    for (const journal::Frame& frame : frames) {
      const journal::BatchFrame* const batch = journal::BatchOf(frame);
      if (batch == nullptr) continue;
      if (batch->size > bytes.size()) return false;
      if (journal::BatchChecksum(batch->base_offset, batch->last_offset, batch->max_timestamp,
                                 bytes.substr(0, batch->size)) != batch->crc) {
        return false;
      }
      bytes.remove_prefix(batch->size);
    }
    return bytes.empty();
  }

  const JournalFile& file_;
  JournalReader reader_;
  std::uint64_t position_ = journal::kFileHeaderSize;
};

absl::Status DamagedAt(const JournalFile& file, std::uint64_t position) {
  return absl::DataLossError(absl::StrCat("the journal ", JournalFile::NameOf(file.number()),
                                          " is damaged at byte ", position));
}

// Whether a file behind the one that ends badly has a record that counted on it: one that was
// written when all before it was on the disk. Without such a one, all of them were lost together.
absl::StatusOr<bool> CountsOnEarlier(const JournalFile& file) {
  JournalReader reader(file, kWindow);
  std::uint64_t at = journal::kFileHeaderSize;
  while (at + journal::kRecordHeaderSize <= file.size()) {
    const auto bytes = reader.View(at, journal::kRecordHeaderSize);
    if (!bytes.ok()) return bytes.status();
    const auto header = journal::DecodeRecordHeader(*bytes, file.salt());
    // Past what cannot be read nobody can tell.
    if (!header.has_value()) return false;
    if (header->synced_before) return true;
    if (header->size() > file.size() - at) return false;
    at += header->size();
  }
  return false;
}

// Of the file at `index` the walk has come to something that is no record.
absl::Status MendEnd(const std::vector<std::shared_ptr<JournalFile>>& files, std::size_t index,
                     Walk& walk, std::uint64_t sequence) {
  JournalFile& file = *files[index];
  const std::uint64_t position = walk.position();
  absl::StatusOr<bool> damaged = walk.IsFollowed(sequence);
  const bool is_last = std::all_of(files.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                                   files.end(), [](const auto& later) {
                                     return later->size() == journal::kFileHeaderSize;
                                   });
  if (damaged.ok() && !*damaged && !is_last) {
    const absl::StatusOr<bool> torn = walk.IsTorn();
    if (!torn.ok()) return torn.status();
    damaged = !*torn;
  }
  for (std::size_t later = index + 1; later < files.size() && damaged.ok() && !*damaged; ++later) {
    damaged = CountsOnEarlier(*files[later]);
  }
  if (!damaged.ok()) return damaged.status();
  if (*damaged) return DamagedAt(file, position);
  // The last one first: what is left must never have a hole.
  for (std::size_t later = files.size() - 1; later > index; --later) {
    if (absl::Status status = files[later]->Cut(journal::kFileHeaderSize); !status.ok()) {
      return status;
    }
  }
  return file.Cut(position);
}

}  // namespace

absl::Status ReplayJournal(
    const std::vector<std::shared_ptr<JournalFile>>& files, std::uint64_t sequence,
    const std::function<void(const std::shared_ptr<JournalFile>& file,
                             const journal::Frames& frames, std::uint64_t position)>& visit) {
  for (std::size_t index = 0; index < files.size(); ++index) {
    Walk walk(*files[index]);
    while (!walk.finished()) {
      const absl::StatusOr<std::optional<Record>> record = walk.Next(sequence);
      if (!record.ok()) return record.status();
      if (!record->has_value()) {
        if (absl::Status status = MendEnd(files, index, walk, sequence); !status.ok()) {
          return status;
        }
        break;
      }
      visit(files[index], (*record)->frames, (*record)->position);
      ++sequence;
    }
  }
  return absl::OkStatus();
}

}  // namespace wherry::storage
