#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/status.h"

namespace wherry::nats_server {

// Texts as Go writes and reads them, since nats-server's messages and settings are made of them.

// ASCII letters made small, or large.
std::string Lowered(std::string_view text);
std::string Uppered(std::string_view text);

// A string as Go quotes it with %q: "a\tb".
std::string Quoted(std::string_view text);

// A string in Go's JSON, quotes included: < > & are escaped too.
std::string JsonString(std::string_view text);

// "1h30m", "2.5s", "-10ms". kInvalidArgument, with Go's words.
StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text);
// "1m30s": as Go prints a duration.
std::string FormatDuration(std::chrono::nanoseconds duration);

// What the system calls an error, in Go's small letters: "no such file or directory".
std::string SystemError(int number);

// "127.0.0.1:4222", "[::1]:4222".
std::string JoinHostPort(std::string_view host, std::int64_t port);

}  // namespace wherry::nats_server
