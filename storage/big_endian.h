#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Numbers as a data directory has them. Threads: any.
namespace wherry::storage {

template <typename Integer>
void AppendBigEndian(std::string& to, Integer value) {
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>(value >> shift));
  }
}

// Of at least sizeof(Integer) bytes.
template <typename Integer>
Integer BigEndian(std::string_view bytes) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value = static_cast<Integer>(static_cast<std::uint64_t>(value) << 8 |
                                 static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

// Takes numbers and strings from the front of `bytes`; nothing more once it has failed.
// Example: of "\0\0\0\2abc", TakeString(Take<uint32>()) is "ab", and then Take<uint8>() 'c'.
class BigEndianReader {
 public:
  explicit BigEndianReader(std::string_view bytes) : rest_(bytes) {}

  template <typename Integer>
  Integer Take() {
    const std::string_view bytes = TakeString(sizeof(Integer));
    return ok_ ? BigEndian<Integer>(bytes) : Integer{0};
  }
  std::string_view TakeString(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  // Everything was there, and no more.
  bool finished() const { return ok_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace wherry::storage
