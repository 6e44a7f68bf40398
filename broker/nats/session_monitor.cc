// What monitoring learns from a session, and how long a round trip to its client takes.
#include <algorithm>

#include "broker/nats/session.h"

namespace wherry::nats {

ConnectionInfo Session::Describe(bool with_subscriptions) const {
  ConnectionInfo info;
  info.cid = client_id_;
  info.ip = connection_.remote().host();
  info.port = connection_.remote().port();
  info.counts = counts_;
  info.pending_bytes = connection_.pending_bytes();
  info.subscription_count = subscriptions_.size();
  info.name = connect_.name;
  info.lang = connect_.lang;
  info.version = connect_.version;
  info.user = PresentedUser();
  info.account = account_->name();
  if (const std::optional<net::TlsPeer> peer = connection_.tls_peer(); peer.has_value()) {
    info.tls_version = peer->version;
    info.tls_cipher_suite = peer->cipher_suite;
    info.tls_first = tls_first_;
  }
  if (!with_subscriptions) return info;
  for (const SubscriptionPtr& subscription : subscriptions_) {
    info.subscriptions.push_back(InfoOf(*subscription, account_->name()));
  }
  return info;
}

// As CONNECT named it, whether it was asked for or not. A token is a secret.
std::string Session::PresentedUser() const {
  if (!connect_.nkey.empty()) return connect_.nkey;
  if (!connect_.user.empty()) return connect_.user;
  return connect_.auth_token.empty() ? "" : "[REDACTED]";
}

// What it says of itself is shown even if it is refused.
void Session::NoteClient(const ConnectOptions& options) {
  connect_.name = options.name;
  connect_.lang = options.lang;
  connect_.version = options.version;
  connect_.user = options.user;
  connect_.auth_token = options.auth_token;
  connect_.nkey = options.nkey;
}

void Session::SendPing() {
  ++pings_out_;
  ++pings_;
  counts_.ping_sent = part_.shard().clock().RealNow();
  connection_.Write("PING\r\n");
  TraceOut("PING");
}

void Session::HandlePong() {
  // One that answers no PING of ours measures nothing.
  if (pings_out_ > 0) MeasureRoundTrip();
  pings_out_ = 0;
  if (owes_pong()) ++pongs_;
}

void Session::SendBarrier() {
  ++pings_;
  connection_.Write("PING\r\n");
  TraceOut("PING");
}

void Session::MeasureRoundTrip() {
  counts_.round_trip =
      std::max(part_.shard().clock().RealNow() - counts_.ping_sent, runtime::Duration(1));
}

}  // namespace wherry::nats
