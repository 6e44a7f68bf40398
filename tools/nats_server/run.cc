#include "tools/nats_server/run.h"

#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "tools/nats_server/command_line.h"
#include "tools/nats_server/files.h"
#include "tools/nats_server/log.h"
#include "tools/nats_server/ports_json.h"
#include "tools/nats_server/send_signal.h"
#include "tools/nats_server/text.h"
#include "tools/ports.h"
#include "tools/process.h"
#include "wherry/broker.h"

namespace wherry::nats_server {
namespace {

constexpr int kExitFailure = 1;
constexpr std::int32_t kLargePayload = 8 * 1024 * 1024;

std::string BaseName(std::string_view program) {
  return std::string(program.substr(program.rfind('/') + 1));
}

// A message may quote a NUL byte of a file.
void Print(const std::string& text, FILE* out) { std::fwrite(text.data(), 1, text.size(), out); }

int Die(const std::string& what) {
  Print(Complaint(what), stderr);
  return kExitFailure;
}

int Fatal(Log& log, const std::string& line) {
  log.Fatal(line);
  return kExitFailure;
}

ConfigSources SystemSources() {
  return {ReadWholeFile, [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
          }};
}

// A name's first address, IPv4 before IPv6, as nats-server listens at one alone; what is an
// address already, or cannot be found, stays as it is.
std::string Resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (host.empty() || getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return host;
  const addrinfo* chosen = found;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET) continue;
    chosen = entry;
    break;
  }
  char text[NI_MAXHOST] = "";
  const bool shown = getnameinfo(chosen->ai_addr, chosen->ai_addrlen, text, sizeof(text), nullptr,
                                 0, NI_NUMERICHOST) == 0;
  freeaddrinfo(found);
  return shown ? text : host;
}

bool HasPlainPassword(const NatsOptions& nats) {
  const auto plain = [](const std::string& password) {
    return !password.empty() && !password.starts_with("$2");
  };
  for (const NatsUser& user : nats.users)
    if (plain(user.password)) return true;
  return plain(nats.password);
}

void LogStart(Log& log, const Settings& settings, const Options& options) {
  log.Info("Starting nats-server");
  log.Info("  Version:  " + std::string(NatsVersion()));
  log.Info("  Git:      [wherry-" + std::string(Version()) + "]");
  if (!settings.nats.server_name.empty()) log.Info("  Name:     " + settings.nats.server_name);
  if (HasPlainPassword(options.nats))
    log.Write(LogLevel::kWarning, "Plaintext passwords detected, use nkeys or bcrypt");
  if (!settings.config_file.empty())
    log.Info("Using configuration file: " + settings.config_file + " (" + settings.config_digest +
             ")");
  if (options.nats.max_payload > kLargePayload)
    log.Write(LogLevel::kWarning,
              "Maximum payloads over 8.00 MB are generally discouraged and could lead to poor "
              "performance");
}

std::int64_t PortOf(const std::string& url) {
  return std::strtol(url.substr(url.rfind(':') + 1).c_str(), nullptr, 10);
}

// Why nothing started, in the words for which scripts look.
int FailStart(Log& log, const Settings& settings, const Options& options, const Status& status) {
  const std::string& why = status.message();
  const auto at = [&](const std::string& host, const std::string& url) {
    const std::string address = JoinHostPort(host, PortOf(url));
    const std::string bind = "listen tcp " + address + ": bind: ";
    if (why.find("the port is in use") != std::string::npos)
      return std::pair(address, bind + "address already in use");
    if (why.find("no such address") != std::string::npos)
      return std::pair(address, bind + "cannot assign requested address");
    return std::pair(address, why);
  };
  if (why.find("cannot listen at http") != std::string::npos)
    return Fatal(log, "Can't start monitoring: can't listen to the monitor port: " +
                          at(MonitoringHost(settings), options.listen.back()).second);
  if (why.find("cannot listen at ") != std::string::npos ||
      why.find("cannot open a socket ") != std::string::npos) {
    const auto [address, reason] = at(ClientHost(settings), options.listen.front());
    return Fatal(log, "Error listening on port: " + address + ", " + Quoted(reason));
  }
  return Die(why);
}

