#include "tests/bench/measurement.h"

#include <unistd.h>

namespace wherry::bench {

void Meter::Start() {
  server_cpu_ = CpuSeconds(server_);
  load_cpu_ = CpuSeconds(getpid());
  start_ = Now();
}

Measurement Meter::Stop() const {
  Measurement measured;
  measured.seconds = Now() - start_;
  measured.server_cpu = CpuSeconds(server_) - server_cpu_;
  measured.load_cpu = CpuSeconds(getpid()) - load_cpu_;
  measured.peak_kib = PeakResidentKib(server_);
  return measured;
}

}  // namespace wherry::bench
