#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/options.h"

namespace wherry::server {

// What the command line and the environment ask of the server. A value.
struct ServerOptions {
  Options broker;
  LogLevel log_level = LogLevel::kInfo;
  std::string ports_file;  // empty: none
  int ready_fd = -1;       // -1: none
  bool exit_with_parent = false;
  std::vector<std::string> command;  // of `wherry exec`; empty: a server that waits for a signal
};

// The exit status after a command line, or a start, that cannot work.
inline constexpr int kExitUsage = 2;

// A command line, read: options to run with, or a status to exit with at once. Then `message` has
// been asked for (status 0, for standard output) or says what is wrong (for standard error).
struct CommandLine {
  ServerOptions options;
  std::optional<int> exit_status;
  std::string message;
};

CommandLine ReadCommandLine(int argc, const char* const* argv);

// "64k", "512M", "2g", "1000": a number of bytes with a binary suffix. nullopt: none of these, or
// more than 64 bits hold.
std::optional<std::uint64_t> ParseBytes(std::string_view text);

// The name in `names` that a person who typed `word` most likely meant; "" if none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace wherry::server
