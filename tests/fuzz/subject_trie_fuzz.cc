// The subject trie against a list of patterns and a matcher that any reader can check.
//
// Input: operations. Each is a byte that chooses (insert, remove one that is there, remove any,
// match a subject made of tokens, match a subject of raw bytes) and what that operation takes.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/core/subject_trie.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::core {
namespace {

constexpr std::size_t kMaxTokens = 8;
constexpr std::size_t kMaxPatterns = 64;

using Tokens = std::vector<std::string_view>;

Tokens Split(std::string_view subject) {
  Tokens tokens;
  while (true) {
    const std::size_t dot = subject.find('.');
    tokens.push_back(subject.substr(0, dot));
    if (dot == std::string_view::npos) return tokens;
    subject.remove_prefix(dot + 1);
  }
}

bool NaivelyMatches(std::string_view pattern, std::string_view subject) {
  const Tokens wanted = Split(pattern);
  const Tokens given = Split(subject);
  if (std::find(given.begin(), given.end(), "") != given.end()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i == given.size()) return false;
    if (wanted[i] == ">") return true;
    if (wanted[i] != "*" && wanted[i] != given[i]) return false;
  }
  return wanted.size() == given.size();
}

// Few tokens, so that patterns and subjects really meet; some look like wildcards and are none.
std::string TakeSubject(fuzz::Input& input, bool wildcards) {
  constexpr std::string_view kTokens[] = {"a", "b", "c", "a*", ">b", "**", "ab", "\xc3\xa9"};
  const std::size_t count = 1 + input.Below(kMaxTokens);
  std::string subject;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t choice = input.Byte();
    if (i != 0) subject.push_back('.');
    if (wildcards && choice % 4 == 0) {
      subject.push_back('*');
    } else if (wildcards && i + 1 == count && choice % 4 == 1) {
      subject.push_back('>');
    } else {
      subject.append(kTokens[(choice / 4) % std::size(kTokens)]);
    }
  }
  return subject;
}

// A trie and what should be in it.
// Threads: one. Owned by one run of the target.
class Pair {
 public:
  void Insert(std::string pattern, int value) {
    if (model_.size() == kMaxPatterns) return;
    trie_.Insert(pattern, value);
    model_.emplace_back(std::move(pattern), value);
  }

  void Remove(const std::string& pattern, int value) {
    const auto found = std::find(model_.begin(), model_.end(), std::pair(pattern, value));
    FUZZ_CHECK(trie_.Remove(pattern, value) == (found != model_.end()));
    if (found != model_.end()) model_.erase(found);
  }

  void RemoveAt(std::size_t index) {
    if (model_.empty()) return;
    const auto victim = model_[index % model_.size()];
    Remove(victim.first, victim.second);
  }

  void Match(std::string_view subject) const {
    std::vector<int> expected;
    for (const auto& [pattern, value] : model_) {
      if (NaivelyMatches(pattern, subject)) expected.push_back(value);
    }
    std::vector<int> values;
    trie_.Match(subject, [&](int value) { values.push_back(value); });
    std::sort(expected.begin(), expected.end());
    std::sort(values.begin(), values.end());
    FUZZ_CHECK(values == expected);
    FUZZ_CHECK(trie_.size() == model_.size());
  }

  // Every pattern is matched as a subject too: `*` and `>` are tokens like any other there.
  void Finish() {
    for (const auto& [pattern, value] : model_) Match(pattern);
    while (!model_.empty()) RemoveAt(model_.size() / 2);
    FUZZ_CHECK(trie_.size() == 0);
    FUZZ_CHECK(trie_.node_count() == 1);
    Match("a.b");
  }

 private:
  SubjectTrie<int> trie_;
  std::vector<std::pair<std::string, int>> model_;
};

}  // namespace
}  // namespace wherry::core

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::core;  // NOLINT
  wherry::fuzz::Input input(data, size);
  Pair pair;
  while (!input.empty()) {
    switch (input.Below(6)) {
      case 0:
      case 1: {
        std::string pattern = TakeSubject(input, true);
        pair.Insert(std::move(pattern), static_cast<int>(input.Below(8)));
        break;
      }
      case 2:
        pair.RemoveAt(input.Byte());
        break;
      case 3: {
        const std::string pattern = TakeSubject(input, true);
        pair.Remove(pattern, static_cast<int>(input.Below(8)));
        break;
      }
      case 4:
        pair.Match(TakeSubject(input, false));
        break;
      case 5:
        pair.Match(input.Take(input.Byte() % 32));
        break;
    }
  }
  pair.Finish();
  return 0;
}
