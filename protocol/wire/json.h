#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include "protocol/wire/visitor.h"

namespace wherry::wire {

std::string ToHex(std::string_view bytes);
// nullopt: not an even number of hexadecimal digits.
std::optional<std::string> FromHex(std::string_view hex);

// A message as JSON: an object of its fields by name, BYTES, RECORDS and UUIDs in hexadecimal. For
// traces, and for people. Threads: none of its own.
class JsonWriter : public Vocabulary<JsonWriter> {
 public:
  explicit JsonWriter(int version, bool flexible) : version_(version), flexible_(flexible) {}

  template <typename M>
  boost::json::value Write(const M& message) {
    return ToJson(message);
  }
  int version() const { return version_; }

  template <typename T>
  void Take(const char* name, const T& value, bool) {
    boost::json::value json = ToJson(value);
    object_->insert_or_assign(name, std::move(json));
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char* name, const T& value, const D& absent) {
    if (flexible_ && !(value == absent)) Take(name, value, true);
  }

 private:
  template <typename T>
  boost::json::value ToJson(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<std::int64_t>(value);
    } else if constexpr (std::is_arithmetic_v<T>) {
      return value;
    } else {
      boost::json::object object;
      boost::json::object* const outer = std::exchange(object_, &object);
      T::Visit(*this, value);
      object_ = outer;
      return object;
    }
  }
  boost::json::value ToJson(const Uuid& value) {
    return boost::json::value(
        ToHex({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()}));
  }
  boost::json::value ToJson(const std::string& value) { return boost::json::value(value); }
  boost::json::value ToJson(const Bytes& value) { return boost::json::value(ToHex(value.value)); }
  boost::json::value ToJson(const Records& value) {
    if (value.null) return nullptr;
    std::string bytes(value.view);
    for (const auto& batch : value.batches) bytes += *batch;
    return boost::json::value(ToHex(bytes));
  }
  template <typename T>
  boost::json::value ToJson(const std::vector<T>& values) {
    boost::json::array array;
    for (const T& value : values) array.push_back(ToJson(value));
    return array;
  }
  template <typename T>
  boost::json::value ToJson(const std::optional<T>& value) {
    if (!value.has_value()) return nullptr;
    return ToJson(*value);
  }

  const int version_;
  const bool flexible_;
  boost::json::object* object_ = nullptr;
};

// The inverse. A field that is missing keeps its default; one of the wrong type makes Read false.
// Threads: none of its own. Records that it fills refer to the reader.
class JsonReader : public Vocabulary<JsonReader> {
 public:
  explicit JsonReader(int version, bool flexible) : version_(version), flexible_(flexible) {}

  template <typename M>
  bool Read(const boost::json::value& json, M& message) {
    FromJson(json, message);
    return ok_;
  }
  int version() const { return version_; }

  template <typename T>
  void Take(const char* name, T& value, bool) {
    if (const boost::json::value* json = object_->if_contains(name)) FromJson(*json, value);
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char* name, T& value, const D&) {
    if (flexible_) Take(name, value, true);
  }

 private:
  template <typename T>
  void FromJson(const boost::json::value& json, T& value) {
    if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      FromJson(json, number);
      value = static_cast<T>(number);
    } else if constexpr (std::is_arithmetic_v<T>) {
      const auto number = boost::json::try_value_to<T>(json);
      ok_ = ok_ && number.has_value();
      if (number.has_value()) value = *number;
    } else {
      if (!json.is_object()) return Fail();
      const boost::json::object* const outer = std::exchange(object_, &json.get_object());
      T::Visit(*this, value);
      object_ = outer;
    }
  }
  void FromJson(const boost::json::value& json, std::string& value) {
    if (!json.is_string()) return Fail();
    value = std::string(json.get_string());
  }
  void FromJson(const boost::json::value& json, Bytes& value) {
    std::string hex;
    FromJson(json, hex);
    const std::optional<std::string> bytes = FromHex(hex);
    if (!bytes.has_value()) return Fail();
    value.value = *bytes;
  }
  void FromJson(const boost::json::value& json, Uuid& value) {
    Bytes bytes;
    FromJson(json, bytes);
    if (bytes.value.size() != value.bytes.size()) return Fail();
    std::copy(bytes.value.begin(), bytes.value.end(), value.bytes.begin());
  }
  void FromJson(const boost::json::value& json, Records& value) {
    value = Records();
    if (json.is_null()) return;
    Bytes bytes;
    FromJson(json, bytes);
    value.null = false;
    value.batches.push_back(std::make_shared<const std::string>(std::move(bytes.value)));
  }
  template <typename T>
  void FromJson(const boost::json::value& json, std::vector<T>& values) {
    values.clear();
    if (!json.is_array()) return Fail();
    for (const boost::json::value& element : json.get_array()) {
      FromJson(element, values.emplace_back());
    }
  }
  template <typename T>
  void FromJson(const boost::json::value& json, std::optional<T>& value) {
    value.reset();
    if (!json.is_null()) FromJson(json, value.emplace());
  }

  void Fail() { ok_ = false; }

  const int version_;
  const bool flexible_;
  bool ok_ = true;
  const boost::json::object* object_ = nullptr;
};

}  // namespace wherry::wire
