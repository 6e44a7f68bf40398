#pragma once

#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "broker/net/connection.h"
#include "broker/net/tls_acceptor.h"
#include "broker/runtime/timers.h"
#include "protocol/nats/info.h"

namespace wherry::nats {

// Whether a server's clients speak TLS, and who begins.
struct TlsPlan {
  enum class HandshakeFirst { kNo, kAlways, kAuto };

  std::shared_ptr<net::TlsAcceptor> acceptor;  // null: no TLS
  HandshakeFirst handshake_first = HandshakeFirst::kNo;
  runtime::Duration handshake_first_wait = std::chrono::milliseconds(50);
  bool allow_non_tls = false;

  // What INFO says of TLS. A client that has begun with the handshake is told otherwise than one
  // in the clear.
  void AddTo(ServerInfo& info, bool after_handshake) const;
};

// The beginning of one connection to a server with TLS: waits for who speaks first, says INFO when
// it is due, starts TLS or finds that the client does without.
// Threads: its connection's shard. Owned by its session, until the protocol begins.
class TlsStart {
 public:
  // Writes INFO; true: the client has begun with the handshake.
  using SayInfo = absl::AnyInvocable<void(bool after_handshake)>;
  // The client speaks without TLS, as far as one can tell.
  using OnPlain = absl::AnyInvocable<void()>;

  TlsStart(const TlsPlan& plan, net::Connection& connection, SayInfo say_info, OnPlain on_plain);

  // In this order: the first says INFO if that comes before all, the second waits for the client.
  void OnOpen();
  void Begin();
  // The client's first bytes. True: they are the protocol's, and so is all that follows. False:
  // they are taken.
  bool IsProtocol(std::string_view bytes);
  // The handshake is complete.
  void OnTlsOpen();
  // Whether the client began with the handshake, before INFO.
  bool handshake_first() const { return handshake_first_; }
  // The connection is gone.
  void Stop() { wait_.Cancel(); }

 private:
  enum class State {
    kAwaitingHandshake,  // INFO is held back for now
    kAwaitingFirstByte,  // INFO is said, and the client may or may not begin TLS
    kTls,
    kPlain,
  };

  void BeginInTheClear();
  void BeginTls(std::string_view received);
  void BeginPlain();

  const TlsPlan& plan_;
  net::Connection& connection_;
  SayInfo say_info_;
  OnPlain on_plain_;
  State state_;
  bool handshake_first_;
  runtime::Timer wait_;
};

}  // namespace wherry::nats
