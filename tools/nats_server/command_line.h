#pragma once

#include <optional>
#include <span>
#include <string>

#include "tools/nats_server/config_parser.h"
#include "tools/nats_server/settings.h"

namespace wherry::nats_server {

// What is to be done with a command line.
struct CommandLine {
  Settings settings;
  // Set: print, and exit with this. Usage errors exit with 0, as nats-server's do.
  std::optional<int> exit_status;
  std::string output;  // for standard output
  std::string errors;  // for standard error; before a start, warnings
  // "quit=1234": a signal to send to another server. Empty: none.
  std::string signal;
};

// Reads nats-server's command line, without the program's name, and the configuration file that it
// names. Flags are stronger than the file.
CommandLine ReadCommandLine(std::span<const std::string> arguments, const ConfigSources& sources);

// "nats-server: WHAT\n", with which nats-server dies.
std::string Complaint(const std::string& what);

// What -h and --help_tls print.
std::string Usage();
std::string TlsUsage();

}  // namespace wherry::nats_server
