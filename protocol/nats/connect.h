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
  std::string nkey;  // the client's public nkey, with `sig` over INFO's nonce
  std::string sig;
  std::string jwt;
  std::string account;  // only servers may name one; from a client an error
};

// Reads the JSON object of a CONNECT over `defaults` (a second CONNECT changes only what it names).
// nullopt: it is no JSON object, or a known key has a value of the wrong type.
std::optional<ConnectOptions> ParseConnect(std::string_view json, const ConnectOptions& defaults);

// What INFO asks a client to sign: 11 random bytes, as 15 characters of base64 (URL alphabet).
// Empty: the machine has no randomness to give; such a connection cannot be authenticated.
std::string MakeNonce();

}  // namespace wherry::nats
