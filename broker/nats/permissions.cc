#include "broker/nats/permissions.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "protocol/nats/quote.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {

constexpr std::string_view kBlanks = " \t\n\v\f\r";

absl::Status NotASubject(const char* list, std::string_view subject) {
  return absl::InvalidArgumentError(
      absl::StrCat(list, ": ", Quote(subject), " is not a valid subject"));
}

// Deeper patterns would never match, and a deny that never matches is none.
bool IsValidPattern(std::string_view subject) {
  const auto dots = std::count(subject.begin(), subject.end(), '.');
  return IsValidSubject(subject) &&
         static_cast<std::size_t>(dots) < core::SubjectTrie<char>::kMaxTokens;
}

// The words of `text` between blanks.
std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// Whether everything that `queue` stands for is in `pattern`; a queue's name is free to hold `*`
// and `>` itself.
bool IsSubset(std::string_view queue, std::string_view pattern) {
  bool more_queue = true, more_pattern = true;
  while (more_queue && more_pattern) {
    const std::string_view wanted = NextToken(pattern, &more_pattern);
    const std::string_view token = NextToken(queue, &more_queue);
    if (wanted == ">" && !more_pattern) return true;
    if (token.empty() || token == ">") return false;
    if (wanted != "*" && token != wanted) return false;
  }
  return !more_queue && !more_pattern;
}

bool QueueMatches(std::string_view queue, std::string_view pattern) {
  return queue == pattern || (HasWildcard(pattern) && IsSubset(queue, pattern));
}

template <typename Value>
bool Contains(const core::SubjectTrie<Value>& trie, std::string_view subject) {
  bool found = false;
  trie.Match(subject, [&found](const Value&) { found = true; });
  return found;
}

bool HasPrefixAndMore(std::string_view text, std::string_view prefix) {
  return text.size() > prefix.size() && text.starts_with(prefix);
}

}  // namespace

absl::Status Permissions::Read(const std::vector<std::string>& list, const char* name,
                               Subjects& into) {
  for (const std::string& subject : list) {
    if (!IsValidPattern(subject)) return NotASubject(name, subject);
    into.Insert(subject, 0);
  }
  return absl::OkStatus();
}

absl::Status Permissions::Read(const std::vector<std::string>& list, const char* name,
                               SubscribeRules& into) {
  for (const std::string& entry : list) {
    const std::vector<std::string_view> words = Words(entry);
    if (words.empty() || words.size() > 2) return NotASubject(name, entry);
    if (!IsValidPattern(words[0])) return NotASubject(name, words[0]);
    if (words.size() == 1) {
      into.plain.Insert(words[0], 0);
      into.plain_subjects.emplace_back(words[0]);
      continue;
    }
    if (!IsValidSubject(words[1])) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": queue ", Quote(words[1]), " is not a valid queue"));
    }
    into.queued.Insert(words[0], static_cast<std::uint32_t>(into.queues.size()));
    into.queues.emplace_back(words[1]);
    into.queued_subjects.emplace_back(words[0]);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Permissions>> Permissions::Compile(
    const UserPermissions& rules) {
  const std::shared_ptr<Permissions> permissions(new Permissions());
  const SubjectRules publish = rules.publish.value_or(SubjectRules());
  const SubjectRules subscribe = rules.subscribe.value_or(SubjectRules());
  // Who may answer may publish nothing else unless it is said.
  if (!publish.allow.empty() || rules.allow_responses.has_value()) {
    permissions->allow_publish_.emplace();
    const absl::Status read = Read(publish.allow, "publish allow", *permissions->allow_publish_);
    if (!read.ok()) return read;
  }
  if (!subscribe.allow.empty()) {
    permissions->allow_subscribe_.emplace();
    const absl::Status read =
        Read(subscribe.allow, "subscribe allow", *permissions->allow_subscribe_);
    if (!read.ok()) return read;
  }
  absl::Status read = Read(publish.deny, "publish deny", permissions->deny_publish_);
  if (read.ok()) read = Read(subscribe.deny, "subscribe deny", permissions->deny_subscribe_);
  if (!read.ok()) return read;
  permissions->allow_responses_ = rules.allow_responses;
  if (permissions->allow_responses_.has_value()) {
    AllowResponses& responses = *permissions->allow_responses_;
    if (responses.max == 0) responses.max = AllowResponses::kDefaultMax;
    if (responses.expires == runtime::Duration::zero()) {
      responses.expires = AllowResponses::kDefaultExpires;
    }
  }
  return std::shared_ptr<const Permissions>(permissions);
}

