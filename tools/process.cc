#include "tools/process.h"

#include <malloc.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <thread>

namespace wherry::server {
namespace {

// As many descriptors as a server of this size can use; some systems allow a billion.
constexpr rlim_t kMaxDescriptors = 1 << 20;

// How often to look for free memory, and how much more than the last time is worth the trouble.
constexpr timespec kTrimInterval = {.tv_sec = 5, .tv_nsec = 0};
constexpr std::size_t kWorthTrimming = 8 * 1024 * 1024;

// The most that malloc takes for what it maps apart.
constexpr int kKeptFree = 32 * 1024 * 1024;

// `trimmed`: what was free after the last time; malloc goes on counting it as free.
void ReturnFreeMemory(std::size_t& trimmed) {
#ifdef __GLIBC__
  const std::size_t free = mallinfo2().fordblks;
  trimmed = std::min(trimmed, free);
  if (free - trimmed < kWorthTrimming) return;
  malloc_trim(0);
  trimmed = mallinfo2().fordblks;
#endif
}

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kMaxDescriptors));
  setrlimit(RLIMIT_NOFILE, &limit);  // refused, we run with what there is
}

void KeepFreeMemory() {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, kKeptFree);
  mallopt(M_MMAP_THRESHOLD, kKeptFree);
#endif
}

sigset_t BlockSignals(std::initializer_list<int> signals) {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  return blocked;
}

void EndWithInput() {
  // A thread that nobody joins: it waits as long as the starter lives, and ends with the process.
  std::thread([] {
    char dropped[256];
    while (true) {
      const ssize_t size = read(STDIN_FILENO, dropped, sizeof(dropped));
      if (size == 0 || (size < 0 && errno != EINTR)) break;
    }
    kill(getpid(), SIGTERM);
  }).detach();
}

int AwaitSignal(const sigset_t& signals) {
  std::size_t trimmed = 0;
  while (true) {
    const int signal = sigtimedwait(&signals, nullptr, &kTrimInterval);
    if (signal > 0) return signal;
    ReturnFreeMemory(trimmed);
  }
}

}  // namespace wherry::server
