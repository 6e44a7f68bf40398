#pragma once

// How the values and keys of broker/core are put together from integers and strings: big-endian,
// strings behind their size (be32).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/runtime/clock.h"
#include "storage/big_endian.h"

namespace wherry::core {

template <typename Integer>
void PutBigEndian(std::string& out, Integer value) {
  storage::AppendBigEndian(out, value);
}

inline void PutString(std::string& out, std::string_view value) {
  PutBigEndian(out, static_cast<std::uint32_t>(value.size()));
  out.append(value);
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
    const auto value = storage::BigEndian<Integer>(bytes);
    bytes.remove_prefix(sizeof(Integer));
    return value;
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

// An optional stands behind a u8: 0 absent, 1 there.
inline void PutOptional(std::string& out, const std::optional<std::string>& value) {
  PutBigEndian(out, static_cast<std::uint8_t>(value.has_value()));
  if (value.has_value()) PutString(out, *value);
}

inline std::optional<std::string> TakeOptional(StateReader& reader) {
  const auto present = reader.Take<std::uint8_t>();
  if (present > 1) reader.good = false;
  if (present == 0) return std::nullopt;
  return reader.TakeString();
}

inline void PutMillis(std::string& out, runtime::Duration duration) {
  PutBigEndian(out, static_cast<std::int32_t>(
                        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

inline runtime::Duration TakeMillis(StateReader& reader) {
  return std::chrono::milliseconds(reader.Take<std::int32_t>());
}

}  // namespace wherry::core
