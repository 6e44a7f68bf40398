#include "tools/nats_server/text.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

namespace wherry::nats_server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMostNanoseconds = std::uint64_t{1} << 63;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},           {"us", 1000},         {"\u00b5s", 1000},
                           {"\u03bcs", 1000},   {"ms", 1000 * 1000},  {"s", kSecond},
                           {"m", 60 * kSecond}, {"h", 3600 * kSecond}};

std::string Hex(unsigned value, int digits) {
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), "%0*x", digits, value);
  return text.data();
}

// Takes digits off the front; false: they are too many.
bool TakeDigits(std::string_view& text, std::uint64_t& number) {
  number = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (number > kMostNanoseconds / 10) return false;
    number = number * 10 + static_cast<std::uint64_t>(text[0] - '0');
    if (number > kMostNanoseconds) return false;
    text.remove_prefix(1);
  }
  return true;
}

// Digits behind the point as a fraction below one; those beyond a double's are nothing.
double TakeFraction(std::string_view& text) {
  double fraction = 0;
  double scale = 1;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    scale /= 10;
    fraction += scale * (text[0] - '0');
    text.remove_prefix(1);
  }
  return fraction;
}

// The UTF-8 character that begins at `at`: how many bytes it has; 0: none does.
std::size_t CharacterSize(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 0;
  return size;
}

// "123.456ms" without trailing zeroes: `value` in units of 10^-`digits`.
std::string Decimal(std::uint64_t value, int digits, const char* unit) {
  std::string fraction;
  bool shown = false;
  for (int i = 0; i < digits; ++i) {
    const char digit = static_cast<char>('0' + value % 10);
    value /= 10;
    shown = shown || digit != '0';
    if (shown) fraction.insert(fraction.begin(), digit);
  }
  return std::to_string(value) + (shown ? "." + fraction : "") + unit;
}

}  // namespace

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

std::string Uppered(std::string_view text) {
  std::string uppered(text);
  for (char& c : uppered)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return uppered;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = CharacterSize(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (size == 0) {
      quoted += "\\x" + Hex(byte, 2);
    } else if (size > 1) {
      quoted += text.substr(i, size);
    } else if (byte == '"' || byte == '\\') {
      quoted += {'\\', text[i]};
    } else if (byte >= 0x20 && byte != 0x7F) {
      quoted += text[i];
    } else {
      static constexpr std::string_view kNamed = "abtnvfr";  // from \a, 7, to \r, 13
      quoted +=
          byte >= 7 && byte <= 13 ? std::string("\\") + kNamed[byte - 7u] : "\\x" + Hex(byte, 2);
    }
    i += size == 0 ? 1 : size;
  }
  return quoted + "\"";
}

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = CharacterSize(text, i);
    const std::string_view character = text.substr(i, size);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (size == 0) {
      json += "\\ufffd";
    } else if (character == "\u2028" || character == "\u2029") {
      json += character == "\u2028" ? "\\u2028" : "\\u2029";
    } else if (byte == '"' || byte == '\\') {
      json += {'\\', text[i]};
    } else if (byte == '<' || byte == '>' || byte == '&' || byte < 0x20) {
      static constexpr std::pair<char, const char*> kNamed[] = {
          {'\b', "\\b"}, {'\f', "\\f"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};
      std::string escape = "\\u" + Hex(byte, 4);
      for (const auto& [named, name] : kNamed)
        if (text[i] == named) escape = name;
      json += escape;
    } else {
      json += character;
    }
    i += size == 0 ? 1 : size;
  }
  return json + "\"";
}

StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  const auto wrong = [&](const std::string& what) {
    return Status(StatusCode::kInvalidArgument, "time: " + what + Quoted(text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return wrong("invalid duration ");
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    std::uint64_t number = 0;
    if (!TakeDigits(rest, number)) return wrong("invalid duration ");
    bool has_digits = rest.size() != before;
    double fraction = 0;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      const std::size_t size = rest.size();
      fraction = TakeFraction(rest);
      has_digits = has_digits || rest.size() != size;
    }
    if (!has_digits) return wrong("invalid duration ");
    const std::string_view name = rest.substr(0, rest.find_first_of(".0123456789"));
    if (name.empty()) return wrong("missing unit in duration ");
    rest.remove_prefix(name.size());
    const Unit* unit = nullptr;
    for (const Unit& known : kUnits)
      if (known.name == name) unit = &known;
    if (unit == nullptr) return wrong("unknown unit " + Quoted(name) + " in duration ");
    if (number > kMostNanoseconds / unit->nanoseconds) return wrong("invalid duration ");
    number *= unit->nanoseconds;
    number += static_cast<std::uint64_t>(fraction * static_cast<double>(unit->nanoseconds) + 1e-6);
    total += number;
    if (number > kMostNanoseconds || total > kMostNanoseconds) return wrong("invalid duration ");
  }
  if (!negative && total == kMostNanoseconds) return wrong("invalid duration ");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(negative ? 0 - total : total));
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  const std::uint64_t size =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const std::string sign = count < 0 ? "-" : "";
  if (size < 1000) return sign + std::to_string(size) + "ns";
  if (size < 1000 * 1000) return sign + Decimal(size, 3, "\u00b5s");
  if (size < kSecond) return sign + Decimal(size, 6, "ms");
  const std::uint64_t seconds = size / kSecond;
  std::string text = sign;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return text + Decimal(size % (60 * static_cast<std::uint64_t>(kSecond)), 9, "s");
}

std::string SystemError(int number) {
  std::string text = std::strerror(number);
  if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') text[0] = Lowered(text.substr(0, 1))[0];
  return text;
}

std::string JoinHostPort(std::string_view host, std::int64_t port) {
  const std::string name(host);
  return (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" +
         std::to_string(port);
}

}  // namespace wherry::nats_server
