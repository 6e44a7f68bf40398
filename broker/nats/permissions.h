#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/subject_trie.h"
#include "broker/nats/user.h"

namespace wherry::nats {

// What one user may publish and subscribe to, compiled for lookups. What depends on a connection
// (answers, caches) is in ConnectionPermissions.
// Threads: immutable after Compile, any. Owned by whoever refers to it.
class Permissions {
 public:
  // An error names the subject that is none.
  static absl::StatusOr<std::shared_ptr<const Permissions>> Compile(const UserPermissions& rules);

  // By the lists alone: an answer may be allowed beyond this.
  bool MayPublish(std::string_view subject) const;
  // `queue` empty: a plain subscription. A subject with wildcards is allowed where an allowed
  // pattern covers it token by token, and denied likewise: a deny that only overlaps it does not
  // refuse it, but is asked again at each delivery.
  // Example: with deny "a.b", SUB "a.*" is let through and gets everything but "a.b".
  // As by nats-server, a last `>` of a subscription counts as a token like any other: allow "a.*"
  // lets SUB "a.>" through, which then gets "a.b.c" too.
  bool MaySubscribe(std::string_view subject, std::string_view queue) const;
  // Whether a subscription that was let through may match messages that must not reach it.
  bool NeedsDeliveryCheck(std::string_view subject, std::string_view queue) const;
  // Whether a message on `subject` may reach a subscription of `queue` (empty: none) that needs the
  // check. It depends on the two alone, so a route can be built with it once.
  bool MayDeliver(std::string_view subject, std::string_view queue) const;

  // MayPublish is true for every subject.
  bool may_publish_all() const { return !allow_publish_.has_value() && deny_publish_.size() == 0; }
  // MayDeliver depends on the subject alone.
  bool delivery_ignores_queue() const { return deny_subscribe_.queues.empty(); }
  const std::optional<AllowResponses>& allow_responses() const { return allow_responses_; }

 private:
  using Subjects = core::SubjectTrie<char>;  // the value means nothing
  // Entries "subject" and "subject queue"; a queue is a pattern too.
  struct SubscribeRules {
    Subjects plain;
    core::SubjectTrie<std::uint32_t> queued;  // index in `queues`
    std::vector<std::string> queues;
    std::vector<std::string> queued_subjects;
    std::vector<std::string> plain_subjects;

    bool HasPlain(std::string_view subject) const;
    // nullopt: no "subject queue" entry is about that subject; else whether one names that queue.
    std::optional<bool> HasQueue(std::string_view subject, std::string_view queue) const;
  };

  Permissions() = default;

  static absl::Status Read(const std::vector<std::string>& list, const char* name, Subjects& into);
  static absl::Status Read(const std::vector<std::string>& list, const char* name,
                           SubscribeRules& into);

  std::optional<Subjects> allow_publish_;  // nullopt: all
  Subjects deny_publish_;
  std::optional<SubscribeRules> allow_subscribe_;  // nullopt: all
  SubscribeRules deny_subscribe_;
  std::optional<AllowResponses> allow_responses_;
};

// Subjects and replies that only servers may use, whatever a user's permissions are.
bool IsReservedSubject(std::string_view subject);
bool IsReservedReply(std::string_view reply);
// A queue group that no client may join.
inline constexpr std::string_view kReservedQueue = "_sys_";

// What -ERR says, without its quotes.
std::string PublishViolation(std::string_view subject);
std::string ReplyViolation(std::string_view reply);
std::string SubscribeViolation(std::string_view subject, std::string_view queue);

}  // namespace wherry::nats
