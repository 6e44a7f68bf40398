// Conditions as values: made, said, and read from text. What they look at is in condition_look.cc.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/embed/condition_look.h"

namespace wherry {

namespace {

using embed::Quoted;

enum class Word { kName, kGroup, kCount };

// One kind: what its words are, of which the last may be left out where `default_count` is not -1.
struct Kind {
  std::string_view kind;
  std::array<Word, 2> words;
  std::size_t size;
  std::int64_t default_count;
  std::string_view usage;
};

constexpr std::array kKinds = {
    Kind{"nats.subscribed", {Word::kName, Word::kCount}, 2, 1, "SUBJECT [COUNT]"},
    Kind{"nats.unsubscribed", {Word::kName}, 1, -1, "SUBJECT"},
    Kind{"kafka.group.stable", {Word::kName, Word::kCount}, 2, 1, "GROUP [MEMBERS]"},
    Kind{"kafka.group.empty", {Word::kName}, 1, -1, "GROUP"},
    Kind{"kafka.consumed", {Word::kName, Word::kGroup}, 2, -1, "TOPIC GROUP"},
    Kind{"kafka.records", {Word::kName, Word::kCount}, 2, -1, "TOPIC COUNT"},
    Kind{"connections", {Word::kName, Word::kCount}, 2, -1, "PROTOCOL COUNT"},
};

Condition Make(std::string_view kind, std::string_view name, std::int64_t count = 0) {
  return {std::string(kind), std::string(name), "", count};
}

std::string Counted(std::int64_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

Status Invalid(std::string_view text, std::string_view why) {
  return {StatusCode::kInvalidArgument,
          absl::StrCat("\"", std::string(text), "\" is no condition: ", std::string(why))};
}

// nullopt: a quote that is not closed.
std::optional<std::vector<std::string>> Words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\t') {
      ++i;
      continue;
    }
    std::string& word = words.emplace_back();
    if (text[i] != '"') {
      while (i < text.size() && text[i] != ' ' && text[i] != '\t') word.push_back(text[i++]);
      continue;
    }
    for (++i; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      word.push_back(text[i]);
    }
    if (i++ >= text.size()) return std::nullopt;
  }
  return words;
}

StatusOr<Condition> Read(std::string_view text, const Kind& kind,
                         std::span<const std::string> words) {
  const bool may_lack_count = kind.default_count >= 0 && words.size() + 1 == kind.size;
  if (words.size() != kind.size && !may_lack_count) {
    return Invalid(text, absl::StrCat("after ", std::string(kind.kind), " come ",
                                      std::string(kind.usage)));
  }
  Condition condition = Make(kind.kind, "", std::max<std::int64_t>(kind.default_count, 0));
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (kind.words[i] == Word::kName) condition.name = word;
    if (kind.words[i] == Word::kGroup) condition.group = word;
    if (kind.words[i] != Word::kCount) continue;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), condition.count);
    if (read.ec != std::errc() || read.ptr != word.data() + word.size() || condition.count < 0) {
      return Invalid(text, absl::StrCat("\"", word, "\" is no number of them"));
    }
  }
  return condition;
}

}  // namespace

Condition Subscribed(std::string_view subject, int count) {
  return Make("nats.subscribed", subject, count);
}
Condition Unsubscribed(std::string_view subject) { return Make("nats.unsubscribed", subject); }
Condition GroupStable(std::string_view group, int members) {
  return Make("kafka.group.stable", group, members);
}
Condition GroupEmpty(std::string_view group) { return Make("kafka.group.empty", group); }
Condition Consumed(std::string_view topic, std::string_view group) {
  Condition condition = Make("kafka.consumed", topic);
  condition.group = group;
  return condition;
}
Condition RecordCount(std::string_view topic, std::int64_t count) {
  return Make("kafka.records", topic, count);
}
Condition Connections(std::string_view protocol, int count) {
  return Make("connections", protocol, count);
}

std::string Condition::ToString() const {
  const std::string quoted = Quoted(name);
  if (kind == "nats.subscribed") {
    return absl::StrCat(Counted(count, "subscription", "subscriptions"), " to ", quoted);
  }
  if (kind == "nats.unsubscribed") return absl::StrCat("no subscription to ", quoted);
  if (kind == "kafka.group.stable") {
    return absl::StrCat("group ", quoted, " to be stable with ",
                        Counted(count, "member", "members"));
  }
  if (kind == "kafka.group.empty") return absl::StrCat("group ", quoted, " to be empty");
  if (kind == "kafka.consumed") {
    return absl::StrCat("group ", Quoted(group), " to have consumed topic ", quoted);
  }
  if (kind == "kafka.records") {
    return absl::StrCat("topic ", quoted, " to hold ", Counted(count, "record", "records"));
  }
  if (kind == "connections") {
    return absl::StrCat(Counted(count, "connection", "connections"), " of ", name);
  }
  return absl::StrCat(kind, " ", quoted);
}

StatusOr<Condition> ParseCondition(std::string_view text) {
  const std::optional<std::vector<std::string>> words = Words(text);
  if (!words.has_value()) return Invalid(text, "a quote is not closed");
  if (words->empty()) return Invalid(text, "it is empty");
  std::string kinds;
  for (const Kind& kind : kKinds) {
    if (kind.kind == words->front()) return Read(text, kind, std::span(*words).subspan(1));
    absl::StrAppend(&kinds, kinds.empty() ? "" : ", ", std::string(kind.kind));
  }
  return Invalid(text, absl::StrCat("the kinds are ", kinds));
}

namespace embed {

bool IsConditionKind(std::string_view kind) {
  return std::any_of(kKinds.begin(), kKinds.end(),
                     [kind](const Kind& known) { return known.kind == kind; });
}

}  // namespace embed

}  // namespace wherry
