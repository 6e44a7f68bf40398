#include "broker/nats/monitor/parameters.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/nats/monitor/json.h"
#include "broker/net/http_query.h"

namespace wherry::nats {

namespace {

constexpr char kInvalidSyntax[] = "invalid syntax";
constexpr char kOutOfRange[] = "value out of range";

template <typename Number>
std::pair<Number, const char*> Parse(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error == std::errc::invalid_argument || at != end) {
    return {0, kInvalidSyntax};
  }
  if (error == std::errc::result_out_of_range) return {0, kOutOfRange};
  return {number, nullptr};
}

}  // namespace

std::string Parameters::Text(std::string_view name) const {
  return net::HttpQueryValue(query_, name);
}

bool Parameters::Bool(std::string_view name) {
  const std::string value = Text(name);
  if (value.empty()) return false;
  for (const char* const yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (value == yes) return true;
  }
  for (const char* const no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (value == no) return false;
  }
  Complain("boolean", name, "ParseBool", value, kInvalidSyntax);
  return false;
}

std::int64_t Parameters::Int(std::string_view name) {
  const std::string value = Text(name);
  if (value.empty()) return 0;
  // One sign may stand before the digits; from_chars knows only the minus.
  const bool plus = value.starts_with("+") && !value.starts_with("+-");
  const auto [number, error] = Parse<std::int64_t>(std::string_view(value).substr(plus ? 1 : 0));
  if (error != nullptr) Complain("int", name, "Atoi", value, error);
  return number;
}

std::uint64_t Parameters::Uint64(std::string_view name) {
  const std::string value = Text(name);
  if (value.empty()) return 0;
  const auto [number, error] = Parse<std::uint64_t>(value);
  if (error != nullptr) Complain("uint64", name, "ParseUint", value, error);
  return number;
}

void Parameters::Complain(std::string_view kind, std::string_view name, std::string_view function,
                          std::string_view value, std::string_view why) {
  Complain(absl::StrCat("Error decoding ", std::string(kind), " for '", std::string(name),
                        "': strconv.", std::string(function), ": parsing ", GoQuote(value), ": ",
                        std::string(why)));
}

void Parameters::Complain(std::string complaint) {
  if (ok()) complaint_ = std::move(complaint);
}

net::HttpResponse Parameters::Refusal() const {
  return {400, "text/plain; charset=utf-8", complaint_, {}};
}

net::HttpResponse JsonPage(std::string body, int status) {
  return {status, "application/json", std::move(body), {{"Access-Control-Allow-Origin", "*"}}};
}

}  // namespace wherry::nats
