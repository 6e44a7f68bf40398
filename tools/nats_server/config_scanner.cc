#include "tools/nats_server/config_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Rune {
  char32_t value = 0;
  std::size_t width = 0;
};

// One character of UTF-8; a byte that begins none is U+FFFD.
Rune Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t width = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < width) return {kReplacement, 1};
  char32_t value = first & (0xFFu >> (width + 1));
  for (std::size_t i = 1; i < width; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  static constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast[width] || value > 0x10FFFF || surrogate) return {kReplacement, 1};
  return {value, width};
}

bool IsSuffix(char32_t c) {
  return c < 0x80 &&
         std::string_view("kKmMgGtTpPeE").find(static_cast<char>(c)) != std::string_view::npos &&
         c != 0;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A character inside an error message.
std::string Shown(char32_t c) { return c == U'\n' ? "\\n" : Utf8(c); }

bool IsTruth(const std::string& text) {
  const std::string word = Lowered(text);
  for (const char* truth : {"true", "false", "on", "off", "yes", "no"})
    if (word == truth) return true;
  return false;
}

// What ends a number outside an array; inside one, a bracket right behind makes it a string.
bool EndsNumber(char32_t c) {
  return IsLineEnd(c) || c == ConfigScanner::kEof || c == U'}' || c == U';' || c == U',' ||
         IsBlank(c);
}

}  // namespace

