#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/nats_server/config_parser.h"
#include "wherry/options.h"

namespace wherry::nats_server {

inline constexpr std::int64_t kDefaultPort = 4222;
inline constexpr std::int64_t kAnyFreePort = -1;
inline constexpr const char* kAllInterfaces = "0.0.0.0";

// How the log is written.
struct LogSettings {
  bool debug = false;
  bool trace = false;
  bool times = true;
  bool utc = false;
  std::string file;             // empty: standard error
  std::int64_t size_limit = 0;  // bytes, above which the file is put aside; 0: never
  std::int64_t max_files = 0;   // the file and those put aside; 0: any number
};

// What nats-server's command line and configuration file ask for. A number that is 0 was not given:
// its default comes in BrokerOptions.
struct Settings {
  std::string host;
  std::int64_t port = 0;
  std::string http_host;
  std::int64_t http_port = 0;
  std::int64_t https_port = 0;

  // Everything that needs no default of nats-server's own is here at once.
  NatsOptions nats;
  std::int64_t max_payload = 0;
  std::int64_t max_control_line = 0;
  std::int64_t max_pending = 0;
  std::int64_t max_connections = 0;  // negative: no limit
  std::int64_t max_subscriptions = 0;
  std::int64_t max_pings_out = 0;
  std::int64_t max_closed_clients = 0;
  std::chrono::nanoseconds ping_interval{0};
  std::chrono::nanoseconds write_deadline{0};
  std::chrono::nanoseconds lame_duck_duration{0};
  std::chrono::nanoseconds lame_duck_grace_period{0};

  LogSettings log;
  std::string pid_file;
  std::string ports_file_dir;
  std::string config_file;
  std::string config_digest;
};

// What is wrong with a configuration file, in lines for people: "nats.conf:3:0: unknown field ...".
struct ConfigProblems {
  std::vector<std::string> errors;
  // nats-server runs with these, but calls the file bad when it is only tested.
  std::vector<std::string> warnings;

  bool empty() const { return errors.empty() && warnings.empty(); }
  // As nats-server prints them: warnings first, each with its line end.
  std::string ToString() const;
};

// Gives the content of a file, with the error for people: "open x: no such file or directory".
using FileReader = std::function<StatusOr<std::string>(const std::string& path)>;

// Adds what a configuration says to `settings`. Certificates are read, since a file with a bad one
// is a bad configuration.
ConfigProblems ReadConfig(const ConfigMap& config, const std::string& file,
                          const FileReader& read_file, Settings& settings);

// The broker that the settings describe, with nats-server's defaults. kInvalidArgument, with
// nats-server's words, where they contradict one another.
StatusOr<Options> BrokerOptions(const Settings& settings);

// "127.0.0.1:4222" and so on: where clients, and monitoring, are to reach the server.
std::string ClientHost(const Settings& settings);
std::string MonitoringHost(const Settings& settings);

}  // namespace wherry::nats_server
