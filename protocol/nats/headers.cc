#include "protocol/nats/headers.h"

#include <algorithm>

namespace wherry::nats {

namespace {
constexpr std::string_view kVersionLine = "NATS/1.0";

bool EqualFolded(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return fold(x) == fold(y); });
}
}  // namespace

bool IsValidHeaderBlock(std::string_view block) {
  return block.size() >= kVersionLine.size() + 4 && block.starts_with(kVersionLine) &&
         block.ends_with("\r\n\r\n");
}

std::string_view FindHeader(std::string_view block, std::string_view name) {
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    const std::string_view line = block.substr(0, end);
    block = end == std::string_view::npos ? std::string_view() : block.substr(end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !EqualFolded(line.substr(0, colon), name)) continue;
    const std::string_view value = line.substr(colon + 1);
    const std::size_t begin = value.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
  }
  return {};
}

}  // namespace wherry::nats
