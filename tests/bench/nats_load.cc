// Loads a NATS server through raw sockets and prints one JSON line with what it cost, or why it
// failed.
#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/cases.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped.push_back('\\');
    escaped.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  return escaped;
}

void Print(const Case& row, std::size_t payload, const Measurement& measured) {
  const double operations = static_cast<double>(measured.operations);
  std::printf(
      "{\"case\":\"%s\",\"title\":\"%s\",\"payload\":%zu,\"operations\":%llu,\"seconds\":%.6f,"
      "\"rate\":%.1f,\"cpu_seconds\":%.6f,\"cpu_per_million\":%.6f,\"load_cpu_per_million\":%.6f,"
      "\"peak_kib\":%lld,\"idle_kib\":%lld",
      std::string(row.name).c_str(), std::string(row.title).c_str(), payload,
      static_cast<unsigned long long>(measured.operations), measured.seconds,
      operations / measured.seconds, measured.server_cpu, measured.server_cpu / operations * 1e6,
      measured.load_cpu / operations * 1e6, static_cast<long long>(measured.peak_kib),
      static_cast<long long>(measured.idle_kib));
  if (!measured.latencies.empty()) {
    std::printf(",\"p50_us\":%.1f,\"p99_us\":%.1f", Percentile(measured.latencies, 50) * 1e6,
                Percentile(measured.latencies, 99) * 1e6);
  }
  std::printf("}\n");
}

// Thousands of connections need as many descriptors as the hard limit gives.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int List() {
  for (const Case& row : AllCases()) {
    std::printf("{\"case\":\"%s\",\"title\":\"%s\"}\n", std::string(row.name).c_str(),
                std::string(row.title).c_str());
  }
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
  absl::StatusOr<Measurement> measured = RunCase(*row, target, payload, scale);
  if (!measured.ok()) {
    std::fprintf(stderr, "FAILED: %s\n", std::string(measured.status().message()).c_str());
    std::printf(
        "{\"case\":\"%s\",\"title\":\"%s\",\"payload\":%zu,\"failed\":\"%s\"}\n",
        std::string(row->name).c_str(), std::string(row->title).c_str(), payload,
        Escaped({measured.status().message().data(), measured.status().message().size()}).c_str());
    return 1;
  }
  Print(*row, payload, *measured);
  return 0;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
