#include "storage/rocksdb_manifest.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "storage/crc32c.h"
#include "storage/rocksdb_bytes.h"
#include "storage/torn_file.h"

namespace wherry::storage {

namespace {

namespace fs = std::filesystem;

// The file is a row of blocks, in each of which a fragment begins at once: its checksum (4 bytes),
// size (2) and type (1), the numbers little-endian, then its bytes. A record is one fragment, or a
// first, some middle ones and a last.
constexpr std::size_t kBlockSize = 32 * 1024;
constexpr std::size_t kHeaderSize = 7;
constexpr std::uint8_t kFull = 1, kFirst = 2;

struct Fragment {
  std::uint8_t type = 0;
  std::size_t size = 0;  // with its header
  bool begins_record() const { return type == kFull || type == kFirst; }
};

// Of a fragment whose header is there; with the header.
std::size_t SizeOf(std::string_view fragment) {
  return kHeaderSize + LittleEndian(fragment.substr(4, 2));
}

std::uint32_t ChecksumOf(std::string_view fragment) {
  return static_cast<std::uint32_t>(LittleEndian(fragment.substr(0, 4)));
}

std::optional<Fragment> FragmentAt(std::string_view block, std::size_t at) {
  const std::string_view rest = block.substr(at);
  if (rest.size() < kHeaderSize || SizeOf(rest) > rest.size()) return std::nullopt;
  const std::size_t size = SizeOf(rest);
  if (ChecksumOf(rest) != MaskedCrc32c(Crc32c(rest.substr(6, size - 6)))) return std::nullopt;
  return Fragment{static_cast<std::uint8_t>(rest[6]), size};
}

bool IsPadding(std::string_view bytes) {
  return bytes.size() < kHeaderSize &&
         std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == '\0'; });
}

// Looks through one file.
class LogFile {
 public:
  explicit LogFile(const fs::path& path) : file_(path, std::ios::binary) {}

  bool NextBlock() {
    block_.resize(kBlockSize);
    file_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    block_.resize(static_cast<std::size_t>(file_.gcount()));
    position_ = next_;
    next_ += block_.size();
    return !block_.empty();
  }
  // Where in this block a fragment is not whole; nullopt: nowhere.
  std::optional<std::size_t> FindBroken() const {
    for (std::size_t at = 0; at < block_.size();) {
      if (IsPadding(std::string_view(block_).substr(at))) break;
      const std::optional<Fragment> fragment = FragmentAt(block_, at);
      if (!fragment.has_value()) return at;
      at += fragment->size;
    }
    return std::nullopt;
  }
  // Whether a record begins in this block from there on. Behind a broken fragment nobody knows
  // where the next one is.
  bool BeginsRecordFrom(std::size_t from) const {
    for (std::size_t at = from; at < block_.size(); ++at) {
      const std::optional<Fragment> fragment = FragmentAt(block_, at);
      if (fragment.has_value() && fragment->begins_record()) return true;
    }
    return false;
  }
  // Whether the fragment there ends early, or in sectors that were lost.
  bool IsTorn(std::size_t at) const {
    const std::string_view rest = std::string_view(block_).substr(at);
    if (rest.size() < kHeaderSize) return true;
    const std::size_t size = SizeOf(rest);
    if (size <= rest.size()) return MayHaveLostSectors(rest, position_ + at);
    // It may be its size that is wrong.
    const std::uint32_t stored = ChecksumOf(rest);
    std::uint32_t crc = Crc32c(rest.substr(6, 1));
    for (std::size_t end = kHeaderSize; end < rest.size(); ++end) {
      if (MaskedCrc32c(crc) == stored) return false;
      crc = Crc32c(rest.substr(end, 1), crc);
    }
    return MaskedCrc32c(crc) != stored;
  }
  std::uint64_t position() const { return position_; }

 private:
  std::ifstream file_;
  std::string block_;
  std::uint64_t position_ = 0, next_ = 0;
};

struct Broken {
  std::uint64_t position = 0;
  bool followed = false;  // by another record
  bool torn = false;      // it looks as if it had not been written to its end
};

std::optional<Broken> FindBroken(const fs::path& path) {
  LogFile file(path);
  std::optional<Broken> broken;
  while (file.NextBlock()) {
    std::size_t from = 0;
    if (!broken.has_value()) {
      const std::optional<std::size_t> at = file.FindBroken();
      if (!at.has_value()) continue;
      broken = Broken{file.position() + *at, false, file.IsTorn(*at)};
      from = *at + 1;
    }
    if (!file.BeginsRecordFrom(from)) continue;
    broken->followed = true;
    return broken;
  }
  return broken;
}

}  // namespace

// A record left out of the list of files would take whole tables with it, so its last one must be
// whole too, unless it was not written to its end.
absl::Status MendManifest(const std::string& directory) {
  std::string name;
  std::getline(std::ifstream(fs::path(directory) / "CURRENT"), name);
  const fs::path manifest = fs::path(directory) / name;
  std::error_code unreadable;
  if (!fs::is_regular_file(manifest, unreadable)) return absl::OkStatus();  // RocksDB says so
  const std::optional<Broken> broken = FindBroken(manifest);
  if (!broken.has_value()) return absl::OkStatus();
  if (broken->torn && !broken->followed) return CutFile(manifest.string(), broken->position);
  return absl::DataLossError(absl::StrCat("the list of files ", manifest.filename().string(),
                                          " is damaged at byte ", broken->position));
}

}  // namespace wherry::storage