bool IsSpace(char32_t c) {
  if (c == U' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0) return true;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}
bool IsBlank(char32_t c) { return c == U' ' || c == U'\t'; }
bool IsLineEnd(char32_t c) { return c == U'\n' || c == U'\r'; }
bool IsSeparator(char32_t c) { return c == U'=' || c == U':'; }
bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }

std::string Utf8(char32_t c) {
  std::string text;
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
  return text;
}

char32_t ConfigScanner::Next() {
  if (position_ >= input_.size()) {
    width_ = 0;
    return kEof;
  }
  if (input_[position_] == '\n') {
    ++line_;
    line_start_ = position_;
  }
  const Rune rune = Decode(input_.substr(position_, 4));
  width_ = rune.width;
  position_ += width_;
  return rune.value;
}

void ConfigScanner::Back() {
  position_ -= std::min(width_, position_);
  if (position_ < input_.size() && input_[position_] == '\n') --line_;
}

char32_t ConfigScanner::Peek() {
  const char32_t c = Next();
  Back();
  return c;
}

void ConfigScanner::Ignore() {
  start_ = position_;
  item_line_start_ = line_start_;
}

std::string ConfigScanner::PendingText() const {
  if (start_ >= position_) return parts_;
  return parts_ + std::string(input_.substr(start_, position_ - start_));
}

Item ConfigScanner::Emit(ItemKind kind) {
  Item item{kind, PendingText(), line_, 0};
  item.column = static_cast<std::int64_t>(position_) - static_cast<std::int64_t>(item_line_start_) -
                static_cast<std::int64_t>(item.text.size());
  Ignore();
  if (kind != ItemKind::kEnd) {
    last_kind_ = kind;
    last_text_ = item.text;
  }
  return item;
}

Item ConfigScanner::EmitString() {
  Item item = Emit(ItemKind::kString);
  parts_.clear();
  has_parts_ = false;
  return item;
}

Item ConfigScanner::Fail(std::string message) const {
  return Item{ItemKind::kError, std::move(message), line_,
              static_cast<std::int64_t>(position_) - static_cast<std::int64_t>(line_start_)};
}

Item ConfigScanner::Comment() {
  Ignore();
  while (true) {
    const char32_t c = Peek();
    if (IsLineEnd(c) || c == kEof) return Emit(ItemKind::kComment);
    Next();
  }
}

Item ConfigScanner::EndInString() {
  return HasPending() ? Fail("Unexpected EOF.") : Emit(ItemKind::kEnd);
}

Item ConfigScanner::QuotedKey(char32_t quote, std::string_view at_end) {
  Ignore();
  while (true) {
    const char32_t c = Peek();
    if (c == quote) {
      Item key = Emit(ItemKind::kKey);
      Next();
      Ignore();
      return key;
    }
    if (c == kEof) return at_end.empty() ? EndInString() : Fail(std::string(at_end));
    Next();
  }
}

Item ConfigScanner::Include() {
  char32_t c = Next();
  while (IsBlank(c)) {
    Ignore();
    c = Next();
  }
  const auto not_a_name = [&](const char* found) {
    return Fail(std::string("Expected include value but found ") + found);
  };
  if (c == U'[') return not_a_name("start of an array");
  if (c == U'{') return not_a_name("start of a map");
  if (c == U'(') return not_a_name("start of a block");
  if (IsDigit(c) || c == U'-') return not_a_name("start of a number");
  if (c == U'\\') return not_a_name("escape sequence");
  if (IsLineEnd(c)) return not_a_name("new line");
  const bool quoted = c == U'\'' || c == U'"';
  const char32_t quote = quoted ? c : U'\'';
  if (quoted) {
    Ignore();
  } else {
    Back();
  }
  while (true) {
    c = Next();
    if (c == quote) {
      Back();
      Item name = Emit(ItemKind::kInclude);
      Next();
      Ignore();
      return name;
    }
    if (quoted && c == kEof)
      return Fail(quote == U'"' ? "Unexpected EOF in double quoted include"
                                : "Unexpected EOF in quoted include");
    if (!quoted && (IsSpace(c) || c == kEof || c == U';' || c == U'}')) {
      // Only blanks and line ends of all spaces end a name.
      if (IsSpace(c) && !IsBlank(c) && !IsLineEnd(c)) continue;
      Back();
      return Emit(ItemKind::kInclude);
    }
  }
}

Item ConfigScanner::Value() {
  char32_t c = Next();
  while (IsBlank(c)) {
    Ignore();
    c = Next();
  }
  switch (c) {
    case U'[':
      Ignore();
      return Emit(ItemKind::kArrayStart);
    case U'{':
      Ignore();
      return Emit(ItemKind::kMapStart);
    case U'\'':
      Ignore();
      return SingleQuoted();
    case U'"':
      Ignore();
      return DoubleQuoted();
    case U'(':
      Ignore();
      return Block();
    case U'-':
      return NegativeNumber();
    case U'.':
      return Fail("Floats must start with a digit");
    case U'\n':
    case U'\r':
      return Fail("Expected value but found new line");
    default:
      if (IsDigit(c)) return Number();
      Back();
      return Bare();
  }
}

Item ConfigScanner::SingleQuoted() {
  while (true) {
    const char32_t c = Next();
    if (c == kEof) return EndInString();
    if (c != U'\'') continue;
    Back();
    Item item = Emit(ItemKind::kString);
    Next();
    Ignore();
    return item;
  }
}

Item ConfigScanner::DoubleQuoted() {
  Item error;
  while (true) {
    const char32_t c = Next();
    if (c == U'\\') {
      KeepPart(1);
      if (!Escape(error)) return error;
    } else if (c == kEof) {
      return EndInString();
    } else if (c == U'"') {
      Back();
      Item item = EmitString();
      Next();
      Ignore();
      return item;
    }
  }
}

Item ConfigScanner::Bare() {
  Item error;
  while (true) {
    const char32_t c = Next();
    if (c == U'\\') {
      KeepPart(1);
      if (!Escape(error)) return error;
    } else if (IsLineEnd(c) || c == kEof || c == U';' || c == U',' || c == U']' || c == U'}' ||
               IsBlank(c)) {
      Back();
      return EndOfBare();
    } else if (c == U'\'') {
      Back();
      Item item = EmitString();
      Next();
      Ignore();
      return item;
    }
  }
}

Item ConfigScanner::EndOfBare() {
  if (has_parts_) return EmitString();
  if (IsTruth(PendingText())) return Emit(ItemKind::kBool);
  if (start_ < input_.size() && input_[start_] == '$') {
    ++start_;
    return Emit(ItemKind::kVariable);
  }
  return EmitString();
}

// ( ... ) with the closing parenthesis alone on its line.
Item ConfigScanner::Block() {
  while (true) {
    const char32_t c = Next();
    if (c == kEof) return Fail("Unexpected EOF processing block.");
    if (c != U')') continue;
    Back();
    Back();
    const bool begins_line = Next() == U'\n';
    Next();
    if (!begins_line) continue;
    const char32_t after = Next();
    if (after != U'\n' && after != kEof) {
      Back();
      continue;
    }
    // At the end of the input there is nothing to step back over: the parenthesis is in the text.
    Back();
    Back();
    Item item = Emit(ItemKind::kString);
    Next();
    Ignore();
    return item;
  }
}

// A digit was read: an integer, perhaps with a suffix, a float, a time, an address, or a string
// that happens to begin with a digit.
Item ConfigScanner::Number() {
  while (true) {
    const char32_t c = Next();
    if (IsDigit(c)) continue;
    if (c == U'-') {
      if (position_ - start_ != 5) return Fail("All ISO8601 dates must be in full Zulu form.");
      return DateAfterYear();
    }
    if (c == U'.') return Fraction();
    if (IsSuffix(c)) return AfterSuffix();
    if (!EndsNumber(c)) return Bare();
    Back();
    return Emit(ItemKind::kInteger);
  }
}

Item ConfigScanner::AfterSuffix() {
  char32_t c = Next();
  while (c == U'b' || c == U'B' || c == U'i' || c == U'I') c = Next();
  Back();
  return EndsNumber(c) ? Emit(ItemKind::kInteger) : Bare();
}

Item ConfigScanner::NegativeNumber() {
  char32_t c = Next();
  if (!IsDigit(c)) {
    return Fail(c == U'.' ? "Floats must start with a digit, not '.'."
                          : "Expected a digit but got '" + Shown(c) + "'.");
  }
  while (IsDigit(c)) c = Next();
  if (c == U'.') return Fraction();
  if (IsSuffix(c)) return AfterSuffix();
  Back();
  return Emit(ItemKind::kInteger);
}

Item ConfigScanner::Fraction() {
  char32_t c = Next();
  if (!IsDigit(c))
    return Fail("Floats must have a digit after the '.', but got '" + Shown(c) + "' instead.");
  while (IsDigit(c)) c = Next();
  if (c == U'.') return Address();
  Back();
  return Emit(ItemKind::kFloat);
}

Item ConfigScanner::Address() {
  char32_t c = Next();
  while (IsDigit(c) || c == U'.' || c == U':' || c == U'-') c = Next();
  Back();
  return Emit(ItemKind::kString);
}

Item ConfigScanner::DateAfterYear() {
  // A digit stands for any digit.
  for (const char expected : std::string_view("00-00T00:00:00Z")) {
    const char32_t c = Next();
    if (expected == '0') {
      if (!IsDigit(c))
        return Fail("Expected digit in ISO8601 datetime, but found '" + Shown(c) + "' instead.");
    } else if (c != static_cast<char32_t>(expected)) {
      return Fail(std::string("Expected '") + expected + "' in ISO8601 datetime, but found '" +
                  Shown(c) + "' instead.");
    }
  }
  return Emit(ItemKind::kTime);
}

void ConfigScanner::KeepPart(std::size_t without) {
  if (position_ > start_ + without) parts_ += input_.substr(start_, position_ - without - start_);
  has_parts_ = true;
  start_ = position_;
}

bool ConfigScanner::Escape(Item& error) {
  const char32_t c = Next();
  switch (c) {
    case U'x':
      return HexEscape(error);
    case U't':
      parts_ += '\t';
      break;
    case U'n':
      parts_ += '\n';
      break;
    case U'r':
      parts_ += '\r';
      break;
    case U'"':
      parts_ += '"';
      break;
    case U'\\':
      parts_ += '\\';
      break;
    default:
      error = Fail("Invalid escape character '" + Shown(c) +
                   "'. Only the following escape characters are allowed: \\xXX, \\t, \\n, \\r, "
                   "\\\", \\\\.");
      return false;
  }
  start_ = position_;
  return true;
}

bool ConfigScanner::HexEscape(Item& error) {
  for (int digit = 0; digit < 2; ++digit) {
    if (!IsLineEnd(Next())) continue;
    error = Fail("Expected two hexadecimal digits after '\\x', but hit end of line");
    return false;
  }
  // Two bytes, which are the two characters if those are digits.
  const std::string_view digits = input_.substr(position_ - 2, 2);
  const int high = HexDigit(digits[0]);
  const int low = HexDigit(digits[1]);
  if (high < 0 || low < 0) {
    error =
        Fail("Expected two hexadecimal digits after '\\x', but got '" + std::string(digits) + "'");
    return false;
  }
  parts_ += static_cast<char>(high * 16 + low);
  start_ = position_;
  return true;
}

}  // namespace wherry::nats_server
