#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wherry::nats {

// What a client says of itself in CONNECT. A key that is not there keeps the default that
// nats-server gives it: verbose, pedantic and echo are true for a client that says nothing.
struct ConnectOptions {
  bool verbose = true;
  bool pedantic = true;
  bool echo = true;
  bool headers = false;
  bool no_responders = false;
  bool tls_required = false;
  int protocol = 0;
  std::string name;
  std::string lang;
  std::string version;
  std::string user;
  std::string pass;
  std::string auth_token;
  std::string account;  // only servers may name one; from a client an error
};

// Reads the JSON object of a CONNECT over `defaults` (a second CONNECT changes only what it names).
// nullopt: it is no JSON object, or a known key has a value of the wrong type.
std::optional<ConnectOptions> ParseConnect(std::string_view json, const ConnectOptions& defaults);

}  // namespace wherry::nats
