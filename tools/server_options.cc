#include "tools/server_options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "tools/flags.h"
#include "tools/kafka_flags.h"
#include "wherry/broker.h"

namespace wherry::server {
namespace {

constexpr const char* kDefaultDataDir = "./wherry-data";
constexpr int kMaxDefaultPartitions = 10000;
constexpr int kMaxKafkaNodes = 100;
constexpr int kMaxInitialRebalanceDelayMs = 300'000;
constexpr int kMaxThreads = 64;
const std::vector<std::string> kDefaultListen = {"nats://localhost:4222", "kafka://localhost:9092",
                                                 "http://localhost:8222"};

const std::map<std::string, SyncMode> kSyncModes = {
    {"commit", SyncMode::kCommit}, {"interval", SyncMode::kInterval}, {"os", SyncMode::kOs}};
const std::map<std::string, LogLevel> kLogLevels = {{"error", LogLevel::kError},
                                                    {"warning", LogLevel::kWarning},
                                                    {"info", LogLevel::kInfo},
                                                    {"debug", LogLevel::kDebug},
                                                    {"trace", LogLevel::kTrace}};

const std::map<std::string, ClockMode> kClockModes = {{"real", ClockMode::kReal},
                                                      {"virtual", ClockMode::kVirtual}};
const std::map<std::string, ControlAccess> kControlAccess = {
    {"off", ControlAccess::kOff},
    {"loopback", ControlAccess::kLoopback},
    {"everywhere", ControlAccess::kEverywhere}};

const std::map<std::string, bool> kOnOff = {{"off", false}, {"on", true}};

constexpr const char* kExamples =
    "Examples:\n"
    "  wherry                                    NATS 4222, Kafka 9092, HTTP 8222, data kept\n"
    "  wherry --ephemeral                        in memory, on free ports that it prints\n"
    "  wherry --listen nats://0.0.0.0:4222       NATS alone, for other machines too\n"
    "  wherry --ephemeral --ports-file ports     for a test: read the URLs from ./ports\n"
    "  WHERRY_NATS_TOKEN=s3cret wherry           NATS clients must present the token\n"
    "  wherry exec -- make test                  run a command beside a broker of its own, at\n"
    "                                            $WHERRY_NATS_URL, $WHERRY_HTTP_URL and\n"
    "                                            $WHERRY_KAFKA_BOOTSTRAP; --ephemeral is implied\n"
    "\n"
    "Exit status: 0 after SIGINT or SIGTERM, 2 if it could not start; of exec, the command's.\n";

// What the flags say, before defaults that depend on one another are settled.
struct Flags {
  bool ephemeral = false;
  std::string data_dir = kDefaultDataDir;
  bool data_dir_given = false;
  std::vector<std::string> listen;
  std::string memory_limit;
  std::string sync = "commit";
  std::string log_level = "info";
  std::string control;  // empty: by --ephemeral
  std::string clock = "real";
  std::string auto_create_topics = "on";
  std::string strict = "off";
  int initial_rebalance_delay_ms = 0;
  KafkaFlags kafka;
};

// "--data-dir DIR [./wherry-data] ($WHERRY_DATA_DIR)": a flag, its default, its variable.
class HelpLines final : public CLI::Formatter {
 public:
  HelpLines() { column_width(34); }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    std::string text = " " + option->get_type_name();
    if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
    if (!option->get_envname().empty()) text += " ($" + option->get_envname() + ")";
    return text;
  }
};

void DeclareData(CLI::App& app, Flags& flags, ServerOptions& options) {
  const char* group = "Data";
  AddValue(app, "--data-dir", flags.data_dir, "DIR", "Where data is kept, created if missing")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--ephemeral", flags.ephemeral,
               "Keep everything in memory, leave nothing behind;\n"
               "free ports unless --listen is given")
      ->group(group);
  AddValue(app, "--sync", flags.sync, "commit|interval|os",
           "What an acknowledgement has survived: power loss (commit),\n"
           "power loss but for the last second (interval), kill -9 (os)")
      ->check(OneOf(kSyncModes))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--memory-limit", flags.memory_limit, "BYTES",
           "Records held in memory at most, as 512m or 2g;\nwithout it there is no limit")
      ->group(group);
  AddValue(app, "--kafka-default-partitions", options.broker.kafka.default_partitions, "N",
           "Partitions of a topic created without a number")
      ->check(CLI::Range(1, kMaxDefaultPartitions).description(""))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-nodes", options.broker.kafka.nodes, "N",
           "Kafka brokers to pose as; those behind the first listen\nat the ports behind its own")
      ->check(CLI::Range(1, kMaxKafkaNodes).description(""))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-strict", flags.strict, "on|off",
           "Whether more replicas than there are nodes are refused, as by Kafka")
      ->check(OneOf(kOnOff))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-auto-create-topics", flags.auto_create_topics, "on|off",
           "Whether a topic is created when a client asks for one that is not there")
      ->check(OneOf(kOnOff))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--kafka-initial-rebalance-delay-ms", flags.initial_rebalance_delay_ms, "MS",
           "How long the first member of a group waits for others; Kafka: 3000")
      ->check(CLI::Range(0, kMaxInitialRebalanceDelayMs).description(""))
      ->capture_default_str()
      ->group(group);
}

