#include "tests/conformance/support/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

namespace wherry::conformance {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int OpenSocket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// Returns 0, or what errno said.
int ConnectTo(int fd, int port) {
  const sockaddr_in address = LoopbackAddress(port);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                         : errno;
}

}  // namespace

RawSocket::RawSocket(std::string_view address, int receive_buffer) : fd_(OpenSocket()) {
  if (receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const int error = ConnectTo(fd_, PortOf(address));
  if (error != 0) {
    ADD_FAILURE() << "cannot connect to " << address << ": " << std::strerror(error);
    closed_ = true;
  }
  // A test that sends a byte at a time wants the server to read a byte at a time.
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      closed_(other.closed_),
      received_(std::move(other.received_)) {}

RawSocket& RawSocket::operator=(RawSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(closed_, other.closed_);
  std::swap(received_, other.received_);
  return *this;
}

RawSocket::~RawSocket() {
  if (fd_ >= 0) ::close(fd_);
}

int RawSocket::Release() { return std::exchange(fd_, -1); }

bool RawSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawSocket::SendWhatIsTaken(std::string_view bytes, std::chrono::milliseconds patience) {
  std::size_t taken = 0;
  pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
  while (taken < bytes.size() && ::poll(&writable, 1, static_cast<int>(patience.count())) > 0) {
    const ssize_t sent =
        ::send(fd_, bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EINTR && errno != EAGAIN) break;
    if (sent > 0) taken += static_cast<std::size_t>(sent);
  }
  return taken;
}

void RawSocket::HalfClose() { ::shutdown(fd_, SHUT_WR); }

void RawSocket::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
  closed_ = true;
}

bool RawSocket::ReadSome(const Deadline& deadline) {
  if (closed_) return false;
  pollfd readable{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, deadline.Left()) <= 0) return errno == EINTR && !deadline.Passed();
  std::array<char, kReadSize> buffer;
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }
  closed_ = true;
  return false;
}

bool RawSocket::AwaitBytes(std::size_t count, std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  while (received_.size() < count && ReadSome(deadline)) {
  }
  return received_.size() >= count;
}

bool RawSocket::AwaitText(std::string_view text, std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  std::size_t searched = 0;
  while (received_.find(text, searched) == std::string::npos) {
    searched = received_.size() > text.size() ? received_.size() - text.size() : 0;
    if (!ReadSome(deadline)) return received_.find(text, searched) != std::string::npos;
  }
  return true;
}

bool RawSocket::AwaitClosed(std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  while (ReadSome(deadline)) {
  }
  return closed_;
}

std::string RawSocket::Take(std::size_t count) {
  std::string taken = received_.substr(0, count);
  received_.erase(0, taken.size());
  return taken;
}

std::string RawSocket::TakeLine(std::chrono::milliseconds patience) {
  if (!AwaitText("\r\n", patience)) return "";
  return Take(received_.find("\r\n") + 2);
}

std::string AddressOfUrl(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url);
}

int PortOf(std::string_view url_or_address) {
  const auto colon = url_or_address.rfind(':');
  int port = -1;
  if (colon != std::string_view::npos) {
    std::from_chars(url_or_address.data() + colon + 1,
                    url_or_address.data() + url_or_address.size(), port);
  }
  return port;
}

int FreePort() {
  const int fd = OpenSocket();
  sockaddr_in address = LoopbackAddress(0);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  EXPECT_TRUE(bound) << std::strerror(errno);
  return ntohs(address.sin_port);
}

bool Accepts(int port) {
  const int fd = OpenSocket();
  const int error = ConnectTo(fd, port);
  ::close(fd);
  return error == 0;
}

bool CanListen(int port) {
  const int fd = OpenSocket();
  // Connections of the past may still be in TIME_WAIT; only a living listener is in the way.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = LoopbackAddress(port);
  const bool can = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                   ::listen(fd, 1) == 0;
  ::close(fd);
  return can;
}

}  // namespace wherry::conformance
