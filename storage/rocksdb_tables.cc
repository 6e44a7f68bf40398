#include "storage/rocksdb_tables.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "storage/crc32c.h"
#include "storage/rocksdb_bytes.h"

namespace wherry::storage {

namespace {

namespace fs = std::filesystem;

// A footer of format 1 to 5: the checksum's type, handles of two blocks (offset and size, each a
// varint), padding, the format's version (4 bytes), a magic number (8), little-endian. Behind a
// block are the type of its compression (1) and the checksum of both (4).
constexpr std::size_t kFooterSize = 53;
constexpr std::uint64_t kMagic = 0x88E241B785F4CFF7;
constexpr char kCrc32c = 1;
constexpr std::size_t kTrailerSize = 5;
// Of metadata; what claims to be larger is left to RocksDB.
constexpr std::uint64_t kMaxBlockSize = 16 << 20;
constexpr std::string_view kProperties = "rocksdb.properties";

struct Handle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

std::optional<std::uint64_t> TakeVarint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) == 0) return number;
  }
  return std::nullopt;
}

std::optional<Handle> TakeHandle(std::string_view& bytes) {
  const auto offset = TakeVarint(bytes);
  const auto size = TakeVarint(bytes);
  if (!offset.has_value() || !size.has_value() || *size > kMaxBlockSize) return std::nullopt;
  return Handle{*offset, *size};
}

std::optional<std::string> ReadAt(std::ifstream& file, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file) return std::nullopt;
  return bytes;
}

// nullopt: it does not match its checksum.
std::optional<std::string> ReadBlock(std::ifstream& file, const Handle& handle) {
  std::optional<std::string> block = ReadAt(file, handle.offset, handle.size + kTrailerSize);
  if (!block.has_value()) return std::nullopt;
  const std::string_view checked = std::string_view(*block).substr(0, handle.size + 1);
  const std::string_view stored = std::string_view(*block).substr(handle.size + 1);
  if (MaskedCrc32c(Crc32c(checked)) != LittleEndian(stored)) return std::nullopt;
  return block;
}

absl::Status CheckTable(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code unreadable;
  const std::uint64_t size = fs::file_size(path, unreadable);
  if (unreadable || size < kFooterSize) return absl::OkStatus();
  const std::optional<std::string> footer = ReadAt(file, size - kFooterSize, kFooterSize);
  if (!footer.has_value() || LittleEndian(footer->substr(kFooterSize - 8)) != kMagic ||
      footer->front() != kCrc32c) {
    return absl::OkStatus();
  }
  std::string_view handles = std::string_view(*footer).substr(1);
  const std::optional<Handle> metaindex = TakeHandle(handles);
  if (!metaindex.has_value()) return absl::OkStatus();
  const auto damaged = [&path](const Handle& handle) {
    return absl::DataLossError(absl::StrCat("the table ", path.filename().string(),
                                            " is damaged between byte ", handle.offset, " and ",
                                            handle.offset + handle.size + kTrailerSize));
  };
  const std::optional<std::string> names = ReadBlock(file, *metaindex);
  if (!names.has_value()) return damaged(*metaindex);
  // The names stand there in full, each before its handle.
  const std::size_t at = names->find(kProperties);
  if (at == names->npos) return absl::OkStatus();
  std::string_view value = std::string_view(*names).substr(at + kProperties.size());
  const std::optional<Handle> properties = TakeHandle(value);
  if (!properties.has_value() || ReadBlock(file, *properties).has_value()) return absl::OkStatus();
  return damaged(*properties);
}

}  // namespace

absl::Status CheckTables(const std::string& directory) {
  std::error_code unreadable;  // RocksDB says why
  for (const auto& entry : fs::directory_iterator(directory, unreadable)) {
    if (entry.path().extension() != ".sst") continue;
    if (absl::Status status = CheckTable(entry.path()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace wherry::storage
