#include "broker/embed/lint_rules.h"

#include <algorithm>
#include <ostream>
#include <sstream>

namespace wherry {

std::string_view LintRuleName(LintRule rule) {
  switch (rule) {
    case LintRule::kUnreceived:
      return "unreceived";
    case LintRule::kUncommittedRead:
      return "uncommitted_read";
    case LintRule::kLateSubscription:
      return "late_subscription";
    case LintRule::kLeakedConnection:
      return "leaked_connection";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, const LintFinding& finding) {
  return out << '[' << LintRuleName(finding.rule) << "] " << finding.text;
}

namespace embed {

namespace {

void FindLeakedConnections(const LintSubject& subject, std::vector<LintFinding>& findings) {
  for (const ConnectionInfo& connection : subject.connections) {
    std::ostringstream text;
    text << connection << " is still open: close the client (and what keeps it, such as a static "
         << "or a member of the fixture) before the test ends";
    findings.push_back({LintRule::kLeakedConnection, text.str()});
  }
}

}  // namespace

std::vector<LintFinding> FindLint(const LintSubject& subject, const LintOptions& options) {
  std::vector<LintFinding> findings;
  FindNatsLint(subject, findings);
  FindKafkaLint(subject, findings);
  FindLeakedConnections(subject, findings);
  std::erase_if(findings, [&](const LintFinding& finding) {
    return options.allowed.contains(finding.rule);
  });
  std::stable_sort(
      findings.begin(), findings.end(),
      [](const LintFinding& a, const LintFinding& b) { return a.rule < b.rule; });
  return findings;
}

}  // namespace embed
}  // namespace wherry
