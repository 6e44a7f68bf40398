// INFO, and CONNECT with its answer.
#include "absl/strings/str_cat.h"
#include "broker/nats/session.h"
#include "protocol/nats/info.h"

namespace wherry::nats {

namespace {

// Compares in a time that does not depend on where the two differ.
bool SecretEquals(std::string_view given, std::string_view secret) {
  unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i] ^ (secret.empty() ? 0 : secret[i % secret.size()]));
  }
  return difference == 0;
}

}  // namespace

// With `connect_info`, what a client is told behind its first PONG: who it is to the server.
std::string Session::InfoLine(bool connect_info) const {
  const Server& server = part_.server();
  ServerInfo info;
  info.server_id = server.server_id();
  info.server_name = server.server_name();
  info.version = std::string(Server::kNatsVersion);
  info.git_commit = absl::StrCat("wherry-", WHERRY_VERSION);
  info.host = connection_.local().host();
  info.port = connection_.local().port();
  info.headers = settings().headers;
  info.auth_required = settings().requires_auth();
  info.max_payload = settings().max_payload;
  info.client_id = client_id_;
  info.client_ip = connection_.remote().host();
  if (!settings().client_advertise.empty()) info.connect_urls = {settings().client_advertise};
  info.connect_info = connect_info;
  if (connect_info) info.remote_account = account_->name();
  info.lame_duck = server.is_lame_duck();
  return nats::InfoLine(info);
}

void Session::TellInfo() {
  if (connected_ && connect_.protocol >= 1) connection_.Write(InfoLine(false));
}

void Session::HandleConnect(const Operation& operation) {
  const std::optional<ConnectOptions> options = ParseConnect(operation.json, connect_);
  if (!options.has_value()) return connection_.CloseAfterFlush();
  // It may come with other credentials, and another account's subjects.
  if (connected_) RemoveAllSubscriptions();
  if (!options->account.empty() || !CredentialsMatch(*options)) {
    return CloseWithError("Authorization Violation");
  }
  if (options->protocol < 0 || options->protocol > 1) {
    return CloseWithError("invalid client protocol");
  }
  if (options->no_responders && !(options->headers && settings().headers)) {
    return CloseWithError("no responders requires headers support");
  }
  connect_ = *options;
  authenticated_ = true;
  connected_ = true;
  auth_timer_.Cancel();
  ArmPing(std::min(settings().ping_interval, kFirstPing));
  parser_.limits().headers = connect_.headers && settings().headers;
  WriteOk();
}

bool Session::CredentialsMatch(const ConnectOptions& options) const {
  const Settings& wanted = settings();
  if (!wanted.requires_auth()) return true;
  if (!wanted.token.empty()) return SecretEquals(options.auth_token, wanted.token);
  return SecretEquals(options.user, wanted.user) && SecretEquals(options.pass, wanted.password);
}

}  // namespace wherry::nats
