#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tests/conformance/support/deadline.h"

namespace wherry::conformance {

// A TCP client that speaks no protocol: it sends what it is told and keeps what comes back.
// Threads: one at a time. Owned by the test. A failure to connect fails the test.
class RawSocket {
 public:
  // `address`: "127.0.0.1:4222". `receive_buffer` bytes, if given, is what the kernel may hold for
  // us: a small one makes a client that does not read felt early.
  explicit RawSocket(std::string_view address, int receive_buffer = 0);
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&& other) noexcept;
  ~RawSocket();

  // Writes everything; false once the peer has closed.
  bool Send(std::string_view bytes);
  // Writes what the peer takes, until it has taken nothing for `patience`; how much that was.
  std::size_t SendWhatIsTaken(std::string_view bytes, std::chrono::milliseconds patience);
  // Ends our direction and leaves the other open.
  void HalfClose();
  // Closes with a reset instead of an orderly end.
  void Reset();
  // Hands over the socket, to who goes on with it in TLS.
  int Release();

  // Everything that arrived and was not taken yet. Each of these reads until its condition holds,
  // the peer closes, or the time is over.
  bool AwaitBytes(std::size_t count, std::chrono::milliseconds patience = kPatience);
  bool AwaitText(std::string_view text, std::chrono::milliseconds patience = kPatience);
  // True when the peer closed (in order or by a reset) in time.
  bool AwaitClosed(std::chrono::milliseconds patience = kPatience);

  const std::string& received() const { return received_; }
  bool closed() const { return closed_; }
  // Hands over the first `count` bytes received, or all of them.
  std::string Take(std::size_t count = std::string::npos);
  // One line up to and with "\r\n"; "" if none came in time.
  std::string TakeLine(std::chrono::milliseconds patience = kPatience);

 private:
  // Reads once; false at the deadline or when the peer closed.
  bool ReadSome(const Deadline& deadline);

  int fd_ = -1;
  bool closed_ = false;
  std::string received_;
};

// "127.0.0.1:4222" of "nats://127.0.0.1:4222".
std::string AddressOfUrl(std::string_view url);
// 4222 of "nats://127.0.0.1:4222" and of "127.0.0.1:4222".
int PortOf(std::string_view url_or_address);
// A port of 127.0.0.1 that was free a moment ago. For servers that cannot choose one themselves.
int FreePort();
// True if something accepts connections at the port of 127.0.0.1.
bool Accepts(int port);
// True if a listener could be opened at the port of 127.0.0.1: no process holds one there.
bool CanListen(int port);

}  // namespace wherry::conformance
