#include "tools/nats_server/config_scalar.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

using Data = std::optional<ConfigData>;

Status Wrong(std::string why) { return Status(StatusCode::kInvalidArgument, std::move(why)); }

// "2026-08-21T14:50:11Z", whose form was checked, is a time that exists.
bool IsTime(const std::string& text) {
  const auto part = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  static constexpr std::array<int, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int year = part(0) * 100 + part(2);
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int month = part(5);
  if (month < 1 || month > 12) return false;
  const int days = kDays[static_cast<std::size_t>(month)] + (month == 2 && leap ? 1 : 0);
  return part(8) >= 1 && part(8) <= days && part(11) < 24 && part(14) < 60 && part(17) < 60;
}

StatusOr<Data> Integer(const std::string& text) {
  std::size_t digits = 0;
  while (digits < text.size() &&
         (text[digits] == '-' || IsDigit(static_cast<unsigned char>(text[digits]))))
    ++digits;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + digits, number);
  if (code == std::errc::result_out_of_range)
    return Wrong("integer '" + text + "' is out of the range");
  if (code != std::errc() || end != text.data() + digits)
    return Wrong("expected integer, but got '" + text + "'");
  const std::string suffix = Lowered(text.substr(digits));
  if (suffix.empty()) return Data(number);
  const std::size_t power = std::string_view("kmgtpe").find(suffix[0]) + 1;
  const std::string unit = suffix.substr(1);
  if (!unit.empty() && unit != "b" && unit != "i" && unit != "ib") return Data();
  // nats-server multiplies without a look at the range.
  std::uint64_t bytes = static_cast<std::uint64_t>(number);
  for (std::size_t i = 0; i < power; ++i) bytes *= unit.empty() ? 1000 : 1024;
  return Data(static_cast<std::int64_t>(bytes));
}

StatusOr<Data> Float(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [read, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc::result_out_of_range) {
    // Too small is zero, too large is an error.
    const std::size_t first = text.find_first_not_of("-0");
    if (first == std::string::npos || text[first] != '.')
      return Wrong("float '" + text + "' is out of the range");
    return Data(0.0);
  }
  if (code != std::errc() || read != end) return Wrong("expected float, but got '" + text + "'");
  return Data(number);
}

}  // namespace

StatusOr<Data> Interpret(const Item& item) {
  switch (item.kind) {
    case ItemKind::kInteger:
      return Integer(item.text);
    case ItemKind::kFloat:
      return Float(item.text);
    case ItemKind::kBool: {
      const std::string word = Lowered(item.text);
      return Data(word == "true" || word == "yes" || word == "on");
    }
    case ItemKind::kTime:
      if (!IsTime(item.text))
        return Wrong("expected Zulu formatted DateTime, but got '" + item.text + "'");
      return Data(ConfigTime{item.text});
    default:
      return Data(item.text);
  }
}

}  // namespace wherry::nats_server
