#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wherry::nats_server {

// What nats-server checks of the texts in its configuration.

// Tokens that are not empty and hold no spaces, with a > at the end alone.
bool IsValidSubject(std::string_view subject);

// A public nkey of a user ("U...") or an account ("A..."): 56 characters of base32 with the right
// prefix and checksum.
bool IsUserNkey(std::string_view text);
bool IsAccountNkey(std::string_view text);

// "host:4222", "[::1]:4222", ":4222"; false: nothing of the kind.
bool SplitHostPort(std::string_view text, std::string& host, std::string& port);
// A decimal number with a sign or without.
bool ParseInteger(std::string_view text, std::int64_t& number);

}  // namespace wherry::nats_server
