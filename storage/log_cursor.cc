#include "storage/log_cursor.h"

#include "absl/strings/str_cat.h"

namespace wherry::storage {

namespace {

// Smaller ones are read through a window of this size.
constexpr std::size_t kWindow = 16 * 1024;

}  // namespace

void LogCursor::Seek(std::int64_t offset) {
  Take(offset);
  Settle();
}

void LogCursor::Next() {
  if (current_->sealed) snapshot_.sealed->Next();
  Settle();
}

void LogCursor::Take(std::int64_t offset) {
  snapshot_ = take_(offset);
  next_entry_ = 0;
  if (snapshot_.sealed != nullptr) snapshot_.sealed->Seek(offset);
}

// Comes to rest at the first batch of either kind that is there.
void LogCursor::Settle() {
  current_.reset();
  status_ = absl::OkStatus();
  while (true) {
    std::optional<SealedBatch> sealed;
    if (snapshot_.sealed != nullptr && snapshot_.sealed->Valid()) {
      absl::StatusOr<SealedBatch> read = snapshot_.sealed->Read();
      if (!read.ok()) {
        status_ = read.status();
        return;
      }
      sealed = *read;
    } else if (snapshot_.sealed != nullptr) {
      status_ = snapshot_.sealed->status();
      if (!status_.ok()) return;
    }
    const std::vector<MemtableEntry>& entries = snapshot_.unsealed.entries;
    const MemtableEntry* const entry =
        next_entry_ < entries.size() ? &entries[next_entry_] : nullptr;
    const std::int64_t complete_to = snapshot_.unsealed.complete_to;
    if (entry == nullptr && complete_to < INT64_MAX &&
        (!sealed.has_value() || sealed->last_offset > complete_to)) {
      Take(complete_to + 1);
      continue;
    }
    if (entry == nullptr && !sealed.has_value()) return;
    if (entry == nullptr || (sealed.has_value() && sealed->last_offset < entry->last_offset)) {
      return UseSealed(*sealed);
    }
    if (sealed.has_value() && sealed->last_offset == entry->last_offset) {
      snapshot_.sealed->Next();
    }
    ++next_entry_;
    if (entry->batch.has_value()) return UseEntry(*entry);
  }
}

void LogCursor::UseEntry(const MemtableEntry& entry) {
  const JournaledBatch& batch = *entry.batch;
  current_ = Current{batch.base_offset, entry.last_offset, batch.max_timestamp, batch.crc,
                     batch.size,        entry.file,        batch.position,      {},
                     {},                false};
}

void LogCursor::UseSealed(const SealedBatch& batch) {
  const format::BatchValue& value = batch.value;
  current_ = Current{value.base_offset, batch.last_offset, value.max_timestamp, value.crc,
                     value.size(),      nullptr,           0,                   value.place,
                     value.bytes,       true};
}

absl::StatusOr<std::string> LogCursor::ReadFrom(const std::shared_ptr<JournalFile>& file,
                                                std::uint64_t position) {
  if (current_->size >= kWindow) {
    std::string bytes(current_->size, '\0');
    if (absl::Status status = file->Read(position, bytes.size(), bytes.data()); !status.ok()) {
      return status;
    }
    return bytes;
  }
  if (window_file_ != file) {
    window_file_ = file;
    window_.emplace(*file, kWindow);
  }
  const absl::StatusOr<std::string_view> bytes = window_->View(position, current_->size);
  if (!bytes.ok()) return bytes.status();
  return std::string(*bytes);
}

// A file that is not kept any more was given up, and the batch was copied out of it, after the
// snapshot was taken: another one knows where it is now.
absl::StatusOr<std::string> LogCursor::ReadPlace() {
  absl::StatusOr<std::shared_ptr<JournalFile>> file = sealed_.Journal(current_->place->journal);
  if (!absl::IsNotFound(file.status())) {
    if (!file.ok()) return file.status();
    return ReadFrom(*file, current_->place->position);
  }
  const std::int64_t last_offset = current_->last_offset;
  const std::uint64_t journal = current_->place->journal;
  Seek(last_offset);
  if (!status_.ok()) return status_;
  if (!current_.has_value() || current_->last_offset != last_offset) {
    return absl::NotFoundError(
        absl::StrCat("the batch of log ", log_, " that ended at offset ", last_offset, " is gone"));
  }
  if (current_->file != nullptr) return ReadFrom(current_->file, current_->position);
  if (!current_->place.has_value()) return std::string(current_->bytes);
  if (current_->place->journal != journal) return ReadPlace();
  return absl::DataLossError(std::string(file.status().message()));
}

absl::Status LogCursor::Damaged(const std::string& where) const {
  return absl::DataLossError(absl::StrCat("the batch of log ", log_, " that ends at offset ",
                                          current_->last_offset, ", ", where,
                                          ", does not match its checksum"));
}

absl::StatusOr<Batch> LogCursor::Get() {
  absl::StatusOr<std::string> bytes = current_->file != nullptr
                                          ? ReadFrom(current_->file, current_->position)
                                      : current_->place.has_value()
                                          ? ReadPlace()
                                          : absl::StatusOr<std::string>(current_->bytes);
  if (!bytes.ok()) return bytes.status();
  const std::uint32_t crc = journal::BatchChecksum(
      current_->base_offset, current_->last_offset, current_->max_timestamp, *bytes);
  if (crc != current_->crc) {
    const auto at = [](std::uint64_t number, std::uint64_t position) {
      return absl::StrCat("in the journal ", JournalFile::NameOf(number), " at byte ", position);
    };
    if (current_->file != nullptr) {
      return Damaged(at(current_->file->number(), current_->position));
    }
    if (!current_->place.has_value()) return Damaged("in a table");
    return Damaged(at(current_->place->journal, current_->place->position));
  }
  return Batch{current_->base_offset, current_->last_offset, current_->max_timestamp,
               std::make_shared<const std::string>(*std::move(bytes))};
}

}  // namespace wherry::storage
