#pragma once

#include <chrono>
#include <iosfwd>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/export.h"

namespace wherry {

// What is looked for at the end of a test, as a leak sanitizer looks for memory.
// clients/docs/lint.md tells each rule with an example.
enum class LintRule {
  // NATS: a message that reached nobody. Not a finding: a request that was answered "503 no
  // responders", since its publisher knows; an answer, since who asked may have given up; a message
  // that was refused.
  kUnreceived,
  // Kafka: a group's member fetched records behind what the group has committed.
  kUncommittedRead,
  // NATS: a message reached nobody, and a subscription that matches it came later. Kafka: a group
  // that had committed nothing began at the end (auto.offset.reset=latest) of a partition that
  // held records.
  kLateSubscription,
  // A client's connection is open at the end.
  kLeakedConnection,
};

// "unreceived", "uncommitted_read", "late_subscription", "leaked_connection".
WHERRY_EXPORT std::string_view LintRuleName(LintRule rule);

// One thing that looks wrong: what happened, with the values, and what to do about it. A value.
struct LintFinding {
  LintRule rule = LintRule::kUnreceived;
  std::string text;

  friend bool operator==(const LintFinding&, const LintFinding&) = default;
};
// "[unreceived] nobody received ...".
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const LintFinding& finding);

// How to look.
struct LintOptions {
  // Rules that are switched off.
  std::set<LintRule> allowed;
  // How long connections that are being closed may take to be gone (real time); what is open then
  // is leaked.
  std::chrono::milliseconds grace{1000};
};

}  // namespace wherry
