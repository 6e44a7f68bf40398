#include "broker/nats/near_miss.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {

using Tokens = std::vector<std::string_view>;

// How far a pattern is from the subject, by what is wrong with it.
constexpr int kCase = 1;
constexpr int kRestIsEmpty = 2;
constexpr int kTypingError = 3;
constexpr int kOtherLength = 4;
constexpr int kOneToken = 5;
constexpr int kSameBeginning = 8;  // and one more for each token that differs

// Longer tokens are ids, in which a letter means something.
constexpr std::size_t kLongestTyped = 32;

Tokens TokensOf(std::string_view subject) {
  Tokens tokens;
  bool more = true;
  while (more) tokens.push_back(NextToken(subject, &more));
  return tokens;
}

// Letters to insert, delete or replace, to get from one word to the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

// Two letters in words long enough that this is no coincidence.
bool IsTypingError(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  if (std::max(a.size(), b.size()) > kLongestTyped || size < 3) return false;
  return EditDistance(a, b) <= (size < 5 ? 1u : 2u);
}

std::string Quoted(std::string_view text) { return absl::StrCat("\"", std::string(text), "\""); }

std::string Count(std::size_t count) {
  return count == 1 ? "1 token" : absl::StrCat(count, " tokens");
}

bool SameButForCase(const Tokens& pattern, const Tokens& subject) {
  const bool open = pattern.back() == ">";
  if (open ? subject.size() < pattern.size() : subject.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size() - (open ? 1 : 0); ++i) {
    if (pattern[i] != "*" &&
        !absl::EqualsIgnoreCase(std::string(pattern[i]), std::string(subject[i]))) {
      return false;
    }
  }
  return true;
}

// Tokens side by side, as far as both go.
struct Comparison {
  std::size_t equal = 0;  // literal tokens
  std::size_t different = 0;
  std::size_t first_different = 0;
};
Comparison Compare(const Tokens& pattern, const Tokens& subject) {
  Comparison found;
  const std::size_t both = std::min(pattern.size(), subject.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (pattern[i] == ">") break;
    if (pattern[i] == subject[i]) ++found.equal;
    if (pattern[i] == "*" || pattern[i] == subject[i]) continue;
    if (found.different++ == 0) found.first_different = i;
  }
  return found;
}

NearMiss OfOneToken(const Tokens& pattern, const Tokens& subject, std::size_t at) {
  const bool typed = IsTypingError(pattern[at], subject[at]);
  return {typed ? kTypingError : kOneToken,
          absl::StrCat("token ", at + 1, " is ", Quoted(pattern[at]), ", not ",
                       Quoted(subject[at]), typed ? ": a typing error?" : "")};
}

}  // namespace

std::optional<NearMiss> FindNearMiss(std::string_view pattern_text, std::string_view subject_text) {
  const Tokens pattern = TokensOf(pattern_text);
  const Tokens subject = TokensOf(subject_text);
  if (SameButForCase(pattern, subject)) {
    return NearMiss{kCase, "it differs in upper and lower case, which matters"};
  }
  const bool open = pattern.back() == ">";
  const Comparison compared = Compare(pattern, subject);
  if (open && compared.different == 0 && compared.equal > 0 &&
      subject.size() + 1 == pattern.size()) {
    return NearMiss{kRestIsEmpty, "`>` stands for one token or more, and there is none behind " +
                                      Quoted(subject.back())};
  }
  const bool same_length = open ? subject.size() >= pattern.size()
                                : subject.size() == pattern.size();
  if (!same_length && compared.different == 0 && compared.equal > 0) {
    return NearMiss{kOtherLength,
                    absl::StrCat("it has ", Count(pattern.size()), ", the subject ", subject.size(),
                                 subject.size() > pattern.size()
                                     ? "; a last `>` takes all that follow"
                                     : "")};
  }
  if (same_length && compared.different == 1) {
    NearMiss miss = OfOneToken(pattern, subject, compared.first_different);
    // The first token says what it is about.
    const std::size_t enough = compared.first_different == 0 ? 2 : 1;
    if (compared.equal >= enough || miss.distance == kTypingError) return miss;
  }
  if (pattern.front() == subject.front()) {
    const int different = static_cast<int>(compared.different);
    return NearMiss{kSameBeginning + different,
                    absl::StrCat("it only begins alike, with ", Quoted(subject.front()))};
  }
  return std::nullopt;
}

}  // namespace wherry::nats