void LogReady(Log& log, const Settings& settings, const Broker& broker, const NatsOptions& nats) {
  for (const char* const protocol : {"http", "https"}) {
    const std::string url = broker.Url(protocol);
    if (!url.empty())
      log.Info(std::string("Starting ") + protocol + " monitor on " +
               JoinHostPort(MonitoringHost(settings), PortOf(url)));
  }
  log.Info("Listening for client connections on " +
           JoinHostPort(ClientHost(settings), PortOf(broker.Url("nats"))));
  if (nats.tls.has_value()) {
    const bool first = nats.tls->handshake_first == TlsOptions::HandshakeFirst::kAlways;
    log.Info(nats.allow_non_tls && !first ? "TLS available for client connections"
                                          : "TLS required for client connections");
    if (first)
      log.Write(LogLevel::kWarning,
                "Clients that are not using \"TLS Handshake First\" option will fail to connect");
  }
  log.Info("Server is ready");
}

// Writes the ports file, if one is asked for. It goes with the returned object.
std::optional<server::PortsFile> PublishPorts(Log& log, const std::string& program,
                                              const Settings& settings, const Broker& broker,
                                              bool tls) {
  if (settings.ports_file_dir.empty()) return std::nullopt;
  const std::string path =
      settings.ports_file_dir + "/" + BaseName(program) + "_" + std::to_string(getpid()) + ".ports";
  StatusOr<server::PortsFile> file = server::PortsFile::Prepare(path);
  Status status = file.status();
  if (status.ok()) status = file->Publish(PortsFileJson(broker.Urls(), tls, LocalAddresses()));
  if (status.ok()) return std::move(file).value();
  log.Write(LogLevel::kError, "Error writing ports file (" + path + "): " + status.message());
  return std::nullopt;
}

// What the broker's thread sends the main one at the end of lame duck mode.
int LastClientGone() { return SIGRTMIN; }

const char* NameOf(int signal) {
  switch (signal) {
    case SIGINT:
      return "interrupt";
    case SIGTERM:
      return "terminated";
    case SIGHUP:
      return "hangup";
    case SIGUSR1:
      return "user defined signal 1";
    default:
      return "user defined signal 2";
  }
}

void ReopenLog(Log& log) {
  if (!log.is_file()) return log.Info("File log re-open ignored, not a file logger");
  const Status status = log.Reopen();
  if (status.ok()) return log.Info("File log re-opened");
  log.Write(LogLevel::kError, "The log file could not be opened anew: " + status.message());
}

// False: the server goes on as before.
bool EnterLameDuck(Log& log, Broker& broker) {
  log.Info("Entering lame duck mode, stop accepting new clients");
  const Status status = broker.nats().EnterLameDuck([] { kill(getpid(), LastClientGone()); });
  if (!status.ok()) log.Write(LogLevel::kError, "Failed to enter it: " + status.message());
  return status.ok();
}

// What the server was started with, which a reload reads again.
struct Start {
  const std::vector<std::string>& arguments;
  const Settings& settings;
  const Options& options;
};

// Reads the command line and the file again, and takes over what a running server can.
Status Reload(Broker& broker, const Start& start, Settings& settings) {
  const auto invalid = [](std::string why) {
    return Status(StatusCode::kInvalidArgument, std::move(why));
  };
  if (start.settings.config_file.empty())
    return invalid("can only reload config when a file is provided using -c or --config");
  CommandLine read = ReadCommandLine(start.arguments, SystemSources());
  if (read.exit_status.has_value()) {
    while (read.errors.ends_with('\n')) read.errors.pop_back();
    return invalid(read.errors);
  }
  settings = std::move(read.settings);
  Settings resolved = settings;
  resolved.host = Resolve(settings.host);
  resolved.http_host = Resolve(settings.http_host);
  StatusOr<Options> options = BrokerOptions(resolved);
  if (!options.ok()) return options.status();
  if (options->listen != start.options.listen)
    return invalid("config reload not supported for Host, Port and monitoring ports; restart");
  return broker.nats().Reload(options->nats);
}

