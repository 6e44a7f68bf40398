#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wherry::nats {

// What INFO tells a client, in the order in which nats-server writes it. Empty and false fields
// that it leaves out are left out.
struct ServerInfo {
  std::string server_id;
  std::string server_name;
  std::string version;
  int proto = 1;
  std::string git_commit;
  std::string host;
  std::uint16_t port = 0;
  bool headers = true;
  bool auth_required = false;
  bool tls_required = false;
  bool tls_verify = false;
  bool tls_available = false;
  std::int32_t max_payload = 0;
  std::uint64_t client_id = 0;
  std::string client_ip;
  std::string nonce;                      // what an nkey must sign; empty: none asks for it
  std::vector<std::string> connect_urls;  // "host:port" where else the server can be reached
  bool lame_duck = false;                 // the server is about to end: connect elsewhere
  // Behind a client's first PONG: the account it is in (since nats-server 2.12).
  bool connect_info = false;
  std::string remote_account;
};

// "INFO {...}\r\n"
std::string InfoLine(const ServerInfo& info);

}  // namespace wherry::nats
