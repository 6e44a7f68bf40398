#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// The vocabulary in which a message describes itself, once, for everything that is done with it.
//
//   struct Request {
//     std::string group_id;
//     std::optional<std::string> group_instance_id;
//     std::vector<Member> members;
//     static void Visit(auto& v, auto& m) {
//       v.Field("GroupId", m.group_id);
//       v.Since(3).Nullable("GroupInstanceId", m.group_instance_id);
//       v.Since(1).Until(4).Array("Members", m.members);
//     }
//   };
//
// Decoder, Encoder, JsonWriter, JsonReader and RandomFiller (its neighbours here) each walk that. A
// field outside its versions keeps the member's default. Which versions are flexible (compact
// lengths, tagged fields: KIP-482) is the visitor's to know, not the message's.
namespace wherry::wire {

// 16 bytes, as Kafka names topics from KIP-516 on. All zero: none.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  bool is_zero() const { return *this == Uuid(); }
};

// The type BYTES: opaque to the protocol.
struct Bytes {
  std::string value;
  bool operator==(const Bytes&) const = default;
};

// The type RECORDS. Decoded: a view into the request, which must outlive it. To be encoded: the
// batches, which the encoder refers to and never copies, or else the view.
struct Records {
  bool null = true;
  std::string_view view;
  std::vector<std::shared_ptr<const std::string>> batches;

  std::size_t size() const {
    std::size_t size = view.size();
    for (const auto& batch : batches) size += batch->size();
    return size;
  }
};

// What every visitor offers to a Visit. `V` has version() and Take(name, value, nullable), and
// TakeTagged(tag, name, value, default).
template <typename V>
class Vocabulary {
 public:
  // The same words, for the versions [since, until] only.
  class Range {
   public:
    Range(V& visitor, int since, int until) : visitor_(visitor), since_(since), until_(until) {}
    Range Since(int version) const { return {visitor_, version, until_}; }
    Range Until(int version) const { return {visitor_, since_, version}; }

    template <typename T>
    void Field(const char* name, T& value) const {
      if (Holds()) visitor_.Take(name, value, false);
    }
    template <typename T>
    void Array(const char* name, T& value) const {
      if (Holds()) visitor_.Take(name, value, false);
    }
    // `value` is a std::optional (or Records), and may be null.
    template <typename T>
    void Nullable(const char* name, T& value) const {
      if (Holds()) visitor_.Take(name, value, true);
    }
    // Null only from `version` on; before, nullopt goes as empty.
    template <typename T>
    void NullableSince(int version, const char* name, T& value) const {
      if (Holds()) visitor_.Take(name, value, visitor_.version() >= version);
    }
    // A tagged field is absent where it equals its default (flexible versions only).
    template <typename T>
    void Tagged(std::uint32_t tag, const char* name, T& value,
                const std::type_identity_t<std::remove_const_t<T>>& absent = {}) const {
      if (Holds()) visitor_.TakeTagged(tag, name, value, absent);
    }

   private:
    bool Holds() const { return visitor_.version() >= since_ && visitor_.version() <= until_; }
    V& visitor_;
    const int since_;
    const int until_;
  };

  Range Since(int version) { return {self(), version, kNoLimit}; }
  Range Until(int version) { return {self(), 0, version}; }
  template <typename T>
  void Field(const char* name, T& value) {
    self().Take(name, value, false);
  }
  template <typename T>
  void Array(const char* name, T& value) {
    self().Take(name, value, false);
  }
  template <typename T>
  void Nullable(const char* name, T& value) {
    self().Take(name, value, true);
  }
  template <typename T>
  void NullableSince(int version, const char* name, T& value) {
    Since(0).NullableSince(version, name, value);
  }
  template <typename T>
  void Tagged(std::uint32_t tag, const char* name, T& value,
              const std::type_identity_t<std::remove_const_t<T>>& absent = {}) {
    self().TakeTagged(tag, name, value, absent);
  }

 private:
  static constexpr int kNoLimit = std::numeric_limits<int>::max();
  V& self() { return static_cast<V&>(*this); }
};

}  // namespace wherry::wire