void HandleReload(Log& log, Broker& broker, const Start& start) {
  Settings settings;
  const Status status = Reload(broker, start, settings);
  if (status.ok())
    return log.Info("Reloaded server configuration (" + settings.config_digest + ")");
  log.Write(LogLevel::kError, "Failed to reload server configuration: " + status.message());
}

// Handles signals until one ends the server.
void HandleSignals(Log& log, Broker& broker, const sigset_t& signals, const Start& start) {
  bool lame_duck = false;
  while (true) {
    const int signal = server::AwaitSignal(signals);
    if (signal == LastClientGone()) return;
    log.Info(std::string("Trapped ") + Quoted(NameOf(signal)) + " signal");
    // As with nats-server, a lame duck is not hurried by SIGTERM; SIGINT ends it.
    if (signal == SIGINT || (signal == SIGTERM && !lame_duck)) return;
    if (signal == SIGUSR1) ReopenLog(log);
    if (signal == SIGUSR2 && !lame_duck) lame_duck = EnterLameDuck(log, broker);
    if (signal == SIGHUP) HandleReload(log, broker, start);
  }
}

int Serve(const std::string& program, const std::vector<std::string>& arguments,
          const Settings& settings) {
  Settings resolved = settings;
  resolved.host = Resolve(settings.host);
  resolved.http_host = Resolve(settings.http_host);
  StatusOr<Options> options = BrokerOptions(resolved);
  if (!options.ok()) return Die(options.status().message());
  StatusOr<std::unique_ptr<Log>> opened = Log::Open(settings.log);
  if (!opened.ok()) {
    std::fprintf(stderr, "error opening file: %s\n", opened.status().message().c_str());
    return kExitFailure;
  }
  Log& log = **opened;
  server::RaiseDescriptorLimit();
  server::KeepFreeMemory();
  const sigset_t signals =
      server::BlockSignals({SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, LastClientGone()});
  signal(SIGPIPE, SIG_IGN);  // a closed standard error must not end the server

  LogStart(log, settings, *options);
  if (!settings.pid_file.empty()) {
    const Status status = WriteWholeFile(settings.pid_file, std::to_string(getpid()));
    if (!status.ok()) return Fatal(log, "Could not write pidfile: " + status.message());
  }
  options->log = [&log](LogLevel level, std::string_view line) { log.Write(level, line); };
  StatusOr<Broker> broker = Broker::Start(*options);
  if (!broker.ok()) return FailStart(log, settings, *options, broker.status());
  LogReady(log, settings, *broker, options->nats);
  std::optional<server::PortsFile> ports_file =
      PublishPorts(log, program, settings, *broker,
                   options->nats.tls.has_value() && !options->nats.allow_non_tls);

  HandleSignals(log, *broker, signals, {arguments, settings, *options});
  // A second signal, while the broker stops, ends the process at once.
  sigset_t ends;
  sigemptyset(&ends);
  for (const int end : {SIGINT, SIGTERM}) {
    signal(end, SIG_DFL);
    sigaddset(&ends, end);
  }
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  log.Info("Initiating Shutdown...");
  const Status stopped = broker->Stop();
  ports_file.reset();
  if (!stopped.ok()) return Fatal(log, stopped.message());
  log.Info("Server Exiting..");
  return 0;
}

}  // namespace

bool IsOurName(std::string_view program) { return BaseName(program) == "nats-server"; }

int Run(const std::string& program, const std::vector<std::string>& arguments) {
  CommandLine command_line = ReadCommandLine(arguments, SystemSources());
  Print(command_line.errors, stderr);
  Print(command_line.output, stdout);
  if (command_line.exit_status.has_value()) {
    std::fflush(stdout);
    return *command_line.exit_status;
  }
  if (!command_line.signal.empty()) {
    const Status status = SendSignal(command_line.signal);
    return status.ok() ? 0 : Die(status.message());
  }
  return Serve(program, arguments, command_line.settings);
}

}  // namespace wherry::nats_server
