#include "broker/nats/monitor/monitor.h"

#include <sys/resource.h>

#include <cmath>

#include "broker/nats/monitor/pages.h"

namespace wherry::nats {

namespace {

runtime::Duration CpuUsed() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace

Monitor::Monitor(Server& server, runtime::Shard& home)
    : server_(server), home_(home), cpu_since_(home.clock().RealNow()), cpu_used_(CpuUsed()) {}

std::span<const Monitor::Page> Monitor::Pages() {
  static constexpr Page kPages[] = {
      {"/", ServeIndex},
      {"/varz", ServeVarz},
      {"/connz", ServeConnz},
      {"/subsz", ServeSubsz},
      {"/subscriptionsz", ServeSubsz},
      {"/accountz", ServeAccountz},
      {"/healthz", ServeHealthz},
  };
  return kPages;
}

double Monitor::TakeCpuPercent() {
  const runtime::Instant now = home_.clock().RealNow();
  const runtime::Duration used = CpuUsed();
  const double elapsed = static_cast<double>((now - cpu_since_).count());
  const double percent =
      elapsed <= 0 ? 0 : 100 * static_cast<double>((used - cpu_used_).count()) / elapsed;
  cpu_since_ = now;
  cpu_used_ = used;
  return std::round(percent * 10) / 10;
}

}  // namespace wherry::nats
