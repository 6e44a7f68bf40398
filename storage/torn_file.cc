#include "storage/torn_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace wherry::storage {

namespace {

constexpr std::uint64_t kSector = 512;

}  // namespace

bool MayHaveLostSectors(std::string_view bytes, std::uint64_t position) {
  const std::size_t last = bytes.find_last_not_of('\0');
  if (last == bytes.npos) return true;
  const std::uint64_t zeros = position + last + 1;
  return (zeros + kSector - 1) / kSector * kSector < position + bytes.size();
}

absl::Status CutFile(const std::string& path, std::uint64_t size) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool cut =
      fd >= 0 && ::ftruncate(fd, static_cast<off_t>(size)) == 0 && ::fdatasync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (cut) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("cutting the torn end of ", path, " failed: ", std::strerror(error)));
}

}  // namespace wherry::storage
