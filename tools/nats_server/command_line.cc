#include "tools/nats_server/command_line.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "tools/nats_server/config_reading.h"
#include "tools/nats_server/go_flags.h"
#include "wherry/broker.h"

namespace wherry::nats_server {
namespace {

// Where flags go that are not settings by themselves.
struct Flags {
  Settings& settings;
  bool help = false;
  bool version = false;
  bool tls_help = false;
  bool check_config = false;
  std::string config_file;
  std::string signal;

  // -DV and its kin, which are applied last.
  std::optional<bool> debug_and_trace;
  std::optional<bool> debug_and_verbose_trace;
  std::optional<bool> verbose_trace;

  std::optional<bool> tls;
  bool tls_detail = false;  // some other flag of TLS was given
  bool tls_verify = false;
  std::string tls_cert, tls_key, tls_ca_cert;

  // Flags of what Wherry has not: the last value of each, under its longest name.
  std::map<std::string, std::pair<FlagValue, const char*>> missing;
};

struct Flag {
  FlagSpec spec;
  void (*apply)(Flags&, const FlagValue&);
};

template <auto kMember>
void Assign(Flags& flags, const FlagValue& value) {
  auto& target = flags.*kMember;
  using Target = std::remove_reference_t<decltype(target)>;
  if constexpr (std::is_same_v<Target, std::string>) {
    target = value.text;
  } else {
    target = value.truth;
  }
}
template <auto kMember>
void AssignSetting(Flags& flags, const FlagValue& value) {
  auto& target = flags.settings.*kMember;
  if constexpr (std::is_same_v<std::remove_reference_t<decltype(target)>, std::string>) {
    target = value.text;
  } else {
    target = value.number;
  }
}
template <auto kMember>
void AssignNats(Flags& flags, const FlagValue& value) {
  flags.settings.nats.*kMember = value.text;
}
template <auto kMember>
void AssignLog(Flags& flags, const FlagValue& value) {
  auto& target = flags.settings.log.*kMember;
  using Target = std::remove_reference_t<decltype(target)>;
  if constexpr (std::is_same_v<Target, std::string>) {
    target = value.text;
  } else if constexpr (std::is_same_v<Target, bool>) {
    target = value.truth;
  } else {
    target = value.number;
  }
}
template <auto kMember>
void AssignTls(Flags& flags, const FlagValue& value) {
  Assign<kMember>(flags, value);
  flags.tls_detail = true;
}

constexpr FlagSpec Bool(std::string_view name) { return {name, FlagKind::kBool}; }
constexpr FlagSpec Number(std::string_view name) { return {name, FlagKind::kInteger}; }
constexpr FlagSpec Text(std::string_view name) { return {name, FlagKind::kString}; }

const Flag kFlags[] = {{Bool("h"), Assign<&Flags::help>},
                       {Bool("help"), Assign<&Flags::help>},
                       {Number("p"), AssignSetting<&Settings::port>},
                       {Number("port"), AssignSetting<&Settings::port>},
                       {Text("n"), AssignNats<&NatsOptions::server_name>},
                       {Text("name"), AssignNats<&NatsOptions::server_name>},
                       {Text("server_name"), AssignNats<&NatsOptions::server_name>},
                       {Text("a"), AssignSetting<&Settings::host>},
                       {Text("addr"), AssignSetting<&Settings::host>},
                       {Text("net"), AssignSetting<&Settings::host>},
                       {Text("client_advertise"), AssignNats<&NatsOptions::client_advertise>},
                       {Bool("D"), AssignLog<&LogSettings::debug>},
                       {Bool("debug"), AssignLog<&LogSettings::debug>},
                       {Bool("V"), AssignLog<&LogSettings::trace>},
                       {Bool("trace"), AssignLog<&LogSettings::trace>},
                       {Bool("VV"), Assign<&Flags::verbose_trace>},
                       {Bool("DV"), Assign<&Flags::debug_and_trace>},
                       {Bool("DVV"), Assign<&Flags::debug_and_verbose_trace>},
                       {Bool("T"), AssignLog<&LogSettings::times>},
                       {Bool("logtime"), AssignLog<&LogSettings::times>},
                       {Bool("logtime_utc"), AssignLog<&LogSettings::utc>},
                       {Text("user"), AssignNats<&NatsOptions::user>},
                       {Text("pass"), AssignNats<&NatsOptions::password>},
                       {Text("auth"), AssignNats<&NatsOptions::token>},
                       {Number("m"), AssignSetting<&Settings::http_port>},
                       {Number("http_port"), AssignSetting<&Settings::http_port>},
                       {Number("ms"), AssignSetting<&Settings::https_port>},
                       {Number("https_port"), AssignSetting<&Settings::https_port>},
                       {Text("c"), Assign<&Flags::config_file>},
                       {Text("config"), Assign<&Flags::config_file>},
                       {Bool("t"), Assign<&Flags::check_config>},
                       {Text("sl"), Assign<&Flags::signal>},
                       {Text("signal"), Assign<&Flags::signal>},
                       {Text("P"), AssignSetting<&Settings::pid_file>},
                       {Text("pid"), AssignSetting<&Settings::pid_file>},
                       {Text("ports_file_dir"), AssignSetting<&Settings::ports_file_dir>},
                       {Text("l"), AssignLog<&LogSettings::file>},
                       {Text("log"), AssignLog<&LogSettings::file>},
                       {Number("log_size_limit"), AssignLog<&LogSettings::size_limit>},
                       {Bool("v"), Assign<&Flags::version>},
                       {Bool("version"), Assign<&Flags::version>},
                       {Bool("help_tls"), Assign<&Flags::tls_help>},
                       {Bool("tls"), Assign<&Flags::tls>},
                       {Bool("tlsverify"), AssignTls<&Flags::tls_verify>},
                       {Text("tlscert"), AssignTls<&Flags::tls_cert>},
                       {Text("tlskey"), AssignTls<&Flags::tls_key>},
                       {Text("tlscacert"), AssignTls<&Flags::tls_ca_cert>}};

constexpr const char* kJetStream = "JetStream";
constexpr const char* kClusters = "clusters";
constexpr const char* kSystemLog = "a way to the system log";

struct MissingFlag {
  FlagSpec spec;
  const char* target;  // several names may set one value
  const char* what;
};

constexpr MissingFlag kMissingFlags[] = {
    {Bool("js"), "jetstream", kJetStream},
    {Bool("jetstream"), "jetstream", kJetStream},
    {Text("sd"), "store_dir", kJetStream},
    {Text("store_dir"), "store_dir", kJetStream},
    {Bool("s"), "syslog", kSystemLog},
    {Bool("syslog"), "syslog", kSystemLog},
    {Text("r"), "remote_syslog", kSystemLog},
    {Text("remote_syslog"), "remote_syslog", kSystemLog},
    {Number("profile"), "profile", "profiling"},
    {Number("max_traced_msg_len"), "max_traced_msg_len", "a limit on traced messages"},
    {Text("routes"), "routes", kClusters},
    {Text("cluster"), "cluster", kClusters},
    {Text("cluster_listen"), "cluster", kClusters},
    {Text("cluster_advertise"), "cluster_advertise", kClusters},
    {Text("cluster_name"), "cluster_name", kClusters},
    {Bool("no_advertise"), "no_advertise", kClusters},
    {Number("connect_retries"), "connect_retries", kClusters}};

std::vector<FlagSpec> AllSpecs() {
  std::vector<FlagSpec> specs;
  for (const Flag& flag : kFlags) specs.push_back(flag.spec);
  for (const MissingFlag& flag : kMissingFlags) specs.push_back(flag.spec);
  return specs;
}

void Apply(const ParsedFlags& parsed, Flags& flags) {
  for (const FlagValue& value : parsed.flags) {
    const auto named = [&](const auto& flag) { return flag.spec.name == value.name; };
    const auto* known = std::find_if(std::begin(kFlags), std::end(kFlags), named);
    if (known != std::end(kFlags)) {
      known->apply(flags, value);
      continue;
    }
    const auto* missing = std::find_if(std::begin(kMissingFlags), std::end(kMissingFlags), named);
    if (missing != std::end(kMissingFlags))
      flags.missing.insert_or_assign(missing->target, std::pair(value, missing->what));
  }
}

// A flag of what Wherry has not, unless its value asks for nothing; "" if there is none.
std::string Refusal(const Flags& flags) {
  for (const auto& [target, given] : flags.missing) {
    const FlagValue& value = given.first;
    const auto* flag =
        std::find_if(std::begin(kMissingFlags), std::end(kMissingFlags),
                     [&](const auto& known) { return known.spec.name == value.name; });
    const bool asks = flag->spec.kind == FlagKind::kBool      ? value.truth
                      : flag->spec.kind == FlagKind::kInteger ? value.number != 0
                                                              : !value.text.empty();
    if (!asks) continue;
    return "-" + value.name + ": Wherry does not have " + given.second +
           " yet; leave it out, or run nats-server";
  }
  return "";
}

CommandLine Exit(int status, std::string output, std::string errors) {
  CommandLine result;
  result.exit_status = status;
  result.output = std::move(output);
  result.errors = std::move(errors);
  return result;
}

CommandLine Die(const std::string& what) { return Exit(1, "", Complaint(what)); }

// Reads the configuration file into the settings; set: exit with that.
std::optional<CommandLine> ReadFile(const Flags& flags, const ConfigSources& sources,
                                    std::string& warnings) {
  if (flags.config_file.empty()) {
    if (!flags.check_config) return std::nullopt;
    return Die("must specify [-c, --config] option to check configuration file syntax");
  }
  Settings& settings = flags.settings;
  settings.config_file = flags.config_file;
  const StatusOr<std::string> text = sources.read_file(flags.config_file);
  if (!text.ok()) return Die(text.status().message());
  const StatusOr<ConfigMap> config = ParseConfig(*text, flags.config_file, sources);
  if (!config.ok()) return Die(config.status().message());
  settings.config_digest = ConfigDigest(*config);
  const ConfigProblems problems =
      ReadConfig(*config, flags.config_file, sources.read_file, settings);
  if (!problems.errors.empty() || (flags.check_config && !problems.empty()))
    return Die(problems.ToString());
  if (flags.check_config)
    return Exit(0, "",
                Complaint("configuration file " + flags.config_file + " is valid (" +
                          settings.config_digest + ")"));
  warnings = problems.ToString();
  return std::nullopt;
}

// -tls and what goes with it replace the certificates of the file; the rest of its block stays.
std::string ApplyTls(const Flags& flags, const ConfigSources& sources) {
  std::optional<TlsOptions>& tls = flags.settings.nats.tls;
  if (flags.tls.has_value() && !*flags.tls) {
    tls.reset();
    return "";
  }
  if (!flags.tls.has_value() && !flags.tls_detail) return "";
  if (flags.tls_cert.empty()) return "TLS Server certificate must be present and valid";
  if (flags.tls_key.empty()) return "TLS Server private key must be present and valid";
  TlsOptions options = tls.value_or(TlsOptions());
  options.cert_file = flags.tls_cert;
  options.key_file = flags.tls_key;
  options.ca_file = flags.tls_ca_cert;
  options.verify = flags.tls_verify;
  options.min_version.clear();
  options.cipher_suites.clear();
  options.curve_preferences.clear();
  tls = options;
  return TlsFilesProblem(options, sources.read_file);
}

void ApplyLogLevels(const Flags& flags) {
  LogSettings& log = flags.settings.log;
  if (flags.debug_and_trace.has_value()) log.debug = log.trace = *flags.debug_and_trace;
  if (flags.debug_and_verbose_trace.has_value())
    log.debug = log.trace = *flags.debug_and_verbose_trace;
  if (flags.verbose_trace.has_value()) log.trace = *flags.verbose_trace;
}

}  // namespace

std::string Complaint(const std::string& what) { return "nats-server: " + what + "\n"; }

CommandLine ReadCommandLine(std::span<const std::string> arguments, const ConfigSources& sources) {
  const std::vector<FlagSpec> specs = AllSpecs();
  const ParsedFlags parsed = ParseFlags(specs, arguments);
  if (!parsed.error.empty()) return Exit(0, Usage(), parsed.error + "\n");
  CommandLine result;
  Flags flags{result.settings};
  Apply(parsed, flags);
  const std::string word = parsed.arguments.empty() ? "" : Lowered(parsed.arguments[0]);
  const std::string version = "nats-server: v" + std::string(NatsVersion()) + "\n";
  if (flags.version) return Exit(0, version, "");
  if (flags.help) return Exit(0, Usage(), "");
  if (flags.tls_help) return Exit(0, TlsUsage(), "");
  if (word == "version") return Exit(0, version, "");
  if (word == "help") return Exit(0, Usage(), "");
  if (!parsed.arguments.empty()) return Die("unrecognized command: " + Quoted(parsed.arguments[0]));
  result.signal = flags.signal;
  if (!flags.signal.empty()) return result;

  // The file starts from what the flags said, and they say it again afterwards.
  if (std::optional<CommandLine> end = ReadFile(flags, sources, result.errors); end.has_value())
    return *std::move(end);
  Apply(parsed, flags);
  ApplyLogLevels(flags);
  if (const std::string refusal = Refusal(flags); !refusal.empty()) return Die(refusal);
  if (const std::string problem = ApplyTls(flags, sources); !problem.empty()) return Die(problem);
  return result;
}

}  // namespace wherry::nats_server
