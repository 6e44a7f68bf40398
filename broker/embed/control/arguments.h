#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "wherry/status.h"

namespace wherry::embed::control {

// The JSON object that an operation was called with, read member by member. What is missing or of
// the wrong type is remembered; Check, behind the last member, says the first of it, and names a
// member that nobody read: a name that was misspelt must not pass for an option left out.
// Threads: one. Owned by the call.
class Arguments {
 public:
  explicit Arguments(const boost::json::object& members) : members_(members) {}
  Arguments(const Arguments&) = delete;

  // Whether it is there; if not, it is one that might have been.
  bool Has(std::string_view name) { return Find(name) != nullptr; }

  // Without a fallback the member must be there.
  std::string Text(std::string_view name);
  std::string Text(std::string_view name, std::string_view fallback);
  std::int64_t Integer(std::string_view name);
  std::int64_t Integer(std::string_view name, std::int64_t fallback);
  double Number(std::string_view name, double fallback);
  bool Flag(std::string_view name, bool fallback);
  // A number of milliseconds, which may have a fraction.
  std::chrono::nanoseconds Duration(std::string_view name);
  std::chrono::nanoseconds Duration(std::string_view name, std::chrono::nanoseconds fallback);
  // In whole milliseconds, at least one where more than none was given.
  std::chrono::milliseconds Patience(std::string_view name, std::chrono::milliseconds fallback);

  // Bytes: as a string in "name", or for what is no UTF-8 as base64 in "name_base64". nullopt:
  // neither is there, or "name" is null.
  std::optional<std::string> Bytes(std::string_view name);
  // [{"name": ..., "value": ...}], values as Bytes has them.
  std::vector<std::pair<std::string, std::optional<std::string>>> Headers(std::string_view name);
  // An array of strings; empty if it is not there.
  std::vector<std::string> Texts(std::string_view name);
  // An object; empty if it is not there.
  boost::json::object Object(std::string_view name);

  // Remembers that a value cannot work, if nothing was wrong before.
  void Complain(std::string what);
  Status Check();

 private:
  const boost::json::value* Find(std::string_view name);
  const boost::json::value& Need(std::string_view name);
  std::string TextOf(std::string_view name, const boost::json::value& value);
  std::int64_t IntegerOf(std::string_view name, const boost::json::value& value);
  double NumberOf(std::string_view name, const boost::json::value& value);
  void ComplainOf(std::string_view name, std::string_view wanted, const boost::json::value& value);

  const boost::json::object& members_;
  std::set<std::string, std::less<>> known_;
  std::string complaint_;  // empty: none
};

}  // namespace wherry::embed::control
