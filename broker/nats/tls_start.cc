#include "broker/nats/tls_start.h"

namespace wherry::nats {

namespace {
constexpr char kHandshakeRecord = 0x16;
}

void TlsPlan::AddTo(ServerInfo& info, bool after_handshake) const {
  if (acceptor == nullptr) return;
  info.tls_required = after_handshake || !allow_non_tls;
  info.tls_verify = acceptor->settings().verify;
  info.tls_available = allow_non_tls;
}

TlsStart::TlsStart(const TlsPlan& plan, net::Connection& connection, SayInfo say_info,
                   OnPlain on_plain)
    : plan_(plan),
      connection_(connection),
      say_info_(std::move(say_info)),
      on_plain_(std::move(on_plain)),
      state_(State::kAwaitingHandshake),
      handshake_first_(plan.handshake_first != TlsPlan::HandshakeFirst::kNo),
      wait_(connection.shard().timers(), runtime::TimerKind::kPatience, "TLS or not") {}

void TlsStart::OnOpen() {
  if (!handshake_first_) say_info_(false);
}

void TlsStart::Begin() {
  if (!handshake_first_) return BeginInTheClear();
  if (plan_.handshake_first == TlsPlan::HandshakeFirst::kAlways) return BeginTls({});
  wait_.Arm(plan_.handshake_first_wait, [this] {
    handshake_first_ = false;
    say_info_(false);
    BeginInTheClear();
  });
}

void TlsStart::BeginInTheClear() {
  if (!plan_.allow_non_tls) return BeginTls({});
  state_ = State::kAwaitingFirstByte;
  // A client that is silent so long is taken for one without TLS.
  wait_.Arm(plan_.acceptor->settings().timeout, [this] { BeginPlain(); });
}

bool TlsStart::IsProtocol(std::string_view bytes) {
  if (state_ == State::kAwaitingFirstByte && bytes[0] != kHandshakeRecord) BeginPlain();
  if (state_ == State::kPlain) return true;
  if (state_ == State::kTls) return false;
  // Before INFO only a handshake can come: whatever it is, TLS judges it.
  BeginTls(bytes);
  return false;
}

void TlsStart::BeginTls(std::string_view received) {
  wait_.Cancel();
  state_ = State::kTls;
  if (!plan_.acceptor->AllowHandshake(connection_.shard().clock().RealNow())) {
    connection_.Write("-ERR 'Connection throttling is active. Please try again later.'\r\n");
    return connection_.CloseAfterFlush();
  }
  connection_.StartTls(*plan_.acceptor, received);
}

void TlsStart::BeginPlain() {
  wait_.Cancel();
  state_ = State::kPlain;
  on_plain_();
}

void TlsStart::OnTlsOpen() {
  if (handshake_first_) say_info_(true);
}

}  // namespace wherry::nats
