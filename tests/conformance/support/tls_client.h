#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "tests/conformance/support/deadline.h"

namespace wherry::conformance {

// A TLS client that speaks no protocol on top, and that may misbehave: it sends what it is told and
// keeps what comes back. Threads: one at a time. Owned by the test.
class TlsClient {
 public:
  struct Settings {
    std::string ca;         // verifies the server; empty: it is not verified
    std::string cert, key;  // shown if the server asks
    int max_version = TLS1_3_VERSION;
    std::string cipher_list;           // of TLS 1.2
    std::string curves;                // "P-256:X25519"
    std::size_t send_at_most = 65536;  // bytes of one send: 1 splits every record
    // Of an earlier connection, to resume.
    std::shared_ptr<SSL_SESSION> session;
  };

  // Takes over a connected socket.
  TlsClient(int fd, const Settings& settings);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Each of these goes on until it is done, the peer closes, TLS fails or the time is over.
  bool Handshake(std::chrono::milliseconds patience = kPatience);
  bool Send(std::string_view bytes);
  bool AwaitBytes(std::size_t count, std::chrono::milliseconds patience = kPatience);
  bool AwaitText(std::string_view text, std::chrono::milliseconds patience = kPatience);
  bool AwaitClosed(std::chrono::milliseconds patience = kPatience);

  // Only the first `count` bytes of the handshake's first flight.
  void SendHello(std::size_t count);
  // Past TLS, as they are.
  bool SendRaw(std::string_view bytes);
  // Asks for new keys `times` times, a byte of data with each, and reads nothing; stops early when
  // the server takes no more and `go_on` says no.
  void AskForKeysWithoutReading(std::size_t times, const std::function<bool()>& go_on);
  // Asks for new keys, with the next bytes sent.
  void UpdateKeys();
  // Tells the server that nothing more comes.
  void SendCloseNotify();
  void HalfClose();

  const std::string& received() const { return received_; }
  std::string Take();
  bool closed() const { return closed_; }
  // Bytes of the socket since the beginning, TLS's own included.
  std::size_t raw_bytes() const { return raw_bytes_; }
  // The server said that it ends the connection, before it did.
  bool got_close_notify() const;
  // What TLS failed with, alerts of the server included; "" if it did not.
  const std::string& error() const { return error_; }
  std::string version() const { return SSL_get_version(ssl_); }
  std::string cipher_suite() const;
  std::string curve() const;
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  std::shared_ptr<SSL_SESSION> session() const;

 private:
  // Sends what TLS has to send.
  bool FlushRecords();
  // Reads once from the socket; false at the deadline or when the peer closed.
  bool ReadSome(const Deadline& deadline);
  // Decrypts what has come.
  void Decrypt();
  void NoteError(int result);

  const int fd_;
  const std::size_t send_at_most_;
  SSL_CTX* const context_;
  SSL* const ssl_;
  bool closed_ = false;
  std::size_t raw_bytes_ = 0;
  std::string received_;
  std::string error_;
};

}  // namespace wherry::conformance
