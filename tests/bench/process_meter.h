#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace wherry::bench {

// Seconds of a clock that never steps back.
double Now();

// User and system seconds a process has used, its dead threads included: what /proc/PID/stat shows
// in ticks of 10 ms, in nanoseconds. 0 if there is no such process.
double CpuSeconds(pid_t pid);

// Resident memory in KiB: now, and the highest so far. 0 if there is no such process.
std::int64_t ResidentKib(pid_t pid);
std::int64_t PeakResidentKib(pid_t pid);

// The value that `percent` of the samples do not exceed (nearest rank); 0 without samples.
double Percentile(std::vector<double> samples, double percent);

}  // namespace wherry::bench
