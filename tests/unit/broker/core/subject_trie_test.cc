#include "broker/core/subject_trie.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/nats/subject.h"

namespace wherry::core {
namespace {

std::vector<int> Matches(const SubjectTrie<int>& trie, std::string_view subject) {
  std::vector<int> values;
  trie.Match(subject, [&](int value) { values.push_back(value); });
  std::sort(values.begin(), values.end());
  return values;
}

TEST(SubjectTrieTest, WildcardsAndLiterals) {
  SubjectTrie<int> trie;
  trie.Insert("a.*", 1);
  trie.Insert("a.>", 2);
  trie.Insert("a.b", 3);
  trie.Insert(">", 4);
  trie.Insert("a*b", 5);
  EXPECT_EQ(Matches(trie, "a.b"), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(Matches(trie, "a.b.c"), (std::vector<int>{2, 4}));
  EXPECT_EQ(Matches(trie, "a"), (std::vector<int>{4}));
  EXPECT_EQ(Matches(trie, "a*b"), (std::vector<int>{4, 5}));
  EXPECT_EQ(Matches(trie, "a.*"), (std::vector<int>{1, 2, 4})) << "a published * is a token";
  for (const char* nothing : {"", "a..b", ".a", "a.", "."})
    EXPECT_TRUE(Matches(trie, nothing).empty());
}

TEST(SubjectTrieTest, RemovalGivesTheNodesBack) {
  SubjectTrie<int> trie;
  for (int i = 0; i < 100; ++i) trie.Insert("a.b" + std::to_string(i) + ".*", i);
  EXPECT_FALSE(trie.Remove("a.b1.*", 7));
  EXPECT_FALSE(trie.Remove("a.nobody", 7));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(trie.Remove("a.b" + std::to_string(i) + ".*", i));
  EXPECT_EQ(trie.size(), 0u);
  EXPECT_EQ(trie.node_count(), 1u) << "the root remains";
}

// Against a list and the naive matcher, over a small alphabet so that patterns really meet
// subjects.
RC_GTEST_PROP(SubjectTrieTest, AgreesWithANaiveModel, ()) {
  const auto token = rc::gen::element<std::string>("a", "b", "*", "c");
  const auto pattern = rc::gen::map(
      rc::gen::pair(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(token)),
                    rc::gen::arbitrary<bool>()),
      [](const std::pair<std::vector<std::string>, bool>& parts) {
        std::string text;
        for (const std::string& part : parts.first) text += (text.empty() ? "" : ".") + part;
        return parts.second ? text + ".>" : text;
      });
  SubjectTrie<int> trie;
  std::vector<std::pair<std::string, int>> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<bool, std::string>>>(
      rc::gen::pair(rc::gen::arbitrary<bool>(), pattern));
  int next = 0;
  for (const auto& [insert, text] : steps) {
    if (insert || model.empty()) {
      trie.Insert(text, next);
      model.emplace_back(text, next++);
    } else {
      const std::size_t victim = text.size() * 7 % model.size();
      RC_ASSERT(trie.Remove(model[victim].first, model[victim].second));
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(victim));
    }
  }
  for (const char* subject : {"a", "b", "a.b", "a.b.c", "c.c.a.b", "a.a.a", "b.c"}) {
    std::vector<int> expected;
    for (const auto& [text, value] : model) {
      if (nats::SubjectMatches(text, subject)) expected.push_back(value);
    }
    std::sort(expected.begin(), expected.end());
    RC_ASSERT(Matches(trie, subject) == expected);
  }
}

}  // namespace
}  // namespace wherry::core
