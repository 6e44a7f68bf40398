#pragma once

#include <algorithm>
#include <chrono>

namespace wherry::conformance {

// How long a test waits for something that is due at once. Long, since it is only reached by a
// defect or on a machine that is busy with everything else.
inline constexpr std::chrono::milliseconds kPatience{20'000};
// How long a test listens for what must not come.
inline constexpr std::chrono::milliseconds kSilence{150};

// A point in time by which something has to have happened.
// Threads: a value. Owned by whoever waits.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds patience = kPatience)
      : at_(std::chrono::steady_clock::now() + patience) {}

  bool Passed() const { return std::chrono::steady_clock::now() >= at_; }
  // Milliseconds left, rounded up, never negative: what poll(2) and the clients' calls take.
  int Left() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace wherry::conformance
