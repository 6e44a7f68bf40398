#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/wire/visitor.h"

namespace wherry::wire {

// One field of a message in one version. A value.
struct ListedField {
  std::string path;    // "Topics[].Partitions[].Index"
  std::string type;    // Kafka's word, "int32"; before it "[]" for an array; "{}" has fields
  bool nullable = false;
  int tag = -1;        // -1: none
  std::string absent;  // its value where nobody gives one: "0", "null"; "" also of an array
  bool operator==(const ListedField&) const = default;
};

// What a message consists of in one version, in the order of its Visit.
//
//   FieldLister(version, flexible).List(Request())
//
// Threads: none of its own.
class FieldLister : public Vocabulary<FieldLister> {
 public:
  FieldLister(int version, bool flexible) : version_(version), flexible_(flexible) {}

  template <typename M>
  std::vector<ListedField> List(const M& message) {
    M::Visit(*this, message);
    return std::move(fields_);
  }
  int version() const { return version_; }

  template <typename T>
  void Take(const char* name, const T& value, bool nullable) {
    Add(name, value, nullable, -1, value);
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t tag, const char* name, const T& value, const D& absent) {
    // Null is only absent, where a field has a tag.
    if (flexible_) Add(name, value, IsOptional(value), static_cast<int>(tag), absent);
  }

 private:
  template <typename T, typename D>
  void Add(const char* name, const T& value, bool nullable, int tag, const D& absent) {
    const std::string outer = path_;
    if (!path_.empty()) path_ += '.';
    path_ += name;
    fields_.push_back({path_, TypeOf(value), nullable, tag, TextOf(absent)});
    Enter(value);
    path_ = outer;
  }

  template <typename T>
  static constexpr bool IsOptional(const T&) {
    return false;
  }
  template <typename T>
  static constexpr bool IsOptional(const std::optional<T>&) {
    return true;
  }
  static bool IsOptional(const Records&) { return true; }

  template <typename T>
  static std::string TypeOf(const T&) {
    if constexpr (std::is_same_v<T, bool>) {
      return "bool";
    } else if constexpr (std::is_enum_v<T>) {
      return TypeOf(std::underlying_type_t<T>{});
    } else if constexpr (std::integral<T>) {
      return (std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T));
    } else {
      return "{}";
    }
  }
  static std::string TypeOf(const double&) { return "float64"; }
  static std::string TypeOf(const Uuid&) { return "uuid"; }
  static std::string TypeOf(const std::string&) { return "string"; }
  static std::string TypeOf(const Bytes&) { return "bytes"; }
  static std::string TypeOf(const Records&) { return "records"; }
  template <typename T>
  static std::string TypeOf(const std::vector<T>&) {
    return "[]" + TypeOf(T());
  }
  template <typename T>
  static std::string TypeOf(const std::optional<T>&) {
    return TypeOf(T());
  }

  template <typename T>
  static std::string TextOf(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_enum_v<T>) {
      return TextOf(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
      return std::to_string(value);
    } else {
      return "";
    }
  }
  static std::string TextOf(const std::string& value) { return value; }
  template <typename T>
  static std::string TextOf(const std::optional<T>& value) {
    return value.has_value() ? TextOf(*value) : "null";
  }

  // The fields of a field.
  template <typename T>
  void Enter(const T& value) {
    if constexpr (requires { T::Visit(*this, value); }) T::Visit(*this, value);
  }
  template <typename T>
  void Enter(const std::vector<T>&) {
    path_ += "[]";
    Enter(T());
  }
  template <typename T>
  void Enter(const std::optional<T>&) {
    Enter(T());
  }

  const int version_;
  const bool flexible_;
  std::string path_;
  std::vector<ListedField> fields_;
};

}  // namespace wherry::wire
