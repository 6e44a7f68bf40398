// Messages that nobody received, and subscriptions that came after what they wait for.
#include <chrono>
#include <optional>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/embed/lint_rules.h"
#include "broker/nats/near_miss.h"
#include "protocol/nats/subject.h"

namespace wherry::embed {

namespace {

constexpr std::size_t kShownPayload = 40;

// The messages of one subject that met with the same fate.
struct Unheard {
  const RequestInfo* first = nullptr;
  const RequestInfo* late = nullptr;  // the subscription that came too late
  std::size_t count = 0;
};

std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

std::string Who(const RequestInfo& request) {
  if (request.connection == 0) return "the process itself";
  const std::string connection = absl::StrCat("connection ", request.connection);
  if (request.client.empty()) return connection;
  return absl::StrCat(Quoted(request.client), " (", connection, ")");
}

// "\"hello\" of 5 bytes, #3 in the log, by \"app\" (connection 2)"
std::string Told(const RequestInfo& message) {
  const std::string begin = message.payload.substr(0, kShownPayload);
  return absl::StrCat(Quoted(absl::CHexEscape(begin)),
                      message.payload.size() > kShownPayload ? "..." : "", " of ", message.bytes,
                      " bytes, #", message.sequence, " in the log, by ", Who(message));
}

std::string Messages(const Unheard& unheard) {
  const std::string on = absl::StrCat(" on ", Quoted(unheard.first->subject));
  if (unheard.count == 1) return absl::StrCat("a message", on, " (", Told(*unheard.first), ")");
  return absl::StrCat(unheard.count, " messages", on, " (the first is ", Told(*unheard.first), ")");
}

bool IsUnheardOf(const RequestInfo& request, const std::set<std::string>& replies) {
  // Who was told of it knows; who asked may have gone before the answer came.
  return request.receivers == 0 && request.error.empty() && !replies.contains(request.subject);
}

class NatsLint {
 public:
  explicit NatsLint(const LintSubject& subject) : subject_(subject) {
    for (const RequestInfo& request : subject.requests) {
      if (request.operation == "nats.SUB" && request.error.empty()) {
        subscriptions_.push_back(&request);
      }
    }
  }

  void Find(std::vector<LintFinding>& findings) {
    std::set<std::string> replies;
    for (const RequestInfo& request : subject_.requests) {
      if (IsUnheardOf(request, replies)) {
        const RequestInfo* const late = LateSubscription(request);
        Unheard& unheard = unheard_[{request.subject, late != nullptr}];
        if (unheard.count++ == 0) {
          unheard.first = &request;
          unheard.late = late;
        }
      }
      if (!request.reply.empty()) replies.insert(request.reply);
    }
    for (const auto& [key, unheard] : unheard_) {
      findings.push_back(unheard.late != nullptr ? Late(unheard) : Unreceived(unheard));
    }
  }

 private:
  // The first one behind the message that it would have received.
  const RequestInfo* LateSubscription(const RequestInfo& message) const {
    for (const RequestInfo* const subscription : subscriptions_) {
      if (subscription->sequence > message.sequence &&
          nats::SubjectMatches(subscription->subject, message.subject)) {
        return subscription;
      }
    }
    return nullptr;
  }

  static LintFinding Late(const Unheard& unheard) {
    const RequestInfo& late = *unheard.late;
    const auto after =
        std::chrono::duration_cast<std::chrono::milliseconds>(late.time - unheard.first->time);
    return {LintRule::kLateSubscription,
            absl::StrCat(Messages(unheard), " reached nobody: ", Who(late), " subscribed to ",
                         Quoted(late.subject), " only ", after.count(), " ms later (#",
                         late.sequence,
                         "); subscribe first, and let the publisher wait until the broker knows "
                         "it (flush the subscriber, or Await(Subscribed(...)))")};
  }

  LintFinding Unreceived(const Unheard& unheard) const {
    return {LintRule::kUnreceived,
            absl::StrCat(Messages(unheard), " reached nobody: ", WhyUnreceived(*unheard.first),
                         "; correct the subject, or subscribe to it before publishing")};
  }

  // By the subscription that matched, or did so nearly.
  std::string WhyUnreceived(const RequestInfo& message) const {
    std::optional<nats::NearMiss> nearest;
    const RequestInfo* near = nullptr;
    for (const RequestInfo* const one : subscriptions_) {
      if (nats::SubjectMatches(one->subject, message.subject)) {
        return absl::StrCat(Quoted(one->subject), " of ", Who(*one), " (#", one->sequence,
                            ") matches it, but had ended, is the publisher's own without echo, or "
                            "may not receive it");
      }
      auto miss = nats::FindNearMiss(one->subject, message.subject);
      if (!miss.has_value() || (nearest.has_value() && nearest->distance <= miss->distance)) {
        continue;
      }
      nearest = std::move(miss);
      near = one;
    }
    if (near == nullptr) return "nobody ever subscribed to it, or to anything like it";
    return absl::StrCat("nobody ever subscribed to it; nearest is ", Quoted(near->subject), " of ",
                        Who(*near), ": ", nearest->why);
  }

  const LintSubject& subject_;
  std::vector<const RequestInfo*> subscriptions_;
  // By subject, and whether somebody subscribed later.
  std::map<std::pair<std::string, bool>, Unheard> unheard_;
};

}  // namespace

void FindNatsLint(const LintSubject& subject, std::vector<LintFinding>& findings) {
  NatsLint(subject).Find(findings);
}

}  // namespace wherry::embed
