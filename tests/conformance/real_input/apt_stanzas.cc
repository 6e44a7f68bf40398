#include "tests/conformance/real_input/apt_stanzas.h"

#include <algorithm>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {
namespace {

constexpr std::size_t kFewStanzas = 10'000;

// The value of a field that takes one line, "" if the stanza has none.
std::string Field(std::string_view text, std::string_view name) {
  std::size_t line = 0;
  while (line < text.size()) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view content = text.substr(line, end - line);
    if (content.starts_with(name) && content.substr(name.size()).starts_with(": ")) {
      return std::string(content.substr(name.size() + 2));
    }
    line = end + 1;
  }
  return "";
}

}  // namespace

std::vector<Stanza> AptStanzas() {
  const std::string all = OutputOf({"apt-cache", "dumpavail"}, std::chrono::minutes(1));
  std::vector<Stanza> stanzas;
  std::size_t start = 0;
  while (start < all.size()) {
    const std::size_t end = std::min(all.find("\n\n", start), all.size());
    std::string text = all.substr(start, end - start);
    start = end + 2;
    std::string package = Field(text, "Package");
    std::string section = Field(text, "Section");
    if (package.empty() || section.empty()) continue;
    stanzas.push_back({std::move(package), std::move(section), std::move(text)});
  }
  EXPECT_GT(stanzas.size(), kFewStanzas)
      << "apt-cache dumpavail knows too few packages; run apt-get update";
  return stanzas;
}

}  // namespace wherry::conformance
