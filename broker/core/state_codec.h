#pragma once

// How the values and keys of broker/core are put together from integers and strings: big-endian,
// strings behind their size (be32). Keys of a namespace begin with the size of its name (be16) and
// the name, then a word that says what they hold and ends in '/'.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace wherry::core {

template <typename Integer>
void PutBigEndian(std::string& out, Integer value) {
  const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(bits >> shift));
  }
}

inline void PutString(std::string& out, std::string_view value) {
  PutBigEndian(out, static_cast<std::uint32_t>(value.size()));
  out.append(value);
}

// `word` tells the kinds of keys of one namespace apart: "offsets/", "groups/".
inline std::string StateKey(std::string_view namespace_name, std::string_view word) {
  std::string key;
  PutBigEndian(key, static_cast<std::uint16_t>(namespace_name.size()));
  key.append(namespace_name);
  key.append(word);
  return key;
}

// Takes integers and strings off `bytes`; `good` turns false where there are too few, and stays so.
// Threads: its owner's only. Owned by whoever decodes; `bytes` must outlive it.
struct StateReader {
  std::string_view bytes;
  bool good = true;

  template <typename Integer>
  Integer Take() {
    if (!good || bytes.size() < sizeof(Integer)) {
      good = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    bytes.remove_prefix(sizeof(Integer));
    return static_cast<Integer>(value);
  }

  std::string TakeString() {
    const auto size = Take<std::uint32_t>();
    if (!good || bytes.size() < size) {
      good = false;
      return {};
    }
    std::string value(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return value;
  }

  // Everything was there and nothing is left.
  bool Ended() const { return good && bytes.empty(); }
};

}  // namespace wherry::core
