#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace wherry::net {

// What a protocol does with one connection: bytes come in here, answers go out through the
// Connection that the session was made with. Threads: every call on the connection's shard. Owned
// by its Connection.
class Session {
 public:
  virtual ~Session() = default;

  // The connection is up and may be written to. Called once, first.
  virtual void OnOpen() {}

  // The next bytes of the stream; the view dies on return. After Close() no more calls follow.
  virtual void OnBytes(std::string_view bytes) = 0;

  // Room for the rest of a large body: while it is not empty, the stream's next bytes are received
  // straight into it, and OnReadInto says how many. What follows the body arrives through OnBytes.
  virtual std::span<char> ReadInto() { return {}; }
  virtual void OnReadInto(std::size_t /*size*/) {}

  // Everything written has been handed to the kernel: the answer to Connection::AwaitDrained.
  virtual void OnDrained() {}

  // The peer has not taken what waited for it in the time that Connection::SetWriteDeadline allows;
  // the connection is about to be closed.
  virtual void OnWriteDeadline() {}

  // Connection::StartTls: the handshake is complete, what is written now is encrypted. Called
  // before the first OnBytes of decrypted bytes.
  virtual void OnTlsOpen() {}
  // The handshake, or later the decryption, failed for this reason (a line for a log). The
  // connection closes by itself.
  virtual void OnTlsFailed(std::string_view /*reason*/) {}

  // Whether it must end when the broker loses its data. Not HTTP, by which that is told to start
  // again.
  virtual bool needs_data() const { return true; }

  // The connection is gone: the peer closed or broke it, or Close() was called. Called once, last.
  virtual void OnClosed() {}
};

}  // namespace wherry::net
