#include "tools/nats_server/subjects.h"

#include <array>
#include <charconv>

namespace wherry::nats_server {
namespace {

constexpr std::size_t kNkeyCharacters = 56;
constexpr std::size_t kNkeyBytes = 35;  // a prefix, 32 of the key, 2 of the checksum
constexpr std::uint8_t kUserPrefix = 20 << 3;
constexpr std::uint8_t kAccountPrefix = 0;

// The checksum of XMODEM: polynomial 0x1021, first bit first, from 0.
std::uint16_t Crc16(const std::uint8_t* bytes, std::size_t size) {
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= static_cast<std::uint32_t>(bytes[i]) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return static_cast<std::uint16_t>(crc);
}

bool IsPublicNkey(std::string_view text, std::uint8_t prefix) {
  if (text.size() != kNkeyCharacters) return false;
  std::array<std::uint8_t, kNkeyBytes> bytes{};
  std::uint32_t pending = 0;
  int bits = 0;
  std::size_t size = 0;
  for (const char c : text) {
    const bool letter = c >= 'A' && c <= 'Z';
    if (!letter && !(c >= '2' && c <= '7')) return false;
    pending = (pending << 5) | static_cast<std::uint32_t>(letter ? c - 'A' : c - '2' + 26);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[size++] = static_cast<std::uint8_t>(pending >> bits);
  }
  const std::size_t key = kNkeyBytes - 2;
  const auto checksum = static_cast<std::uint16_t>(bytes[key] | (bytes[key + 1] << 8));
  return bytes[0] == prefix && Crc16(bytes.data(), key) == checksum;
}

}  // namespace

bool IsValidSubject(std::string_view subject) {
  bool ended = false;
  while (true) {
    const std::size_t dot = subject.find('.');
    const std::string_view token = subject.substr(0, dot);
    if (token.empty() || ended || token.find_first_of(" \t\n\f\r") != std::string_view::npos)
      return false;
    ended = token == ">";
    if (dot == std::string_view::npos) return true;
    subject.remove_prefix(dot + 1);
  }
}

bool IsUserNkey(std::string_view text) { return IsPublicNkey(text, kUserPrefix); }
bool IsAccountNkey(std::string_view text) { return IsPublicNkey(text, kAccountPrefix); }

bool SplitHostPort(std::string_view text, std::string& host, std::string& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view name = text.substr(0, colon);
  if (name.starts_with('[')) {
    if (!name.ends_with(']')) return false;
    name = name.substr(1, name.size() - 2);
  } else if (name.find(':') != std::string_view::npos) {
    return false;
  }
  if (name.find_first_of("[]") != std::string_view::npos) return false;
  host = name;
  port = text.substr(colon + 1);
  return port.find_first_of("[]") == std::string::npos;
}

bool ParseInteger(std::string_view text, std::int64_t& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace wherry::nats_server
