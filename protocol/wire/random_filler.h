#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "protocol/wire/visitor.h"

namespace wherry::wire {

// Fills a message with random values: small ones often, the greatest sometimes, null where that may
// be. For property tests and fuzzers' first inputs.
// Threads: none of its own. `random` must outlive it.
class RandomFiller : public Vocabulary<RandomFiller> {
 public:
  using Random = std::mt19937_64;

  // Tagged fields stay as they are unless `flexible`, Records stay null.
  RandomFiller(Random& random, int version, bool flexible)
      : random_(random), version_(version), flexible_(flexible) {}

  template <typename M>
  void Fill(M& message) {
    M::Visit(*this, message);
  }
  int version() const { return version_; }

  template <typename T>
  void Take(const char*, T& value, bool nullable) {
    Choose(value, nullable);
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char*, T& value, const D&) {
    if (flexible_ && Below(2) == 0) Choose(value, true);
  }

 private:
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }

  template <typename T>
  void Choose(T& value, bool) {
    if constexpr (std::is_same_v<T, bool>) {
      value = Below(2) == 0;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(Below(100));
    } else if constexpr (std::integral<T>) {
      value = static_cast<T>(Below(4) == 0 ? random_() : Below(10));
    } else {
      T::Visit(*this, value);
    }
  }
  // A JSON number carries it exactly.
  void Choose(double& value, bool) { value = static_cast<double>(Below(1000)) / 8; }
  void Choose(Uuid& value, bool) {
    for (std::uint8_t& byte : value.bytes) byte = static_cast<std::uint8_t>(random_());
  }
  void Choose(std::string& value, bool) {
    value.clear();
    const std::uint64_t size = Below(50) == 0 ? Below(1000) : Below(6);
    for (std::uint64_t i = 0; i < size; ++i) value.push_back(static_cast<char>('a' + Below(26)));
  }
  void Choose(Bytes& value, bool) { Choose(value.value, false); }
  void Choose(Records&, bool) {}
  template <typename T>
  void Choose(std::vector<T>& values, bool) {
    values.clear();
    const std::uint64_t size = Below(4);
    for (std::uint64_t i = 0; i < size; ++i) Choose(values.emplace_back(), false);
  }
  template <typename T>
  void Choose(std::optional<T>& value, bool nullable) {
    value.reset();
    if (!nullable || Below(3) != 0) Choose(value.emplace(), false);
  }

  Random& random_;
  const int version_;
  const bool flexible_;
};

}  // namespace wherry::wire
