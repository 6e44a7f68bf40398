#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/wire/cursor.h"
#include "protocol/wire/visitor.h"

namespace wherry::wire {

// Fills a message from its bytes. Every length is checked against what is there before memory is
// taken, and one message takes at most kMaxElements array elements (an element may be one byte on
// the wire and a hundred here).
// Threads: none of its own. Records refer into the bytes.
class Decoder : public Vocabulary<Decoder> {
 public:
  static constexpr std::size_t kMaxElements = 1'000'000;

  Decoder(std::string_view bytes, int version, bool flexible)
      : reader_(bytes), version_(version), flexible_(flexible) {}

  // False: the bytes are no such message. What follows them stays in rest().
  template <typename M>
  bool Decode(M& message) {
    TakeMessage(message);
    return reader_.ok();
  }
  std::string_view rest() const { return reader_.rest(); }
  int version() const { return version_; }

  template <typename T>
  void Take(const char*, T& value, bool nullable) {
    if (tags_ == nullptr) Read(value, nullable);
  }

  template <typename T, typename D>
  void TakeTagged(std::uint32_t tag, const char*, T& value, const D&) {
    if (tags_ == nullptr) return;
    for (const auto& [number, bytes] : *tags_) {
      if (number != tag) continue;
      const Tags* const tags = std::exchange(tags_, nullptr);
      const Reader outer = std::exchange(reader_, Reader(bytes));
      Read(value, true);
      const bool ok = reader_.ok();
      reader_ = outer;
      if (!ok) reader_.Fail();
      tags_ = tags;
    }
  }

 private:
  using Tags = std::vector<std::pair<std::uint32_t, std::string_view>>;

  template <typename M>
  void TakeMessage(M& message) {
    M::Visit(*this, message);
    if (!flexible_) return;
    const std::uint32_t count = reader_.Uvarint();
    if (count == 0 || count > reader_.rest().size()) {
      if (count != 0) reader_.Fail();
      return;
    }
    Tags tags;
    for (std::uint32_t i = 0; i < count && reader_.ok() && ++elements_ <= kMaxElements; ++i) {
      const std::uint32_t number = reader_.Uvarint();
      tags.emplace_back(number, reader_.Take(reader_.Uvarint()));
    }
    if (elements_ > kMaxElements) reader_.Fail();
    if (!reader_.ok()) return;
    // The fields again, this time only those with a tag.
    tags_ = &tags;
    M::Visit(*this, message);
    tags_ = nullptr;
  }

  template <typename T>
  void Read(T& value, bool) {
    if constexpr (std::is_same_v<T, bool>) {
      value = reader_.Int<std::uint8_t>() != 0;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(reader_.Int<std::underlying_type_t<T>>());
    } else if constexpr (std::integral<T>) {
      value = reader_.Int<T>();
    } else {
      TakeMessage(value);
    }
  }

  // A length or count, with nullopt for null.
  std::optional<std::size_t> Length(bool two_bytes) {
    if (flexible_) {
      const std::uint32_t size = reader_.Uvarint();
      return size == 0 ? std::nullopt : std::optional<std::size_t>(size - 1);
    }
    const std::int32_t size = two_bytes ? reader_.Int<std::int16_t>() : reader_.Int<std::int32_t>();
    if (size < -1) reader_.Fail();
    return size < 0 ? std::nullopt : std::optional<std::size_t>(size);
  }
  std::optional<std::string_view> Sized(bool two_bytes, bool nullable) {
    const std::optional<std::size_t> size = Length(two_bytes);
    if (size.has_value()) return reader_.Take(*size);
    if (!nullable) reader_.Fail();
    return std::nullopt;
  }

  void Read(double& value, bool) {
    const auto bits = reader_.Int<std::uint64_t>();
    std::memcpy(&value, &bits, sizeof(value));
  }
  void Read(Uuid& value, bool) {
    const std::string_view bytes = reader_.Take(value.bytes.size());
    std::copy(bytes.begin(), bytes.end(), value.bytes.begin());
  }
  void Read(std::string& value, bool) { value = Sized(true, false).value_or(""); }
  void Read(std::optional<std::string>& value, bool nullable) { value = Sized(true, nullable); }
  void Read(Bytes& value, bool) { value.value = Sized(false, false).value_or(""); }
  void Read(std::optional<Bytes>& value, bool nullable) {
    const std::optional<std::string_view> bytes = Sized(false, nullable);
    value.reset();
    if (bytes.has_value()) value = Bytes{std::string(*bytes)};
  }
  void Read(Records& value, bool nullable) {
    const std::optional<std::string_view> bytes = Sized(false, nullable);
    value.null = !bytes.has_value();
    value.view = bytes.value_or(std::string_view());
  }
  template <typename T>
  void Read(std::vector<T>& values, bool) {
    const std::optional<std::size_t> count = Length(false);
    if (!count.has_value()) return reader_.Fail();
    ReadElements(values, *count);
  }
  template <typename T>
  void Read(std::optional<std::vector<T>>& values, bool nullable) {
    const std::optional<std::size_t> count = Length(false);
    values.reset();
    if (!count.has_value()) {
      if (!nullable) reader_.Fail();
      return;
    }
    ReadElements(values.emplace(), *count);
  }
  // A message that may be absent stands behind a byte: -1 absent, 1 there.
  template <typename T>
  void Read(std::optional<T>& value, bool nullable) {
    value.reset();
    if (nullable && reader_.Int<std::int8_t>() < 0) return;
    TakeMessage(value.emplace());
  }
  template <typename T>
  void ReadElements(std::vector<T>& values, std::size_t count) {
    values.clear();
    elements_ += count;
    // No element is smaller than a byte.
    if (count > reader_.rest().size() || elements_ > kMaxElements) return reader_.Fail();
    values.reserve(count);
    for (std::size_t i = 0; i < count && reader_.ok(); ++i) {
      Read(values.emplace_back(), false);
    }
  }

  Reader reader_;
  const int version_;
  const bool flexible_;
  std::size_t elements_ = 0;
  const Tags* tags_ = nullptr;  // set while tagged fields are read
};

}  // namespace wherry::wire
