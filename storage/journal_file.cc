#include "storage/journal_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/crc32c.h"
#include "storage/torn_file.h"

namespace wherry::storage {

namespace {

absl::Status Failed(const char* doing, const std::string& path) {
  const int error = errno;
  std::string text = absl::StrCat(doing, " ", path, " failed: ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT) {
    return absl::ResourceExhaustedError(absl::StrCat(text, "; free space on the disk"));
  }
  return absl::InternalError(text);
}

std::uint64_t RandomSalt() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

// Also where the kernel takes only a part at a time.
bool WriteAll(int fd, std::vector<iovec> parts, std::uint64_t position) {
  for (std::size_t first = 0; first < parts.size();) {
    const int count = static_cast<int>(std::min<std::size_t>(parts.size() - first, IOV_MAX));
    const ssize_t written = ::pwritev(fd, &parts[first], count, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    position += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (first < parts.size() && left >= parts[first].iov_len) left -= parts[first++].iov_len;
    if (first == parts.size()) break;
    parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + left;
    parts[first].iov_len -= left;
  }
  return true;
}

absl::Status EndsAt(const JournalFile& file, std::uint64_t position) {
  return absl::DataLossError(absl::StrCat("the journal ", JournalFile::NameOf(file.number()),
                                          " ends at byte ", position,
                                          ", before what should be there"));
}

iovec PartOf(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

absl::Status SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  absl::Status status = synced ? absl::OkStatus() : Failed("syncing the folder", folder);
  if (fd >= 0) ::close(fd);
  return status;
}

std::string JournalFile::NameOf(std::uint64_t number) {
  std::string digits = absl::StrCat(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return digits + ".journal";
}

absl::Status JournalFile::Missing(std::uint64_t number) {
  return absl::DataLossError(absl::StrCat("the journal ", NameOf(number), " is missing"));
}

void JournalFile::Delete(const std::string& folder, std::uint64_t number) {
  static_cast<void>(::unlink(absl::StrCat(folder, "/", NameOf(number)).c_str()));
}

// By another name until its header is whole, so that no file of that name is without one.
absl::StatusOr<std::shared_ptr<JournalFile>> JournalFile::Create(const std::string& folder,
                                                                 std::uint64_t number) {
  const std::string path = absl::StrCat(folder, "/", NameOf(number));
  const std::string unnamed = path + ".new";
  const int fd = ::open(unnamed.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("creating", unnamed);
  const journal::FileHeader header{number, RandomSalt()};
  const std::string bytes = journal::Encode(header);
  std::shared_ptr<JournalFile> file(new JournalFile(path, fd, header, bytes.size()));
  if (!WriteAll(fd, {PartOf(bytes)}, 0) || ::fdatasync(fd) != 0) {
    absl::Status status = Failed("writing", unnamed);
    ::unlink(unnamed.c_str());
    return status;
  }
  if (::rename(unnamed.c_str(), path.c_str()) != 0) return Failed("renaming", unnamed);
  if (absl::Status status = SyncFolder(folder); !status.ok()) return status;
  return file;
}

absl::StatusOr<std::shared_ptr<JournalFile>> JournalFile::Open(const std::string& folder,
                                                               std::uint64_t number) {
  std::string path = absl::StrCat(folder, "/", NameOf(number));
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Missing(number);
  if (fd < 0) return Failed("opening", path);
  struct stat status {};
  std::string bytes(journal::kFileHeaderSize, '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
  int version = 0;
  const auto header = journal::DecodeFileHeader(
      std::string_view(bytes).substr(0, got < 0 ? 0 : static_cast<std::size_t>(got)), version);
  if (::fstat(fd, &status) != 0 || !header.has_value() || header->number != number) {
    ::close(fd);
    if (version != 0 && version != journal::kVersion) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the journal ", NameOf(number), " has format ", version, ", this Wherry reads format ",
          int{journal::kVersion}, "; use the Wherry that wrote it, or another directory"));
    }
    return absl::DataLossError(
        absl::StrCat("the journal ", NameOf(number), " is damaged at byte 0"));
  }
  return std::shared_ptr<JournalFile>(new JournalFile(
      std::move(path), fd, *header, static_cast<std::uint64_t>(status.st_size)));
}

JournalFile::~JournalFile() { ::close(fd_); }

absl::StatusOr<std::uint64_t> JournalFile::Append(std::uint64_t sequence, bool synced_before,
                                                  std::string_view frames,
                                                  const std::vector<Bytes>& batches) {
  if (broken_) {
    return absl::InternalError(absl::StrCat(
        path_, " takes no more records since an error; see to the disk, then restart"));
  }
  journal::RecordHeader header{sequence, synced_before,
                               static_cast<std::uint32_t>(frames.size()), 0, Crc32c(frames)};
  std::vector<iovec> parts;
  parts.reserve(batches.size() + 2);
  parts.push_back({});
  parts.push_back(PartOf(frames));
  for (const Bytes& batch : batches) {
    header.bytes_size += batch->size();
    if (!batch->empty()) parts.push_back(PartOf(*batch));
  }
  const std::string encoded = journal::Encode(header, salt_);
  parts.front() = PartOf(encoded);
  const std::uint64_t begin = size_;
  if (!WriteAll(fd_, std::move(parts), begin)) {
    absl::Status status = Failed("writing to", path_);
    if (::ftruncate(fd_, static_cast<off_t>(begin)) != 0) broken_ = true;
    return status;
  }
  size_ = begin + header.size();
  return begin + journal::kRecordHeaderSize + frames.size();
}

absl::Status JournalFile::Sync() {
  if (::fdatasync(fd_) == 0) return absl::OkStatus();
  broken_ = true;
  return Failed("syncing", path_);
}

absl::Status JournalFile::Cut(std::uint64_t size) {
  absl::Status status = CutFile(path_, size);
  if (status.ok()) size_ = size;
  return status;
}

absl::Status JournalFile::Read(std::uint64_t position, std::size_t size, char* to) const {
  while (size > 0) {
    const ssize_t got = ::pread(fd_, to, size, static_cast<off_t>(position));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("reading", path_);
    if (got == 0) return EndsAt(*this, position);
    position += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
    to += got;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> JournalReader::View(std::uint64_t position, std::size_t size) {
  const bool inside =
      position >= begin_ && position - begin_ + size <= buffer_.size();
  if (!inside) {
    const std::uint64_t end = file_.size();
    if (position > end || size > end - position) return EndsAt(file_, end);
    begin_ = position;
    buffer_.resize(std::max<std::uint64_t>(size, std::min<std::uint64_t>(window_, end - position)));
    if (absl::Status status = file_.Read(begin_, buffer_.size(), buffer_.data()); !status.ok()) {
      buffer_.clear();
      return status;
    }
  }
  return std::string_view(buffer_).substr(position - begin_, size);
}

}  // namespace wherry::storage
