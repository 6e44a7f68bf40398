#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace wherry::wire {

// Takes big-endian values off the front of `bytes`. The first value that is not there whole makes
// ok() false for good; from then on everything reads as 0 or "" and nothing moves.
// Threads: none of its own. Views that it gives live as long as the bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename Integer>
  Integer Int() {
    const std::string_view bytes = Take(sizeof(Integer));
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return static_cast<Integer>(value);
  }

  // LEB128, as protobuf: at most 5 bytes, more or a value above 32 bits is an error.
  std::uint32_t Uvarint() { return static_cast<std::uint32_t>(Leb128(5, UINT32_MAX)); }
  // Zigzag over LEB128: 0, -1, 1, -2 are 0, 1, 2, 3. At most 5 (10) bytes.
  std::int32_t Varint() {
    const auto bits = static_cast<std::uint32_t>(Leb128(5, UINT32_MAX));
    return static_cast<std::int32_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }
  std::int64_t Varlong() {
    const std::uint64_t bits = Leb128(10, UINT64_MAX);
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }

  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  void Fail() {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

 private:
  std::uint64_t Leb128(int max_bytes, std::uint64_t max_value) {
    std::uint64_t value = 0;
    for (int i = 0; i < max_bytes; ++i) {
      const auto byte = Int<std::uint8_t>();
      if (!ok_) return 0;
      const std::uint64_t bits = byte & 0x7f;
      // Bits that 64 do not hold would be shifted out unseen.
      if (i == 9 && bits > 1) break;
      value |= bits << (7 * i);
      if ((byte & 0x80) != 0) continue;
      if (value > max_value) break;
      return value;
    }
    Fail();
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Puts values behind `out`, in the forms that Reader takes.
// Threads: none of its own. `out` must outlive it.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <typename Integer>
  void Int(Integer value) {
    const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    char bytes[sizeof(Integer)];
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      bytes[i] = static_cast<char>(bits >> (8 * (sizeof(Integer) - 1 - i)));
    }
    out_.append(bytes, sizeof(bytes));
  }
  void Uvarint(std::uint32_t value) { Leb128(value); }
  void Varint(std::int32_t value) {
    Leb128((static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31));
  }
  void Varlong(std::int64_t value) {
    Leb128((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void Bytes(std::string_view bytes) { out_.append(bytes); }

  std::size_t size() const { return out_.size(); }

 private:
  void Leb128(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }

  std::string& out_;
};

}  // namespace wherry::wire
