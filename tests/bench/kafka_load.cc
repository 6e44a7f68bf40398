// Loads a Kafka broker through librdkafka and prints one JSON line for each run: produce and
// consume, or the latency from one end to the other.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <librdkafka/rdkafka.h>

#include "tests/bench/json_line.h"
#include "tests/bench/kafka_runs.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

constexpr double kLatencyRate = 500;  // records a second

JsonLine Row(const char* name, const KafkaLoad& load) {
  JsonLine line;
  line.Add("case", name)
      .Add("payload", static_cast<std::int64_t>(load.payload))
      .Add("partitions", static_cast<std::int64_t>(load.partitions));
  return line;
}

bool Report(const char* name, const KafkaLoad& load, const absl::StatusOr<Measurement>& measured) {
  JsonLine line = Row(name, load);
  if (!measured.ok()) {
    const std::string why(measured.status().message());
    std::fprintf(stderr, "FAILED: %s\n", why.c_str());
    line.Add("failed", why).Print();
    return false;
  }
  const double records = static_cast<double>(measured->operations);
  const double gigabytes = records * static_cast<double>(load.payload) / 1e9;
  line.Add("records", static_cast<std::int64_t>(measured->operations))
      .Add("seconds", measured->seconds)
      .Add("rate", records / measured->seconds)
      .Add("mb_per_second", gigabytes * 1e3 / measured->seconds)
      .Add("cpu_per_million", measured->server_cpu / records * 1e6)
      .Add("cpu_per_gb", measured->server_cpu / gigabytes)
      .Add("load_cpu_per_million", measured->load_cpu / records * 1e6)
      .Add("peak_kib", measured->peak_kib);
  if (!measured->latencies.empty()) {
    line.Add("p50_us", Percentile(measured->latencies, 50) * 1e6)
        .Add("p99_us", Percentile(measured->latencies, 99) * 1e6)
        .Add("p999_us", Percentile(measured->latencies, 99.9) * 1e6);
  }
  line.Print();
  return true;
}

int Main(int argc, char** argv) {
  CLI::App app("Loads a Kafka broker and checks every record.");
  app.set_version_flag("--version", std::string(rd_kafka_version_str()));
  KafkaLoad load;
  std::uint64_t records = 100'000;
  bool latency = false;
  bool no_consume = false;
  app.add_option("--bootstrap", load.bootstrap, "where the broker listens")->required();
  app.add_option("--pid", load.pid, "the broker's process: its CPU and memory are measured");
  app.add_option("--topic", load.topic, "a topic that holds nothing yet");
  app.add_option("--partitions", load.partitions, "of the topic")->check(CLI::Range(1, 1000));
  app.add_option("--payload", load.payload, "bytes")->check(CLI::Range(kStampBytes, kMaxPayload));
  app.add_option("--records", records, "how many")->check(CLI::PositiveNumber);
  app.add_option("--stall", load.stall_seconds, "seconds without progress that are a failure");
  app.add_flag("--latency", latency, "one record at a time, from producer to consumer");
  app.add_flag("--no-consume", no_consume, "for a broker that does not keep its records");
  CLI11_PARSE(app, argc, argv);
  if (load.pid != 0 && CpuSeconds(load.pid) == 0) {
    std::fprintf(stderr, "there is no process %d\n", static_cast<int>(load.pid));
    return 2;
  }
  load.per_partition =
      std::max<std::uint64_t>(1, records / static_cast<std::uint64_t>(load.partitions));
  FillPattern();  // built before anything is measured
  const char* const first = latency ? "latency" : "produce";
  if (absl::Status status = CreateTopic(load); !status.ok())
    return Report(first, load, status) ? 0 : 1;
  if (latency) return Report(first, load, MeasureLatency(load, kLatencyRate)) ? 0 : 1;
  if (!Report(first, load, Produce(load))) return 1;
  if (no_consume) return 0;
  return Report("consume", load, Consume(load)) ? 0 : 1;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
