#include "broker/embed/control/arguments.h"

#include <cmath>

#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "protocol/nats/base64.h"

namespace wherry::embed::control {

namespace {

// Longer than any test, shorter than what overflows in nanoseconds: a hundred years.
constexpr double kMaxMilliseconds = 100.0 * 365 * 24 * 3600 * 1000;

std::string Shortened(const boost::json::value& value) {
  constexpr std::size_t kMost = 60;
  std::string text = boost::json::serialize(value);
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

}  // namespace

void Arguments::Complain(std::string what) {
  if (complaint_.empty()) complaint_ = std::move(what);
}

void Arguments::ComplainOf(std::string_view name, std::string_view wanted,
                           const boost::json::value& value) {
  Complain(absl::StrCat("\"", std::string(name), "\" must be ", std::string(wanted), ", not ",
                        Shortened(value)));
}

const boost::json::value* Arguments::Find(std::string_view name) {
  known_.emplace(name);
  return members_.if_contains(name);
}

const boost::json::value& Arguments::Need(std::string_view name) {
  static const boost::json::value kNull;
  const boost::json::value* const found = Find(name);
  if (found != nullptr) return *found;
  Complain(absl::StrCat("\"", std::string(name), "\" is missing"));
  return kNull;
}

std::string Arguments::TextOf(std::string_view name, const boost::json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  ComplainOf(name, "a string", value);
  return "";
}

std::int64_t Arguments::IntegerOf(std::string_view name, const boost::json::value& value) {
  const auto number = boost::json::try_value_to<std::int64_t>(value);
  if (number.has_value()) return *number;
  ComplainOf(name, "a whole number", value);
  return 0;
}

double Arguments::NumberOf(std::string_view name, const boost::json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  ComplainOf(name, "a number", value);
  return 0;
}

std::string Arguments::Text(std::string_view name) { return TextOf(name, Need(name)); }

std::string Arguments::Text(std::string_view name, std::string_view fallback) {
  const boost::json::value* const found = Find(name);
  return found == nullptr ? std::string(fallback) : TextOf(name, *found);
}

std::int64_t Arguments::Integer(std::string_view name) { return IntegerOf(name, Need(name)); }

std::int64_t Arguments::Integer(std::string_view name, std::int64_t fallback) {
  const boost::json::value* const found = Find(name);
  return found == nullptr ? fallback : IntegerOf(name, *found);
}

double Arguments::Number(std::string_view name, double fallback) {
  const boost::json::value* const found = Find(name);
  return found == nullptr ? fallback : NumberOf(name, *found);
}

bool Arguments::Flag(std::string_view name, bool fallback) {
  const boost::json::value* const found = Find(name);
  if (found == nullptr) return fallback;
  if (!found->is_bool()) ComplainOf(name, "true or false", *found);
  return found->is_bool() && found->get_bool();
}

std::chrono::nanoseconds Arguments::Duration(std::string_view name) {
  const boost::json::value& value = Need(name);
  const double milliseconds = NumberOf(name, value);
  if (milliseconds >= 0 && milliseconds <= kMaxMilliseconds) {
    return std::chrono::nanoseconds(std::llround(milliseconds * 1e6));
  }
  ComplainOf(name, "from 0 ms to a hundred years", value);
  return std::chrono::nanoseconds(0);
}

std::chrono::nanoseconds Arguments::Duration(std::string_view name,
                                             std::chrono::nanoseconds fallback) {
  return Find(name) == nullptr ? fallback : Duration(name);
}

std::chrono::milliseconds Arguments::Patience(std::string_view name,
                                              std::chrono::milliseconds fallback) {
  return std::chrono::ceil<std::chrono::milliseconds>(Duration(name, fallback));
}

std::optional<std::string> Arguments::Bytes(std::string_view name) {
  const std::string encoded_name = absl::StrCat(std::string(name), "_base64");
  const boost::json::value* const text = Find(name);
  const boost::json::value* const encoded = Find(encoded_name);
  if (text != nullptr && encoded != nullptr) {
    Complain(absl::StrCat("give \"", std::string(name), "\" or \"", encoded_name, "\", not both"));
  }
  if (encoded != nullptr) {
    auto bytes = nats::DecodeBase64(TextOf(encoded_name, *encoded));
    if (!bytes.has_value()) ComplainOf(encoded_name, "base64", *encoded);
    return bytes;
  }
  if (text == nullptr || text->is_null()) return std::nullopt;
  return TextOf(name, *text);
}

std::vector<std::pair<std::string, std::optional<std::string>>> Arguments::Headers(
    std::string_view name) {
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  const boost::json::value* const found = Find(name);
  if (found == nullptr) return headers;
  const boost::json::array* const list = found->if_array();
  if (list == nullptr) ComplainOf(name, "an array of {\"name\", \"value\"}", *found);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (!(*list)[i].is_object()) {
      ComplainOf(name, "an array of {\"name\", \"value\"}", *found);
      break;
    }
    Arguments header((*list)[i].get_object());
    std::string header_name = header.Text("name");
    headers.emplace_back(std::move(header_name), header.Bytes("value"));
    if (const Status status = header.Check(); !status.ok()) {
      Complain(absl::StrCat("\"", std::string(name), "\": ", status.message()));
    }
  }
  return headers;
}

std::vector<std::string> Arguments::Texts(std::string_view name) {
  std::vector<std::string> texts;
  const boost::json::value* const found = Find(name);
  if (found == nullptr) return texts;
  if (!found->is_array()) {
    ComplainOf(name, "an array of strings", *found);
    return texts;
  }
  for (const boost::json::value& text : found->get_array()) texts.push_back(TextOf(name, text));
  return texts;
}

boost::json::object Arguments::Object(std::string_view name) {
  const boost::json::value* const found = Find(name);
  if (found == nullptr) return {};
  if (found->is_object()) return found->get_object();
  ComplainOf(name, "an object", *found);
  return {};
}

Status Arguments::Check() {
  for (const auto& member : members_) {
    if (known_.contains(std::string_view(member.key()))) continue;
    Complain(absl::StrCat("nobody knows the member \"", std::string(member.key()),
                          "\" here; there are: ", absl::StrJoin(known_, ", ")));
  }
  if (complaint_.empty()) return {};
  return {StatusCode::kInvalidArgument, complaint_};
}

}  // namespace wherry::embed::control