void DeclareNetwork(CLI::App& app, Flags& flags, ServerOptions& options) {
  const char* group = "Network";
  AddValue(app, "--listen", flags.listen, "URL",
           "nats://HOST:PORT, kafka://HOST:PORT or http://HOST:PORT,\n"
           "kafka+ssl://, kafka+sasl_plaintext:// and kafka+sasl_ssl://,\n"
           "repeatable; port 0 is a free one, localhost 127.0.0.1 and ::1.\n"
           "Replaces the defaults: NATS 4222, Kafka 9092, HTTP 8222\non localhost")
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  AddValue(app, "--advertise", options.broker.advertise, "HOST[:PORT]",
           "Where Kafka clients are told to connect;\n"
           "without it, the address at which they reached us")
      ->group(group);
  AddValue(app, "--threads", options.broker.threads, "N",
           "Threads that serve NATS connections; 0: one for each core,\n8 at most")
      ->check(CLI::Range(0, kMaxThreads).description(""))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--nats-user", options.broker.nats.user, "NAME", "User that NATS clients must be")
      ->group(group);
  AddValue(app, "--nats-password", options.broker.nats.password, "WORD",
           "The user's password (better in the environment)")
      ->group(group);
  AddValue(app, "--nats-token", options.broker.nats.token, "WORD",
           "Token that NATS clients must present")
      ->group(group);
}

void DeclareTesting(CLI::App& app, Flags& flags, ServerOptions& options) {
  const char* group = "For tests";
  AddValue(app, "--control", flags.control, "off|loopback|everywhere",
           "HTTP listeners at which POST /control/... may change all there is;\n"
           "loopback with --ephemeral, else off")
      ->check(OneOf(kControlAccess))
      ->group(group);
  AddValue(app, "--clock", flags.clock, "real|virtual",
           "The broker's clock: the machine's, or one that stands still until\n"
           "POST /control/clock/advance moves it")
      ->check(OneOf(kClockModes))
      ->capture_default_str()
      ->group(group);
  AddValue(app, "--history", options.broker.history, "N",
           "How many of the clients' latest operations each namespace remembers,\n"
           "for /control/requests and /control/lint")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--simulated-disk", options.broker.simulated_disk,
               "With --ephemeral: a disk in memory, for what /control/broker/crash\n"
               "and /control/broker/restart leave")
      ->group(group);
  app.add_flag("--exit-with-parent", options.exit_with_parent,
               "End when standard input does: a pipe that the starting process\n"
               "holds the other end of ends with it, by kill -9 too")
      ->group(group);
}

void DeclareRunning(CLI::App& app, Flags& flags, ServerOptions& options) {
  const char* group = "Running";
  AddValue(app, "--ports-file", options.ports_file, "FILE",
           "Written when all listen, removed at the end: a JSON object\n"
           "of URL lists, {\"nats\":[\"nats://127.0.0.1:4222\"],...}")
      ->group(group);
  app.add_option(
         "--ready-fd", options.ready_fd,
         "Descriptor that gets the same object as one line when all\nlisten, and is then closed")
      ->check(CLI::Range(0, std::numeric_limits<int>::max()).description(""))
      ->type_name("N")
      ->group(group);
  AddValue(app, "--log-level", flags.log_level, "error|warning|info|debug|trace",
           "Log lines on standard error down to")
      ->check(OneOf(kLogLevels))
      ->capture_default_str()
      ->group(group);
  app.set_version_flag("--version", "wherry " + std::string(Version()),
                       "Print the version and exit")
      ->group(group);
  app.set_help_flag("-h,--help", "Print this and exit")->group(group);
}

CommandLine ExitWith(int status, std::string message) {
  CommandLine result;
  result.exit_status = status;
  result.message = std::move(message);
  return result;
}

CommandLine Refuse(std::string what) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  return ExitWith(kExitUsage, "wherry: " + what + "; see wherry --help");
}

