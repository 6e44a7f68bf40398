#include "tests/bench/stamp.h"

#include <vector>

namespace wherry::bench {

const char* FillPattern() {
  static const std::vector<char> pattern = [] {
    std::vector<char> bytes(kMaxPayload);
    std::uint32_t state = 12345;
    for (char& byte : bytes) {
      state = state * 1664525 + 1013904223;
      byte = static_cast<char>('!' + (state >> 24) % 90);  // printable: a trace stays readable
    }
    return bytes;
  }();
  static const char* const first = pattern.data();
  return first;
}

void WritePayload(char* payload, std::size_t size, Stamp stamp) {
  std::memcpy(payload, FillPattern(), size);
  std::memcpy(payload, &stamp.publisher, sizeof stamp.publisher);
  Restamp(payload, size, stamp);
}

}  // namespace wherry::bench
