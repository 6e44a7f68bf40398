// The top level of a configuration file: every key that nats-server knows, by its names.
#include <algorithm>
#include <limits>
#include <map>

#include "tools/nats_server/config_reading.h"
#include "tools/nats_server/subjects.h"

namespace wherry::nats_server {
namespace {

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxSubscriptionTokens = 255;
constexpr std::chrono::seconds kMinLameDuckDuration(30);

// Reads one key's value.
using KeyReader = void (*)(ConfigReading&, const std::string& key, const ConfigValue&);

struct HostPort {
  std::string host;
  std::int64_t port = 0;
};

// "host:port", or a port alone.
std::optional<HostPort> TakeListen(ConfigReading& reading, const ConfigValue& value) {
  if (value.AsInteger() != nullptr) return HostPort{"", *value.AsInteger()};
  if (value.AsString() == nullptr) {
    reading.Error(value, "expected port or host:port, got " + TypeName(value));
    return std::nullopt;
  }
  const std::string& text = *value.AsString();
  HostPort result;
  std::string port;
  if (!SplitHostPort(text, result.host, port)) {
    reading.Error(value, "could not parse address string " + Quoted(text));
    return std::nullopt;
  }
  if (!ParseInteger(port, result.port)) {
    reading.Error(value, "could not parse port " + Quoted(port));
    return std::nullopt;
  }
  return result;
}

void ReadListen(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  const std::optional<HostPort> listen = TakeListen(reading, value);
  if (!listen.has_value()) return;
  reading.settings.host = listen->host;
  reading.settings.port = listen->port;
}

template <std::int64_t Settings::*port>
void ReadMonitoring(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  const std::optional<HostPort> listen = TakeListen(reading, value);
  if (!listen.has_value()) return;
  reading.settings.http_host = listen->host;
  reading.settings.*port = listen->port;
}

void ReadServerName(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  std::string name;
  if (!reading.Take(value, name)) return;
  if (name.find(' ') != std::string::npos)
    return reading.Error(value, "server name cannot contain spaces");
  reading.settings.nats.server_name = name;
}

template <auto kMember>
void ReadSetting(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  reading.Take(value, reading.settings.*kMember);
}
template <auto kMember>
void ReadLog(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  reading.Take(value, reading.settings.log.*kMember);
}
template <auto kMember>
void ReadNats(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  reading.Take(value, reading.settings.nats.*kMember);
}
template <auto kMember>
void ReadOpposite(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  bool given = false;
  if (reading.Take(value, given)) reading.settings.nats.*kMember = !given;
}
// A number that nats-server keeps in 32 bits.
template <auto kMember>
void ReadInt32(ConfigReading& reading, const std::string& key, const ConfigValue& value) {
  std::int64_t number = 0;
  if (!reading.Take(value, number)) return;
  if (number > kMaxInt32) return reading.Error(value, key + " value is too big");
  reading.settings.*kMember = number;
}
// A duration; a plain number is seconds, which is deprecated.
template <auto kMember>
void ReadDuration(ConfigReading& reading, const std::string& key, const ConfigValue& value) {
  if (value.AsString() == nullptr) {
    std::int64_t seconds = 0;
    reading.Warn(value, Lowered(key), Lowered(key) + " should be converted to a duration");
    if (reading.Take(value, seconds))
      reading.settings.*kMember = FromSeconds(static_cast<double>(seconds));
    return;
  }
  const StatusOr<std::chrono::nanoseconds> duration = ParseDuration(*value.AsString());
  if (!duration.ok())
    return reading.Error(value,
                         "error parsing " + Lowered(key) + ": " + duration.status().message());
  reading.settings.*kMember = *duration;
}

void ReadMaxConnections(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  std::int64_t number = 0;
  if (reading.Take(value, number)) reading.settings.max_connections = number == 0 ? -1 : number;
}

void ReadMaxTokens(ConfigReading& reading, const std::string& key, const ConfigValue& value) {
  std::int64_t number = 0;
  if (!reading.Take(value, number)) return;
  if (number > kMaxSubscriptionTokens) return reading.Error(value, key + " value is too big");
  if (number <= 0) return reading.Error(value, key + " value can not be negative");
  reading.settings.nats.max_subscription_tokens = static_cast<std::int32_t>(number);
}

void ReadLameDuckDuration(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  std::string text;
  if (!reading.Take(value, text)) return;
  const StatusOr<std::chrono::nanoseconds> duration = ParseDuration(text);
  if (!duration.ok())
    return reading.Error(value, "error parsing lame_duck_duration: " + duration.status().message());
  if (*duration < kMinLameDuckDuration)
    return reading.Error(value, "invalid lame_duck_duration of " + FormatDuration(*duration) +
                                    ", minimum is 30 seconds");
  reading.settings.lame_duck_duration = *duration;
}

void ReadLameDuckGrace(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  std::string text;
  if (!reading.Take(value, text)) return;
  const StatusOr<std::chrono::nanoseconds> duration = ParseDuration(text);
  if (!duration.ok())
    return reading.Error(value,
                         "error parsing lame_duck_grace_period: " + duration.status().message());
  if (duration->count() < 0)
    return reading.Error(value, "invalid lame_duck_grace_period, needs to be positive");
  reading.settings.lame_duck_grace_period = *duration;
}

void AddTag(const std::string& text, std::vector<std::string>& tags) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return;
  const std::string tag = Lowered(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
  if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
}

void ReadServerTags(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  std::vector<std::string>& tags = reading.settings.nats.server_tags;
  if (value.AsString() != nullptr) return AddTag(*value.AsString(), tags);
  if (value.AsArray() == nullptr)
    return reading.Error(value, "error parsing tags: unsupported type " + TypeName(value));
  for (const ConfigValue& tag : *value.AsArray()) {
    if (tag.AsString() == nullptr)
      return reading.Error(value, "error parsing tags: unsupported type " + TypeName(tag) +
                                      " where string is expected");
    AddTag(*tag.AsString(), tags);
  }
}

void ReadServerMetadata(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  if (value.AsMap() == nullptr)
    return reading.Error(value, "error parsing metadata: unsupported type " + TypeName(value));
  for (const auto* entry : InOrder(*value.AsMap()))
    reading.Take(entry->second, reading.settings.nats.server_metadata[entry->first]);
}

void ReadTrace(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  reading.Take(value, reading.settings.log.trace);
}

void ReadWriteTimeout(ConfigReading& reading, const std::string& key, const ConfigValue& value) {
  std::string policy;
  if (!reading.Take(value, policy)) return;
  // A client that is slow to read is closed, as "close" says; that is the default for clients.
  if (policy == "default" || policy == "close") return;
  if (policy == "retry") return reading.Refuse(value, key, "the policy \"retry\"");
  reading.Error(value, "write_timeout must be 'default', 'close' or 'retry'");
}

// Checks the type and goes on: the comment at the table says why nothing else is to be done.
template <typename Type>
void ReadAndDrop(ConfigReading& reading, const std::string&, const ConfigValue& value) {
  Type dropped{};
  reading.Take(value, dropped);
}

const std::map<std::string_view, KeyReader> kKeys = {
    {"listen", ReadListen},
    {"client_advertise", ReadNats<&NatsOptions::client_advertise>},
    {"port", ReadSetting<&Settings::port>},
    {"server_name", ReadServerName},
    {"host", ReadSetting<&Settings::host>},
    {"net", ReadSetting<&Settings::host>},
    {"debug", ReadLog<&LogSettings::debug>},
    {"trace", ReadTrace},
    // Traces the system account's traffic too; there is none, so it is plain tracing.
    {"trace_verbose", ReadTrace},
    {"logtime", ReadLog<&LogSettings::times>},
    {"logtime_utc", ReadLog<&LogSettings::utc>},
    // How subjects are matched inside; the answers are the same.
    {"disable_sublist_cache", ReadAndDrop<bool>},
    {"no_sublist_cache", ReadAndDrop<bool>},
    {"accounts", [](ConfigReading& reading, const std::string&,
                    const ConfigValue& value) { ReadAccounts(reading, value); }},
    {"authorization", [](ConfigReading& reading, const std::string&,
                         const ConfigValue& value) { ReadAuthorization(reading, value); }},
    {"http", ReadMonitoring<&Settings::http_port>},
    {"http_port", ReadSetting<&Settings::http_port>},
    {"monitor_port", ReadSetting<&Settings::http_port>},
    {"https", ReadMonitoring<&Settings::https_port>},
    {"https_port", ReadSetting<&Settings::https_port>},
    {"logfile", ReadLog<&LogSettings::file>},
    {"log_file", ReadLog<&LogSettings::file>},
    {"logfile_size_limit", ReadLog<&LogSettings::size_limit>},
    {"log_size_limit", ReadLog<&LogSettings::size_limit>},
    {"logfile_max_num", ReadLog<&LogSettings::max_files>},
    {"log_max_num", ReadLog<&LogSettings::max_files>},
    {"pidfile", ReadSetting<&Settings::pid_file>},
    {"pid_file", ReadSetting<&Settings::pid_file>},
    {"ports_file_dir", ReadSetting<&Settings::ports_file_dir>},
    {"max_control_line", ReadInt32<&Settings::max_control_line>},
    {"max_payload", ReadInt32<&Settings::max_payload>},
    {"max_pending", ReadSetting<&Settings::max_pending>},
    {"max_connections", ReadMaxConnections},
    {"max_conn", ReadMaxConnections},
    {"max_subscriptions", ReadSetting<&Settings::max_subscriptions>},
    {"max_subs", ReadSetting<&Settings::max_subscriptions>},
    {"max_sub_tokens", ReadMaxTokens},
    {"max_subscription_tokens", ReadMaxTokens},
    {"ping_interval", ReadDuration<&Settings::ping_interval>},
    {"ping_max", ReadSetting<&Settings::max_pings_out>},
    {"tls", [](ConfigReading& reading, const std::string&,
               const ConfigValue& value) { ReadTls(reading, value); }},
    {"allow_non_tls", ReadNats<&NatsOptions::allow_non_tls>},
    {"write_deadline", ReadDuration<&Settings::write_deadline>},
    {"write_timeout", ReadWriteTimeout},
    {"lame_duck_duration", ReadLameDuckDuration},
    {"lame_duck_grace_period", ReadLameDuckGrace},
    {"no_auth_user", ReadNats<&NatsOptions::no_auth_user>},
    // There is no system account to be without.
    {"no_system_account", ReadAndDrop<bool>},
    {"no_system", ReadAndDrop<bool>},
    {"no_sys_acc", ReadAndDrop<bool>},
    {"no_header_support", ReadOpposite<&NatsOptions::headers>},
    // How often failed connections to other servers are logged; there are no others.
    {"connect_error_reports", ReadAndDrop<std::int64_t>},
    {"reconnect_error_reports", ReadAndDrop<std::int64_t>},
    {"server_tags", ReadServerTags},
    {"server_metadata", ReadServerMetadata},
    {"no_fast_producer_stall", ReadOpposite<&NatsOptions::stall_fast_producers>},
    {"max_closed_clients", ReadSetting<&Settings::max_closed_clients>}};

constexpr const char* kJetStream = "JetStream";
constexpr const char* kOperators = "operators and JWT";
constexpr const char* kProfiling = "profiling";
constexpr const char* kSystemAccount = "a system account";

// What nats-server has and Wherry has not, by its keys.
const std::map<std::string_view, const char*> kMissing = {
    {"trace_headers", "tracing of headers alone"},
    {"mappings", "subject mappings"},
    {"maps", "subject mappings"},
    {"default_sentinel", kOperators},
    {"http_base_path", "a base path of monitoring"},
    {"cluster", "clusters"},
    {"gateway", "gateways"},
    {"leaf", "leaf nodes"},
    {"leafnodes", "leaf nodes"},
    {"store_dir", kJetStream},
    {"storedir", kJetStream},
    {"jetstream", kJetStream},
    {"syslog", "a way to the system log"},
    {"remote_syslog", "a way to a remote system log"},
    {"prof_port", kProfiling},
    {"prof_block_rate", kProfiling},
    {"proxy_protocol", "the PROXY protocol"},
    {"max_traced_msg_len", "a limit on traced messages"},
    {"ocsp", "OCSP"},
    {"operator", kOperators},
    {"operators", kOperators},
    {"roots", kOperators},
    {"root", kOperators},
    {"root_operators", kOperators},
    {"root_operator", kOperators},
    {"resolver", kOperators},
    {"account_resolver", kOperators},
    {"accounts_resolver", kOperators},
    {"resolver_tls", kOperators},
    {"resolver_preload", kOperators},
    {"resolver_pinned_accounts", kOperators},
    {"system_account", kSystemAccount},
    {"system", kSystemAccount},
    {"trusted", kOperators},
    {"trusted_keys", kOperators},
    {"websocket", "WebSocket"},
    {"ws", "WebSocket"},
    {"mqtt", "MQTT"},
    {"feature_flags", "nats-server's feature flags"},
    {"default_js_domain", kJetStream},
    {"ocsp_cache", "OCSP"},
    {"proxies", "the PROXY protocol"}};

}  // namespace

bool SwitchedOff(const ConfigValue& value) {
  if (value.AsBool() != nullptr) return !*value.AsBool();
  if (value.AsInteger() != nullptr) return *value.AsInteger() == 0;
  if (value.AsString() != nullptr) {
    const std::string word = Lowered(*value.AsString());
    return word.empty() || word == "disabled" || word == "disable";
  }
  return false;
}

std::string ConfigProblems::ToString() const {
  std::string text;
  for (const std::string& warning : warnings) text += warning + "\n";
  for (const std::string& error : errors) text += error + "\n";
  return text;
}

bool ConfigReading::TakeSeconds(const ConfigValue& value, const std::string& what,
                                double& seconds) {
  if (value.AsInteger() != nullptr) {
    seconds = static_cast<double>(*value.AsInteger());
  } else if (value.AsFloat() != nullptr) {
    seconds = *value.AsFloat();
  } else if (value.AsString() != nullptr) {
    const StatusOr<std::chrono::nanoseconds> duration = ParseDuration(*value.AsString());
    if (!duration.ok()) {
      Error(value, what + duration.status().message());
      return false;
    }
    seconds = std::chrono::duration<double>(*duration).count();
  } else {
    Error(value, what + "wrong type");
    return false;
  }
  return true;
}

std::chrono::nanoseconds FromSeconds(double seconds) {
  constexpr double kMost = 9.2e9;  // what nanoseconds in 64 bits hold, 292 years
  return std::chrono::nanoseconds(
      std::llround(std::clamp(std::isnan(seconds) ? 0 : seconds, -kMost, kMost) * 1e9));
}

ConfigProblems ReadConfig(const ConfigMap& config, const std::string& file,
                          const FileReader& read_file, Settings& settings) {
  ConfigReading reading{settings, read_file, {}};
  if (config.empty())
    reading.problems.warnings.push_back(file + ": config has no values or is empty");
  for (const auto* entry : InOrder(config)) {
    const auto& [key, value] = *entry;
    const std::string name = Lowered(key);
    if (const auto known = kKeys.find(name); known != kKeys.end()) {
      known->second(reading, key, value);
    } else if (const auto missing = kMissing.find(name); missing != kMissing.end()) {
      if (!SwitchedOff(value)) reading.Refuse(value, key, missing->second);
    } else {
      reading.Unknown(value, key);
    }
  }
  return std::move(reading.problems);
}

}  // namespace wherry::nats_server
