#include "broker/nats/server.h"

#include "absl/strings/str_cat.h"
#include "broker/nats/session.h"

namespace wherry::nats {

namespace {
// An nkey of a server begins with N and has 55 more characters of base32; clients only need it
// unique.
std::string RandomServerId(runtime::Random& random) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id = "N";
  while (id.size() < 56) id.push_back(kAlphabet[random.Below(32)]);
  return id;
}
}  // namespace

Server::Server(Settings settings, runtime::Shard& home, LogLine log)
    : settings_(std::move(settings)),
      home_(home),
      log_(std::move(log)),
      router_(home),
      server_id_(RandomServerId(home.random())),
      start_unix_millis_(home.clock().UnixMillis()) {}

std::unique_ptr<net::Session> Server::MakeSession(net::Connection& connection) {
  return std::make_unique<Session>(*this, connection);
}

std::string Server::InfoLine(const net::Connection& connection, bool handshake_first) const {
  const std::string version(kNatsVersion);
  return absl::StrCat("INFO {\"server_id\":\"", server_id_, "\",\"server_name\":\"", server_id_,
                      "\",\"version\":\"", version, "\",\"proto\":1,\"git_commit\":\"wherry-",
                      WHERRY_VERSION, "\",\"go\":\"\",\"host\":\"", connection.local().host(),
                      "\",\"port\":", connection.local().port(), ",\"headers\":true",
                      settings_.requires_auth() ? ",\"auth_required\":true" : "",
                      settings_.tls.InfoFields(handshake_first),
                      ",\"max_payload\":", settings_.max_payload,
                      ",\"client_id\":", connection.id(), ",\"client_ip\":\"",
                      connection.remote().host(), "\"}\r\n");
}

}  // namespace wherry::nats
