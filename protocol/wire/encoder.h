#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/wire/cursor.h"
#include "protocol/wire/visitor.h"

namespace wherry::wire {

// A message's bytes: `head` with the shared batches of its Records spliced in.
struct Encoded {
  struct Splice {
    std::size_t position;  // in head, before which the batch belongs
    std::shared_ptr<const std::string> batch;
  };
  std::string head;
  std::vector<Splice> splices;  // by position

  std::size_t size() const {
    std::size_t size = head.size();
    for (const Splice& splice : splices) size += splice.batch->size();
    return size;
  }
  // In one piece, for tests and traces.
  std::string Flat() const {
    std::string flat;
    std::size_t from = 0;
    for (const Splice& splice : splices) {
      flat.append(head, from, splice.position - from).append(*splice.batch);
      from = splice.position;
    }
    return flat.append(head, from);
  }
};

// Writes a message behind what `out` holds; the inverse of Decoder. A string must be shorter than
// 32 KiB where its version is not flexible; a longer one is cut.
// Threads: none of its own. `out` must outlive it.
class Encoder : public Vocabulary<Encoder> {
 public:
  Encoder(Encoded& out, int version, bool flexible)
      : out_(out), writer_(out.head), version_(version), flexible_(flexible) {}

  template <typename M>
  void Encode(const M& message) {
    PutMessage(message);
  }
  int version() const { return version_; }

  template <typename T>
  void Take(const char*, const T& value, bool nullable) {
    if (!only_tags_) Put(value, nullable);
  }

  template <typename T, typename D>
  void TakeTagged(std::uint32_t tag, const char*, const T& value, const D& absent) {
    if (!flexible_ || value == absent) return;
    if (!only_tags_) {
      ++tag_count_;
      return;
    }
    // The size comes first, so the value is written aside. No Records are ever tagged.
    Encoded aside;
    Encoder(aside, version_, flexible_).Put(value, true);
    writer_.Uvarint(tag);
    writer_.Uvarint(static_cast<std::uint32_t>(aside.head.size()));
    writer_.Bytes(aside.head);
  }

 private:
  static constexpr std::size_t kMaxShortString = INT16_MAX;

  template <typename M>
  void PutMessage(const M& message) {
    const std::uint32_t outer_count = std::exchange(tag_count_, 0);
    M::Visit(*this, message);
    if (flexible_) {
      writer_.Uvarint(tag_count_);
      if (tag_count_ > 0) {
        only_tags_ = true;
        M::Visit(*this, message);
        only_tags_ = false;
      }
    }
    tag_count_ = outer_count;
  }

  template <typename T>
  void Put(const T& value, bool) {
    if constexpr (std::is_same_v<T, bool>) {
      writer_.Int<std::uint8_t>(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      writer_.Int(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::integral<T>) {
      writer_.Int(value);
    } else {
      PutMessage(value);
    }
  }

  void PutLength(std::size_t size, bool two_bytes) {
    if (flexible_) {
      writer_.Uvarint(static_cast<std::uint32_t>(size + 1));
    } else if (two_bytes) {
      writer_.Int(static_cast<std::int16_t>(size));
    } else {
      writer_.Int(static_cast<std::int32_t>(size));
    }
  }
  void PutNull(bool two_bytes) {
    if (flexible_) {
      writer_.Uvarint(0);
    } else if (two_bytes) {
      writer_.Int<std::int16_t>(-1);
    } else {
      writer_.Int<std::int32_t>(-1);
    }
  }
  void PutString(std::string_view text) {
    if (!flexible_) text = text.substr(0, kMaxShortString);
    PutLength(text.size(), true);
    writer_.Bytes(text);
  }

  void Put(const double& value, bool) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    writer_.Int(bits);
  }
  void Put(const Uuid& value, bool) {
    for (const std::uint8_t byte : value.bytes) writer_.Int(byte);
  }
  void Put(const std::string& value, bool) { PutString(value); }
  void Put(const std::optional<std::string>& value, bool nullable) {
    if (!value.has_value() && nullable) return PutNull(true);
    PutString(value.has_value() ? std::string_view(*value) : std::string_view());
  }
  void Put(const Bytes& value, bool) {
    PutLength(value.value.size(), false);
    writer_.Bytes(value.value);
  }
  void Put(const std::optional<Bytes>& value, bool nullable) {
    if (!value.has_value() && nullable) return PutNull(false);
    Put(value.value_or(Bytes()), false);
  }
  void Put(const Records& value, bool nullable) {
    if (value.null && nullable) return PutNull(false);
    PutLength(value.size(), false);
    writer_.Bytes(value.view);
    for (const auto& batch : value.batches) out_.splices.push_back({out_.head.size(), batch});
  }
  template <typename T>
  void Put(const std::vector<T>& values, bool) {
    PutLength(values.size(), false);
    for (const T& value : values) Put(value, false);
  }
  template <typename T>
  void Put(const std::optional<std::vector<T>>& values, bool nullable) {
    if (values.has_value()) return Put(*values, false);
    if (nullable) return PutNull(false);
    PutLength(0, false);
  }
  template <typename T>
  void Put(const std::optional<T>& value, bool nullable) {
    if (nullable) writer_.Int<std::int8_t>(value.has_value() ? 1 : -1);
    if (value.has_value() || !nullable) PutMessage(value.value_or(T()));
  }

  Encoded& out_;
  Writer writer_;
  const int version_;
  const bool flexible_;
  bool only_tags_ = false;
  std::uint32_t tag_count_ = 0;
};

}  // namespace wherry::wire
