#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace wherry::bench {

// What every payload carries, so that loss, duplication, reordering and damage can be told apart.
// Little-endian: publisher (4 bytes), check over both (4), sequence (8), a fixed pattern, and in
// payloads of 24 bytes or more the inverted sequence as the last 8. Sequences of a publisher begin
// at 0.
struct Stamp {
  std::uint32_t publisher = 0;
  std::uint64_t sequence = 0;
};

inline constexpr std::size_t kStampBytes = 16;
inline constexpr std::size_t kTailBytes = 8;
inline constexpr std::size_t kMaxPayload = 8 * 1024 * 1024;

// kMaxPayload bytes that no two neighbouring offsets of a protocol line could be mistaken for.
const char* FillPattern();

// Writes stamp and pattern; `size` is within [kStampBytes, kMaxPayload].
void WritePayload(char* payload, std::size_t size, Stamp stamp);

inline std::uint32_t StampCheck(Stamp stamp) {
  const std::uint64_t mixed = (stamp.sequence + 1) * 0x9E3779B97F4A7C15ull;
  return static_cast<std::uint32_t>(mixed >> 32) ^ stamp.publisher;
}

// Renews the stamp of a payload that WritePayload filled: a few stores, so that a block of messages
// can be sent again and again.
inline void Restamp(char* payload, std::size_t size, Stamp stamp) {
  const std::uint32_t check = StampCheck(stamp);
  std::memcpy(payload + 4, &check, sizeof check);
  std::memcpy(payload + 8, &stamp.sequence, sizeof stamp.sequence);
  if (size >= kStampBytes + kTailBytes) {
    const std::uint64_t inverted = ~stamp.sequence;
    std::memcpy(payload + size - kTailBytes, &inverted, sizeof inverted);
  }
}

// Reads a stamp and compares every byte of the payload; false if any differs from what was sent.
inline bool ReadPayload(std::string_view payload, Stamp& stamp) {
  if (payload.size() < kStampBytes || payload.size() > kMaxPayload) return false;
  std::uint32_t check = 0;
  std::memcpy(&stamp.publisher, payload.data(), sizeof stamp.publisher);
  std::memcpy(&check, payload.data() + 4, sizeof check);
  std::memcpy(&stamp.sequence, payload.data() + 8, sizeof stamp.sequence);
  if (check != StampCheck(stamp)) return false;
  std::size_t filled = payload.size() - kStampBytes;
  if (payload.size() >= kStampBytes + kTailBytes) {
    std::uint64_t inverted = 0;
    std::memcpy(&inverted, payload.data() + payload.size() - kTailBytes, sizeof inverted);
    if (inverted != ~stamp.sequence) return false;
    filled -= kTailBytes;
  }
  return filled == 0 ||
         std::memcmp(payload.data() + kStampBytes, FillPattern() + kStampBytes, filled) == 0;
}

}  // namespace wherry::bench
