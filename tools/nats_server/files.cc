#include "tools/nats_server/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

// A configuration, a certificate or a process id is no larger; what claims to be is none.
constexpr std::size_t kMaxFileSize = 64 * 1024 * 1024;
constexpr mode_t kFileMode = 0640;

Status Failed(const char* what, const std::string& path, int error) {
  return Status(StatusCode::kNotFound, std::string(what) + " " + path + ": " + SystemError(error));
}

}  // namespace

StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Failed("open", path, errno);
  std::string content;
  std::array<char, 64 * 1024> buffer;
  ssize_t size = 0;
  while ((size = read(descriptor, buffer.data(), buffer.size())) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 || content.size() > kMaxFileSize) break;
    content.append(buffer.data(), static_cast<std::size_t>(size));
  }
  const int error = size < 0 ? errno : EFBIG;
  close(descriptor);
  if (size != 0) return Failed("read", path, error);
  return content;
}

Status WriteWholeFile(const std::string& path, std::string_view content) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return Failed("open", path, errno);
  const ssize_t written = write(descriptor, content.data(), content.size());
  const int error = written < 0 ? errno : ENOSPC;
  close(descriptor);
  if (written != static_cast<ssize_t>(content.size())) return Failed("write", path, error);
  return Status();
}

}  // namespace wherry::nats_server