CommandLine RefuseUnknown(const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining();
  const std::string word = unknown.empty() ? "?" : unknown[0].substr(0, unknown[0].find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const std::string nearest = Nearest(word, names);
  return Refuse("unknown argument " + word +
                (nearest.empty() ? "" : " (did you mean " + nearest + "?)"));
}

// Takes the command off `wherry exec [options] -- command [arguments]` and leaves the rest.
// Something else than "exec" comes first: nothing changes.
std::optional<CommandLine> TakeCommand(std::vector<std::string>& arguments, Flags& flags,
                                       ServerOptions& options) {
  if (arguments.empty() || arguments.front() != "exec") return std::nullopt;
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes != arguments.end()) options.command.assign(dashes + 1, arguments.end());
  if (options.command.empty())
    return Refuse("exec needs a command: wherry exec [options] -- command [arguments]");
  arguments.assign(arguments.begin() + 1, dashes);
  flags.ephemeral = std::find_if(arguments.begin(), arguments.end(), [](const std::string& one) {
                      return one.starts_with("--data-dir");
                    }) == arguments.end();
  return std::nullopt;
}

// Settles what depends on several flags.
CommandLine Settle(const Flags& flags, ServerOptions options) {
  if (!flags.memory_limit.empty()) {
    const std::optional<std::uint64_t> limit = ParseBytes(flags.memory_limit);
    if (!limit.has_value())
      return Refuse("--memory-limit: " + flags.memory_limit +
                    " is not a number of bytes like 512m");
    options.broker.memory_limit = *limit;
  }
  // In the environment a data directory is a custom, beside --ephemeral it is a contradiction.
  if (flags.ephemeral && flags.data_dir_given && std::getenv("WHERRY_DATA_DIR") == nullptr)
    return Refuse("--ephemeral keeps nothing, --data-dir keeps everything: give one of them");
  if (!flags.ephemeral && flags.data_dir.empty())
    return Refuse("--data-dir is empty; --ephemeral keeps everything in memory");
  options.broker.data_dir = flags.ephemeral ? "" : flags.data_dir;
  options.broker.listen = flags.listen.empty() && !flags.ephemeral ? kDefaultListen : flags.listen;
  options.broker.sync = kSyncModes.at(flags.sync);
  options.broker.kafka.strict = kOnOff.at(flags.strict);
  options.broker.kafka.auto_create_topics = kOnOff.at(flags.auto_create_topics);
  options.broker.kafka.initial_rebalance_delay =
      std::chrono::milliseconds(flags.initial_rebalance_delay_ms);
  const Status security = SettleKafkaSecurity(flags.kafka, options.broker.kafka.security);
  if (!security.ok()) return Refuse(security.message());
  // Data that is kept is not for everybody who reaches the port.
  options.broker.control = !flags.control.empty() ? kControlAccess.at(flags.control)
                           : flags.ephemeral      ? ControlAccess::kLoopback
                                                  : ControlAccess::kOff;
  options.broker.clock = kClockModes.at(flags.clock);
  options.log_level = kLogLevels.at(flags.log_level);
  CommandLine result;
  result.options = std::move(options);
  return result;
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lowered;
}

// Insertions, deletions and replacements that lead from `a` to `b`.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

CommandLine ReadCommandLine(int argc, const char* const* argv) {
  CLI::App app("Wherry: one small broker that NATS and Kafka clients take for the real thing.\n",
               "wherry");
  app.formatter(std::make_shared<HelpLines>());
  Flags flags;
  ServerOptions options;
  DeclareData(app, flags, options);
  DeclareNetwork(app, flags, options);
  DeclareKafkaSecurity(app, flags.kafka, options.broker.kafka.security);
  DeclareTesting(app, flags, options);
  DeclareRunning(app, flags, options);
  app.footer(kExamples);
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (const std::optional<CommandLine> refusal = TakeCommand(arguments, flags, options))
    return *refusal;
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return ExitWith(0, app.help());
  } catch (const CLI::CallForVersion& version) {
    return ExitWith(0, version.what() + std::string("\n"));
  } catch (const CLI::ExtrasError&) {
    return RefuseUnknown(app);
  } catch (const CLI::ParseError& error) {
    return Refuse(error.what());
  }
  flags.data_dir_given = app.count("--data-dir") > 0;
  return Settle(flags, std::move(options));
}

std::optional<std::uint64_t> ParseBytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string suffix = Lowered({end, text.data() + text.size()});
  int shift = 0;
  if (suffix == "k") {
    shift = 10;
  } else if (suffix == "m") {
    shift = 20;
  } else if (suffix == "g") {
    shift = 30;
  } else if (!suffix.empty()) {
    return std::nullopt;
  }
  if (number > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return number << shift;
}

std::string Nearest(std::string_view word, const std::vector<std::string>& names) {
  // A third of the word may be wrong: "--ephmeral" is near, "--verbose" is not.
  std::size_t best = word.size() / 3 + 1;
  std::string nearest;
  for (const std::string& name : names) {
    const std::size_t distance = Distance(Lowered(word), name);
    if (distance >= best) continue;
    best = distance;
    nearest = name;
  }
  return nearest;
}

}  // namespace wherry::server
