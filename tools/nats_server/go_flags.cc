#include "tools/nats_server/go_flags.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

std::optional<bool> ParseTruth(std::string_view text) {
  for (const std::string_view word : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == word) return true;
  for (const std::string_view word : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == word) return false;
  return std::nullopt;
}

// A number as Go writes it: 10, -1, 0x1f, 0o17, 017, 0b11. The error is Go's.
std::string ParseNumber(std::string_view text, std::int64_t& number) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const std::string prefix = Lowered(text.substr(0, 2));
    base = prefix == "0x" ? 16 : prefix == "0b" ? 2 : 8;
    text.remove_prefix(prefix == "0x" || prefix == "0b" || prefix == "0o" ? 2 : 1);
  }
  std::uint64_t size = 0;
  const char* end = text.data() + text.size();
  const auto [read, code] = std::from_chars(text.data(), end, size, base);
  if (code == std::errc::invalid_argument || read != end) return "parse error";
  const std::uint64_t most = (std::uint64_t{1} << 63) - (negative ? 0 : 1);
  if (code != std::errc() || size > most) return "value out of range";
  number = static_cast<std::int64_t>(negative ? 0 - size : size);
  return "";
}

// Fills in what the text means for a flag of that kind; the error is Go's.
std::string Interpret(FlagKind kind, FlagValue& flag) {
  if (kind == FlagKind::kBool) {
    const std::optional<bool> truth = ParseTruth(flag.text);
    if (!truth.has_value())
      return "invalid boolean value " + Quoted(flag.text) + " for -" + flag.name + ": parse error";
    flag.truth = *truth;
  } else if (kind == FlagKind::kInteger) {
    const std::string error = ParseNumber(flag.text, flag.number);
    if (!error.empty())
      return "invalid value " + Quoted(flag.text) + " for flag -" + flag.name + ": " + error;
  }
  return "";
}

}  // namespace

ParsedFlags ParseFlags(std::span<const FlagSpec> specs, std::span<const std::string> arguments) {
  ParsedFlags parsed;
  std::size_t i = 0;
  for (; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') break;
    if (argument == "--") {
      ++i;
      break;
    }
    std::string_view rest = std::string_view(argument).substr(argument[1] == '-' ? 2 : 1);
    if (rest.starts_with('-') || rest.starts_with('=')) {
      parsed.error = "bad flag syntax: " + argument;
      return parsed;
    }
    const std::size_t equals = rest.find('=');
    FlagValue flag;
    flag.name = rest.substr(0, equals);
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const FlagSpec& known) { return known.name == flag.name; });
    if (spec == specs.end()) {
      parsed.error = "flag provided but not defined: -" + flag.name;
      return parsed;
    }
    if (equals != std::string_view::npos) {
      flag.text = rest.substr(equals + 1);
    } else if (spec->kind == FlagKind::kBool) {
      flag.text = "true";
    } else if (i + 1 < arguments.size()) {
      flag.text = arguments[++i];
    } else {
      parsed.error = "flag needs an argument: -" + flag.name;
      return parsed;
    }
    parsed.error = Interpret(spec->kind, flag);
    if (!parsed.error.empty()) return parsed;
    parsed.flags.push_back(std::move(flag));
  }
  parsed.arguments.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
  return parsed;
}

}  // namespace wherry::nats_server
