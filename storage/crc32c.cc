#include "storage/crc32c.h"

#include <array>

#include <isa-l/crc.h>

namespace wherry::storage {

namespace {

// Polynomials over GF(2) modulo Castagnoli's, the coefficient of x^0 in the highest bit.
constexpr std::uint32_t kCastagnoli = 0x82F63B78;
constexpr std::uint32_t kOne = std::uint32_t{1} << 31;

constexpr std::uint32_t Product(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & kOne) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kCastagnoli : 0);
  }
  return product;
}

// x^(8 * 2^i): what 2^i bytes that follow make of a checksum.
constexpr auto kShifts = [] {
  std::array<std::uint32_t, 64> shifts{};
  shifts[0] = kOne >> 8;
  for (std::size_t i = 1; i < shifts.size(); ++i) {
    shifts[i] = Product(shifts[i - 1], shifts[i - 1]);
  }
  return shifts;
}();

}  // namespace

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc) {
  // ISA-L leaves the inversion at both ends to its caller, counts in int, and writes nothing.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~crc);
}

std::uint32_t JoinCrc32c(std::uint32_t first, std::uint32_t second, std::uint64_t second_size) {
  for (std::size_t i = 0; second_size != 0; ++i, second_size >>= 1) {
    if ((second_size & 1) != 0) first = Product(first, kShifts[i]);
  }
  return first ^ second;
}

}  // namespace wherry::storage
