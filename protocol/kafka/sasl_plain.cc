#include "protocol/kafka/sasl_plain.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace wherry::kafka {

absl::StatusOr<PlainMessage> PlainMessage::Parse(std::string_view token) {
  constexpr std::size_t kParts = 3;
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= token.size();) {
    const std::size_t end = std::min(token.find('\0', from), token.size());
    if (parts.size() == kParts) {
      return absl::InvalidArgumentError("Invalid SASL/PLAIN response: expected 3 tokens, got more");
    }
    parts.push_back(token.substr(from, end - from));
    from = end + 1;
  }
  if (parts.size() != kParts) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid SASL/PLAIN response: expected 3 tokens, got ", parts.size()));
  }
  if (parts[1].empty()) {
    return absl::InvalidArgumentError("Authentication failed: username not specified");
  }
  if (parts[2].empty()) {
    return absl::InvalidArgumentError("Authentication failed: password not specified");
  }
  return PlainMessage{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

}  // namespace wherry::kafka
