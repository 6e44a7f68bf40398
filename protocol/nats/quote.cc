#include "protocol/nats/quote.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace wherry::nats {

namespace {

constexpr char kHex[] = "0123456789abcdef";

struct Range {
  std::uint32_t first, last;
};
// Controls, separators, format characters, private use, noncharacters.
constexpr Range kInvisible[] = {
    {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
    {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},
    {0x205f, 0x206f},   {0x3000, 0x3000},   {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},
    {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

bool IsVisible(std::uint32_t rune) {
  if (rune < ' ') return false;
  if (rune < 0x7f) return true;
  const auto* range = std::lower_bound(std::begin(kInvisible), std::end(kInvisible), rune,
                                       [](const Range& r, std::uint32_t x) { return r.last < x; });
  return range == std::end(kInvisible) || rune < range->first;
}

// Of the code point that `lead` begins; 0: it begins none.
std::size_t SizeOf(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// Reads one code point; returns its size in bytes, 0 if `text` does not begin with valid UTF-8.
std::size_t ReadRune(std::string_view text, std::uint32_t* rune) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const std::size_t size = SizeOf(lead);
  if (size == 0 || text.size() < size) return 0;
  *rune = size == 1 ? lead : lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    *rune = *rune << 6 | (at(i) & 0x3fu);
  }
  // Overlong forms, surrogates, and what lies beyond Unicode.
  if (size == 3 && (*rune < 0x800 || (*rune >= 0xd800 && *rune <= 0xdfff))) return 0;
  if (size == 4 && (*rune < 0x10000 || *rune > 0x10ffff)) return 0;
  return size;
}

void AppendHex(std::string& quoted, std::uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) quoted.push_back(kHex[value >> (4 * i) & 15]);
}

void AppendInvisible(std::string& quoted, std::uint32_t rune) {
  constexpr std::string_view kNamed = "\a\b\t\n\v\f\r";  // 7 to 13
  if (rune >= 7 && rune < 7 + kNamed.size()) {
    quoted.append({'\\', "abtnvfr"[rune - 7]});
  } else if (rune < ' ' || rune == 0x7f) {
    AppendHex(quoted.append("\\x"), rune, 2);
  } else if (rune < 0x10000) {
    AppendHex(quoted.append("\\u"), rune, 4);
  } else {
    AppendHex(quoted.append("\\U"), rune, 8);
  }
}

}  // namespace

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  quoted.reserve(text.size() + 2);
  while (!text.empty()) {
    std::uint32_t rune = 0;
    const std::size_t size = ReadRune(text, &rune);
    if (size == 0) {
      AppendHex(quoted.append("\\x"), static_cast<unsigned char>(text[0]), 2);
    } else if (rune == '"' || rune == '\\') {
      quoted.append({'\\', static_cast<char>(rune)});
    } else if (IsVisible(rune)) {
      quoted.append(text.substr(0, size));
    } else {
      AppendInvisible(quoted, rune);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace wherry::nats
