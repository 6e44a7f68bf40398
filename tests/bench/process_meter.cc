#include "tests/bench/process_meter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

namespace wherry::bench {
namespace {

double Seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::int64_t StatusKib(pid_t pid, const std::string& key) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.compare(0, key.size(), key) == 0) {
      return std::strtoll(line.c_str() + key.size(), nullptr, 10);
    }
  }
  return 0;
}

}  // namespace

double Now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Seconds(time);
}

double CpuSeconds(pid_t pid) {
  clockid_t clock = 0;
  timespec time{};
  if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    return 0;
  return Seconds(time);
}

std::int64_t ResidentKib(pid_t pid) { return StatusKib(pid, "VmRSS:"); }

std::int64_t PeakResidentKib(pid_t pid) { return StatusKib(pid, "VmHWM:"); }

double Percentile(std::vector<double> samples, double percent) {
  if (samples.empty()) return 0;
  const double rank = std::ceil(percent / 100 * static_cast<double>(samples.size()));
  const std::size_t index = static_cast<std::size_t>(std::max(1.0, rank)) - 1;
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(index),
                   samples.end());
  return samples[index];
}

}  // namespace wherry::bench
