// INFO, CONNECT with its answer, and what a reload changes for a client.
#include "absl/strings/str_cat.h"
#include "broker/nats/session.h"
#include "protocol/nats/info.h"

namespace wherry::nats {

namespace {

// As RFC 2253 writes it: the certificate's last part first. nullopt: an attribute has no usual
// name, and no user can be called so.
std::optional<DistinguishedName> SubjectOf(const net::TlsPeer& peer) {
  DistinguishedName subject;
  for (auto part = peer.subject_parts.rbegin(); part != peer.subject_parts.rend(); ++part) {
    DistinguishedName::Part& added = subject.parts.emplace_back();
    for (auto attribute = part->rbegin(); attribute != part->rend(); ++attribute) {
      const bool is_number = attribute->type.find('.') != std::string::npos;
      if (is_number) return std::nullopt;
      added.push_back({attribute->type, attribute->value});
    }
  }
  if (subject.parts.empty()) return std::nullopt;
  return subject;
}

PeerNames NamesOf(const net::TlsPeer& peer) {
  PeerNames names;
  names.emails = peer.emails;
  names.dns_names = peer.dns_names;
  names.uris = peer.uris;
  names.subject = SubjectOf(peer);
  for (const std::string& text : {peer.subject_with_domain, peer.subject}) {
    if (!text.empty()) names.subject_texts.push_back(text);
  }
  return names;
}

}  // namespace

std::string Session::InfoLine(InfoKind kind) const {
  const Server& server = part_.server();
  ServerInfo info;
  info.server_id = server.server_id();
  info.server_name = part_.server_name();
  info.version = std::string(Server::kNatsVersion);
  info.git_commit = absl::StrCat("wherry-", WHERRY_VERSION);
  const AdvertisedAddress& advertised = settings().client_advertise;
  info.host = advertised.host.empty() ? connection_.local().host() : advertised.host;
  info.port = advertised.host.empty() ? connection_.local().port() : advertised.port;
  info.headers = settings().headers;
  info.auth_required = authenticator_->required_in_info();
  settings().tls.AddTo(info, kind.after_handshake);
  info.max_payload = settings().max_payload;
  info.client_id = client_id_;
  info.client_ip = connection_.remote().host();
  info.nonce = nonce_;
  info.connect_info = kind.connect_info;
  if (kind.connect_info) info.remote_account = account_->name();
  info.lame_duck = server.is_lame_duck();
  return nats::InfoLine(info);
}

void Session::TellInfo() {
  if (connected_ && connect_.protocol >= 1) connection_.Write(InfoLine({}));
}

// What the client is by what it presents; null `connect`: it has not said CONNECT.
Authenticator::Decision Session::Decide(const Authenticator& authenticator,
                                        const ConnectOptions* connect) {
  Authenticator::Attempt attempt{.nonce = nonce_};
  std::optional<PeerNames> names;
  if (const std::optional<net::TlsPeer> peer = connection_.tls_peer();
      peer.has_value() && peer->has_certificate) {
    attempt.peer = &names.emplace(NamesOf(*peer));
  }
  return connect == nullptr ? authenticator.DecideWithoutConnect(attempt)
                            : authenticator.Decide(*connect, attempt);
}

void Session::HandleConnect(const Operation& operation) {
  const std::optional<ConnectOptions> options = ParseConnect(operation.json, connect_);
  if (!options.has_value()) return CloseAfterFlush(CloseReason::kProtocolViolation);
  Active();
  NoteClient(*options);
  // It may come with other credentials, and another account's subjects.
  if (connected_) RemoveAllSubscriptions();
  Authenticator::Decision decision = Decide(*authenticator_, &*options);
  if (decision.refused()) return RefuseClient();
  if (!decision.check.has_value()) return AcceptConnect(*options, *decision.identity);
  checked_ = std::make_unique<ConnectOptions>(*options);
  connection_.PauseReading();
  CheckPassword(*std::move(decision.check), *decision.identity);
}

void Session::CheckPassword(PasswordCheck check, const Identity& identity) {
  password_check_ = part_.server().password_checker().Start(
      std::move(check), part_.shard(),
      // The identity lives as long as authenticator_, which no reload replaces meanwhile.
      [this, &identity](bool matches) { OnPasswordChecked(matches, identity); });
  if (password_check_ == nullptr) RefuseClient();
}

void Session::OnPasswordChecked(bool matches, const Identity& identity) {
  password_check_.reset();
  const std::unique_ptr<ConnectOptions> options = std::move(checked_);
  if (connection_.closing()) return;
  core::LoggedRequest request = Logged(Verb::kConnect);
  part_.set_logging(&request);
  if (matches) {
    AcceptConnect(*options, identity);
  } else {
    RefuseClient();
  }
  part_.set_logging(nullptr);
  Log(std::move(request));
  if (!matches) return;
  // Something may have been changed while it was checked.
  if (authenticator_ != part_.configuration().authenticator) OnReload();
  if (connection_.closing()) return;
  MaybeResumeReading();
  const std::string waited = std::exchange(carry_, {});
  Consume(waited, nullptr);
  AfterRead();
}

void Session::AcceptConnect(const ConnectOptions& options, const Identity& identity) {
  // Once meant for sandboxes, now an error (nats-server).
  if (!options.account.empty()) return RefuseClient();
  if (!Become(identity)) return;
  if (options.protocol < 0 || options.protocol > 1) {
    return CloseWithError("invalid client protocol");
  }
  if (options.no_responders && !(options.headers && settings().headers)) {
    return CloseWithError("no responders requires headers support");
  }
  connect_ = options;
  connected_ = true;
  // A first guess: CONNECT answers INFO.
  MeasureRoundTrip();
  ArmPing(std::min(settings().ping_interval, kFirstPing));
  UseLimits();
  WriteOk();
}

// The client is who `identity` says from here on. False: its account takes no more connections.
bool Session::Become(const Identity& identity) {
  Account* const account = identity.account.empty()
                               ? &home_account_
                               : part_.server().FindAccount(identity.account);
  if (account == nullptr) {
    RefuseClient();
    return false;
  }
  if (!counted_ || account != account_) {
    if (!account->AddConnection()) {
      CloseWithError("maximum account active connections exceeded");
      return false;
    }
    if (counted_) account_->RemoveConnection();
    counted_ = true;
    account_ = account;
    router_ = &part_.RouterOf(*account);
    latest_epoch_ = 0;  // none of the new router's
  }
  permissions_ = identity.permissions == nullptr
                     ? nullptr
                     : std::make_unique<ConnectionPermissions>(identity.permissions);
  identity_ = &identity;
  auth_timer_.Cancel();
  UseLimits();
  return true;
}

void Session::UseLimits() {
  ParseLimits& limits = parser_.limits();
  limits.max_control_line = static_cast<std::size_t>(settings().max_control_line);
  limits.max_payload = settings().max_payload;
  if (const std::int64_t of_account = account_->limits().max_payload; of_account >= 0) {
    limits.max_payload = static_cast<std::int32_t>(
        std::min<std::int64_t>(of_account, settings().max_payload));
  }
  limits.headers = connect_.headers && settings().headers;
}

void Session::RefuseClient() {
  part_.server().Log(absl::StrCat(connection_.remote().ToString(), " - cid:", client_id_,
                                  " - authentication error"));
  CloseWithError("Authorization Violation");
}

void Session::OnReload() {
  if (!open_ || connection_.closing()) return;
  connection_.SetWriteDeadline(settings().write_deadline);
  // A check that began under the old rules is decided by them.
  if (checked_ != nullptr) return;
  // Until the new identity is set, the old one refers to the old authenticator.
  const std::shared_ptr<const Authenticator> old =
      std::exchange(authenticator_, part_.configuration().authenticator);
  if (identity_ == nullptr) return;
  const Authenticator::Decision decision =
      Decide(*authenticator_, connected_ ? &connect_ : nullptr);
  if (decision.refused()) return RefuseClient();
  const Account* const before = account_;
  if (!Become(*decision.identity)) return;
  // What it subscribed to belongs to the account it was in.
  if (account_ != before) return End();
  RemoveForbiddenSubscriptions();
  TellInfo();
  if (!decision.check.has_value()) return;
  const Identity& identity = *decision.identity;
  password_check_ = part_.server().password_checker().Start(
      *decision.check, part_.shard(), [this, &identity](bool matches) {
        password_check_.reset();
        if (!matches && identity_ == &identity) RefuseClient();
      });
}

}  // namespace wherry::nats
