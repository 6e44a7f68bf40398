#include "broker/net/http_query.h"

#include <optional>

namespace wherry::net {

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

}  // namespace

std::string HttpQueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.find(';') != std::string_view::npos) continue;
    const std::size_t equals = pair.find('=');
    const std::optional<std::string> key = Decode(pair.substr(0, equals));
    if (!key.has_value() || *key != name) continue;
    if (equals == std::string_view::npos) return "";
    const std::optional<std::string> value = Decode(pair.substr(equals + 1));
    if (value.has_value()) return *value;
  }
  return "";
}

}  // namespace wherry::net
