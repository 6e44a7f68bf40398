#include "broker/nats/distinguished_name.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace wherry::nats {

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool SameAttribute(const DistinguishedName::Attribute& a, const DistinguishedName::Attribute& b) {
  return absl::EqualsIgnoreCase(a.type, b.type) && a.value == b.value;
}

bool SamePart(const DistinguishedName::Part& a, const DistinguishedName::Part& b) {
  const auto contains = [](const DistinguishedName::Part& part) {
    return [&part](const DistinguishedName::Attribute& wanted) {
      return std::any_of(part.begin(), part.end(),
                         [&](const auto& attribute) { return SameAttribute(attribute, wanted); });
    };
  };
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), contains(b)) &&
         std::all_of(b.begin(), b.end(), contains(a));
}

// Takes one piece up to an unescaped byte of `ends`, without the blanks around it and without the
// escapes in it. nullopt: an escape of neither a special character nor two hexadecimal digits.
std::optional<std::string> TakePiece(std::string_view& rest, std::string_view ends) {
  std::string piece;
  std::size_t kept = 0;  // bytes of `piece` that are no trailing blanks
  while (!rest.empty() && ends.find(rest.front()) == std::string_view::npos) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c != '\\') {
      if (c == ' ' && piece.empty()) continue;
      piece.push_back(c);
      if (c != ' ') kept = piece.size();
      continue;
    }
    if (rest.empty()) return std::nullopt;
    if (std::string_view(" \"#+,;<=>\\").find(rest.front()) != std::string_view::npos) {
      piece.push_back(rest.front());
      rest.remove_prefix(1);
    } else {
      if (rest.size() < 2 || HexDigit(rest[0]) < 0 || HexDigit(rest[1]) < 0) return std::nullopt;
      piece.push_back(static_cast<char>(HexDigit(rest[0]) << 4 | HexDigit(rest[1])));
      rest.remove_prefix(2);
    }
    kept = piece.size();
  }
  piece.resize(kept);
  return piece;
}

}  // namespace

std::optional<DistinguishedName> DistinguishedName::Parse(std::string_view text) {
  DistinguishedName name;
  Part part;
  while (true) {
    std::optional<std::string> type = TakePiece(text, "=,+");
    if (!type.has_value() || type->empty() || text.empty() || text.front() != '=') {
      return std::nullopt;
    }
    text.remove_prefix(1);
    if (text.starts_with('#')) return std::nullopt;  // BER, which nats-server does not read either
    std::optional<std::string> value = TakePiece(text, ",+");
    if (!value.has_value()) return std::nullopt;
    part.push_back({*std::move(type), *std::move(value)});
    const bool more = !text.empty();
    if (!more || text.front() == ',') name.parts.push_back(std::exchange(part, {}));
    if (!more) return name;
    text.remove_prefix(1);
  }
}

bool DistinguishedName::SameInOrder(const DistinguishedName& other) const {
  return std::equal(parts.begin(), parts.end(), other.parts.begin(), other.parts.end(), SamePart);
}

bool DistinguishedName::SameInAnyOrder(const DistinguishedName& other) const {
  return std::is_permutation(parts.begin(), parts.end(), other.parts.begin(), other.parts.end(),
                             SamePart);
}

}  // namespace wherry::nats
