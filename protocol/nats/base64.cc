#include "protocol/nats/base64.h"

#include <cstdint>

namespace wherry::nats {

namespace {

constexpr std::string_view kCommon =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

int Digit(char c, std::string_view last_two) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == last_two[0]) return 62;
  if (c == last_two[1]) return 63;
  return -1;
}

bool IsLineEnd(char c) { return c == '\r' || c == '\n'; }

std::optional<std::string> Decode(std::string_view text, std::string_view last_two, bool padded) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (IsLineEnd(c)) continue;
    if (padded && c == '=') {
      ++padding;
      continue;
    }
    const int digit = Digit(c, last_two);
    if (digit < 0 || padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    ++digits;
    // The second digit of a group completes its first byte, and so on: 6, 12, 18, 24 bits.
    if (digits % 4 == 2) bytes.push_back(static_cast<char>(bits >> 4));
    if (digits % 4 == 3) bytes.push_back(static_cast<char>(bits >> 2));
    if (digits % 4 == 0) bytes.push_back(static_cast<char>(bits));
  }
  if (digits % 4 == 1) return std::nullopt;
  if (padded && padding != (4 - digits % 4) % 4) return std::nullopt;
  return bytes;
}

std::string Encode(std::string_view bytes, std::string_view last_two) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int pending = 0;  // bits not written yet
  const auto write = [&](std::uint32_t digit) {
    text.push_back(digit < 62 ? kCommon[digit] : last_two[digit - 62]);
  };
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (pending += 8; pending >= 6; pending -= 6) write(bits >> (pending - 6) & 63);
  }
  if (pending > 0) write(bits << (6 - pending) & 63);
  return text;
}

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) { return Encode(bytes, "-_"); }

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  return Decode(text, "-_", false);
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text = Encode(bytes, "+/");
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) { return Decode(text, "+/", true); }

}  // namespace wherry::nats
