#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/journal_format.h"

namespace wherry::storage {

// One file of the journal, to which records are appended, and whose batches are read in place.
// Threads: Append and Cut one at a time, beside any number of Read and Sync. Owned by all who still
// read from it, also after it was deleted.
//
// Errors: kResourceExhausted: the disk is full; kDataLoss: what is asked for is not there;
// kInternal: the kernel refused. The messages name the file.
class JournalFile {
 public:
  // A new one, whose name is on the disk when this returns.
  static absl::StatusOr<std::shared_ptr<JournalFile>> Create(const std::string& folder,
                                                             std::uint64_t number);
  // kDataLoss: its header is damaged, or it has another number; kFailedPrecondition: another
  // version of Wherry wrote it.
  static absl::StatusOr<std::shared_ptr<JournalFile>> Open(const std::string& folder,
                                                           std::uint64_t number);
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  static std::string NameOf(std::uint64_t number);
  // kDataLoss, by name.
  static absl::Status Missing(std::uint64_t number);
  // Who has it open reads on. What cannot be deleted now, an opening of the store will.
  static void Delete(const std::string& folder, std::uint64_t number);

  // Writes one record, to the kernel, and returns where its first batch's bytes begin. After an
  // error the file is as before, or it takes nothing more.
  absl::StatusOr<std::uint64_t> Append(std::uint64_t sequence, bool synced_before,
                                       std::string_view frames, const std::vector<Bytes>& batches);
  // All that was appended before the call. After an error nobody knows what the disk has: the file
  // takes nothing more.
  absl::Status Sync();
  // Takes away what lies behind `size` bytes, also from the disk.
  absl::Status Cut(std::uint64_t size);
  // Fills `to`. kDataLoss: the file ends before.
  absl::Status Read(std::uint64_t position, std::size_t size, char* to) const;

  std::uint64_t number() const { return number_; }
  std::uint64_t salt() const { return salt_; }
  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

 private:
  JournalFile(std::string path, int fd, const journal::FileHeader& header, std::uint64_t size)
      : path_(std::move(path)), fd_(fd), number_(header.number), salt_(header.salt), size_(size) {}

  const std::string path_;
  const int fd_;
  const std::uint64_t number_;
  const std::uint64_t salt_;
  std::atomic<std::uint64_t> size_;
  std::atomic<bool> broken_ = false;
};

// Reads a file through a window, for many small pieces that lie close together.
// Threads: one at a time. The file must outlive it.
class JournalReader {
 public:
  // `window`: bytes that are read at least.
  JournalReader(const JournalFile& file, std::size_t window) : file_(file), window_(window) {}

  // Good until the next call.
  absl::StatusOr<std::string_view> View(std::uint64_t position, std::size_t size);

 private:
  const JournalFile& file_;
  const std::size_t window_;
  std::uint64_t begin_ = 0;
  std::string buffer_;
};

// Makes the names in a folder durable.
absl::Status SyncFolder(const std::string& folder);

}  // namespace wherry::storage
