#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

#include "tests/bench/connection.h"
#include "tests/bench/process_meter.h"

namespace wherry::bench {

// The server a run loads, and how patient the run is. A value.
struct Target {
  Address address;
  Wire wire = Wire::kNats;
  pid_t pid = 0;              // whose CPU and memory are read; 0: nobody's
  double stall_seconds = 10;  // without any progress the run has failed
};

// One row of figures. A value; only a run whose checks passed returns one.
struct Measurement {
  std::uint64_t operations =
      0;  // deliveries; publishes where nobody listens; requests; connections
  double seconds = 0;
  double server_cpu = 0;  // seconds
  double load_cpu = 0;    // seconds of the load program itself
  std::int64_t peak_kib = 0;
  std::int64_t idle_kib = 0;      // of one idle connection, or of the server before the load
  std::vector<double> latencies;  // seconds
};

// Takes the figures between Start and Stop.
// Threads: one at a time. Owned by a run.
class Meter {
 public:
  explicit Meter(pid_t server) : server_(server) {}

  void Start();
  // Fills everything but operations, idle_kib and latencies.
  Measurement Stop() const;

 private:
  const pid_t server_;
  double start_ = 0;
  double server_cpu_ = 0;
  double load_cpu_ = 0;
};

}  // namespace wherry::bench