bool Permissions::SubscribeRules::HasPlain(std::string_view subject) const {
  return plain.size() != 0 && Contains(plain, subject);
}

std::optional<bool> Permissions::SubscribeRules::HasQueue(std::string_view subject,
                                                          std::string_view queue) const {
  std::optional<bool> found;
  if (queue.empty() || queues.empty()) return found;
  queued.Match(subject, [&](std::uint32_t index) {
    found = found.value_or(false) || QueueMatches(queue, queues[index]);
  });
  return found;
}

bool Permissions::MayPublish(std::string_view subject) const {
  if (allow_publish_.has_value() && !Contains(*allow_publish_, subject)) return false;
  return deny_publish_.size() == 0 || !Contains(deny_publish_, subject);
}

bool Permissions::MaySubscribe(std::string_view subject, std::string_view queue) const {
  // Where "subject queue" entries are about the subject, they alone decide for queues:
  //   allow "a"           a, with any queue
  //   allow "a v1"        a with queue v1 only
  //   allow "a", "a v1"   a without a queue, and with queue v1
  if (allow_subscribe_.has_value()) {
    const std::optional<bool> by_queue = allow_subscribe_->HasQueue(subject, queue);
    if (!(by_queue.has_value() ? *by_queue : allow_subscribe_->HasPlain(subject))) return false;
  }
  return MayDeliver(subject, queue);
}

bool Permissions::NeedsDeliveryCheck(std::string_view subject, std::string_view queue) const {
  // A literal subject was looked up already.
  if (!HasWildcard(subject)) return false;
  for (const std::string& denied : deny_subscribe_.plain_subjects) {
    if (SubjectsOverlap(denied, subject)) return true;
  }
  if (queue.empty()) return false;
  for (std::size_t i = 0; i < deny_subscribe_.queues.size(); ++i) {
    if (QueueMatches(queue, deny_subscribe_.queues[i]) &&
        SubjectsOverlap(deny_subscribe_.queued_subjects[i], subject)) {
      return true;
    }
  }
  return false;
}

bool Permissions::MayDeliver(std::string_view subject, std::string_view queue) const {
  return !deny_subscribe_.HasPlain(subject) &&
         !deny_subscribe_.HasQueue(subject, queue).value_or(false);
}

bool IsReservedSubject(std::string_view subject) {
  return HasPrefixAndMore(subject, "_GR_.") || subject.starts_with("$NRG.");
}

bool IsReservedReply(std::string_view reply) {
  return reply.starts_with("_R_.") || HasPrefixAndMore(reply, "$JS.ACK.") ||
         HasPrefixAndMore(reply, "_GR_.");
}

std::string PublishViolation(std::string_view subject) {
  return absl::StrCat("Permissions Violation for Publish to ", Quote(subject));
}

std::string ReplyViolation(std::string_view reply) {
  return absl::StrCat("Permissions Violation for Publish with Reply of ", Quote(reply));
}

std::string SubscribeViolation(std::string_view subject, std::string_view queue) {
  const std::string text =
      absl::StrCat("Permissions Violation for Subscription to ", Quote(subject));
  return queue.empty() ? text : absl::StrCat(text, " using queue ", Quote(queue));
}

}  // namespace wherry::nats
