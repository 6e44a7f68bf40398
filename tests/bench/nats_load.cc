// Loads a NATS server through raw sockets and prints one JSON line with what it cost, or why it
// failed.
#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "tests/bench/cases.h"
#include "tests/bench/json_line.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

JsonLine Row(const Case& row) {
  JsonLine line;
  line.Add("case", row.name).Add("title", row.title);
  return line;
}

bool Report(const Case& row, std::size_t payload, const absl::StatusOr<Measurement>& measured) {
  JsonLine line = Row(row);
  line.Add("payload", static_cast<std::int64_t>(payload));
  if (!measured.ok()) {
    const std::string why(measured.status().message());
    std::fprintf(stderr, "FAILED: %s\n", why.c_str());
    line.Add("failed", why).Print();
    return false;
  }
  const double operations = static_cast<double>(measured->operations);
  line.Add("operations", static_cast<std::int64_t>(measured->operations))
      .Add("seconds", measured->seconds)
      .Add("rate", operations / measured->seconds)
      .Add("cpu_seconds", measured->server_cpu)
      .Add("cpu_per_million", measured->server_cpu / operations * 1e6)
      .Add("load_cpu_per_million", measured->load_cpu / operations * 1e6)
      .Add("peak_kib", measured->peak_kib)
      .Add("idle_kib", measured->idle_kib);
  if (!measured->latencies.empty()) {
    line.Add("p50_us", Percentile(measured->latencies, 50) * 1e6)
        .Add("p99_us", Percentile(measured->latencies, 99) * 1e6);
  }
  line.Print();
  return true;
}

// Thousands of connections need as many descriptors as the hard limit gives.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int List() {
  for (const Case& row : AllCases()) Row(row).Print();
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Loads a NATS server and checks every delivery.");
  std::string name, address = "127.0.0.1:4222", wire = "nats";
  std::size_t payload = 128;
  double scale = 1;
  Target target;
  bool list = false;
  app.add_flag("--list", list, "print the cases and end");
  app.add_option("--case", name, "which case");
  app.add_option("--address", address, "where the server listens");
  app.add_option("--pid", target.pid, "the server's process: its CPU and memory are measured");
  app.add_option("--payload", payload, "bytes")->check(CLI::Range(kStampBytes, kMaxPayload));
  app.add_option("--scale", scale, "how many times the usual number of messages")
      ->check(CLI::PositiveNumber);
  app.add_option("--stall", target.stall_seconds, "seconds without progress that are a failure");
  app.add_option("--wire", wire, "nats, or floor for the byte copier")
      ->check(CLI::IsMember({"nats", "floor"}));
  CLI11_PARSE(app, argc, argv);
  if (list) return List();
  const Case* const row = FindCase(name);
  absl::StatusOr<Address> parsed = Address::Parse(address);
  if (target.pid != 0 && CpuSeconds(target.pid) == 0) {
    std::fprintf(stderr, "there is no process %d\n", static_cast<int>(target.pid));
    return 2;
  }
  if (row == nullptr || !parsed.ok()) {
    std::fprintf(stderr, "%s\n",
                 row == nullptr ? "unknown --case; --list shows them"
                                : std::string(parsed.status().message()).c_str());
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  FillPattern();  // built before anything is measured
  target.address = *parsed;
  target.wire = wire == "floor" ? Wire::kFloor : Wire::kNats;
  return Report(*row, payload, RunCase(*row, target, payload, scale)) ? 0 : 1;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
