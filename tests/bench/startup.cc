// How long it takes until a broker can be used: embedded, from Broker::Start to the first delivery
// on raw sockets; as a process, from exec to the first PONG. Prints one JSON line.
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "tests/bench/first_delivery.h"
#include "tests/bench/json_line.h"
#include "tests/bench/process_meter.h"
#include "tests/bench/server_process.h"
#include "tests/bench/stamp.h"
#include "wherry/broker.h"

namespace wherry::bench {
namespace {

struct Started {
  double seconds = 0;  // until the first delivery or PONG
  double stop_seconds = 0;
  std::int64_t idle_kib = 0;
};

absl::StatusOr<Started> StartEmbedded() {
  const double start = Now();
  StatusOr<Broker> broker = Broker::Start({});
  if (!broker.ok()) return absl::InternalError(broker.status().ToString());
  const absl::StatusOr<Address> address = Address::Parse(broker->Url("nats"));
  if (!address.ok()) return address.status();
  if (absl::Status status = DeliverOne(*address); !status.ok()) return status;
  Started started;
  started.seconds = Now() - start;
  const double stop = Now();
  if (Status stopped = broker->Stop(); !stopped.ok())
    return absl::InternalError(stopped.ToString());
  started.stop_seconds = Now() - stop;
  return started;
}

absl::StatusOr<Started> StartProcess(const std::vector<std::string>& command) {
  const double start = Now();
  absl::StatusOr<ServerProcess> server = ServerProcess::Start(command);
  if (!server.ok()) return server.status();
  Started started;
  started.seconds = Now() - start;
  started.idle_kib = ResidentKib(server->pid());
  const double stop = Now();
  server->Stop();
  started.stop_seconds = Now() - stop;
  return started;
}

// Every sample, so that tools/bench can join several runs.
std::string Milliseconds(const std::vector<double>& seconds) {
  std::string text;
  for (const double value : seconds) absl::StrAppend(&text, text.empty() ? "" : " ", value * 1e3);
  return text;
}

int Main(int argc, char** argv) {
  CLI::App app("Measures how long a broker takes until it can be used.");
  int rounds = 50;
  std::vector<std::string> command;
  app.add_option("--rounds", rounds, "how often")->check(CLI::PositiveNumber);
  app.add_option("command", command,
                 "a server's command line with {port} for its NATS port; none: an embedded broker");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  FillPattern();  // built before anything is measured
  std::vector<double> starts, stops, memory;
  JsonLine line;
  line.Add("case", command.empty() ? "embedded" : "process").Add("rounds", std::int64_t{rounds});
  for (int i = 0; i < rounds; ++i) {
    const absl::StatusOr<Started> started =
        command.empty() ? StartEmbedded() : StartProcess(command);
    if (!started.ok()) {
      const std::string why(started.status().message());
      std::fprintf(stderr, "FAILED: %s\n", why.c_str());
      line.Add("failed", why).Print();
      return 1;
    }
    starts.push_back(started->seconds);
    stops.push_back(started->stop_seconds);
    memory.push_back(static_cast<double>(started->idle_kib));
  }
  line.Add("p50_ms", Percentile(starts, 50) * 1e3)
      .Add("p99_ms", Percentile(starts, 99) * 1e3)
      .Add("stop_p50_ms", Percentile(stops, 50) * 1e3)
      .Add("stop_p99_ms", Percentile(stops, 99) * 1e3)
      .Add("idle_kib", Percentile(memory, 50))
      .Add("start_ms", Milliseconds(starts))
      .Add("stop_ms", Milliseconds(stops))
      .Print();
  return 0;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
