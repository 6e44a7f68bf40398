#include "tools/process.h"

#include <sys/resource.h>

#include <algorithm>

namespace wherry::server {
namespace {

// As many descriptors as a server of this size can use; some systems allow a billion.
constexpr rlim_t kMaxDescriptors = 1 << 20;

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kMaxDescriptors));
  setrlimit(RLIMIT_NOFILE, &limit);  // refused, we run with what there is
}

sigset_t BlockSignals(std::initializer_list<int> signals) {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  return blocked;
}

}  // namespace wherry::server
