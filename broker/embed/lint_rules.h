#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wherry/inspect.h"
#include "wherry/lint.h"

namespace wherry::embed {

// What the rules look at, as it is at the end. A value.
struct LintSubject {
  using TopicPartition = std::pair<std::string, std::int32_t>;
  std::vector<RequestInfo> requests;  // oldest first
  std::vector<ConnectionInfo> connections;
  std::map<TopicPartition, KafkaBounds> bounds;  // of the topics that are there
  // By group, for those that are there.
  std::map<std::string, std::map<TopicPartition, std::int64_t>> committed;
};

// The findings of every rule that is not allowed to be broken, rule by rule.
std::vector<LintFinding> FindLint(const LintSubject& subject, const LintOptions& options);

// The rules of one protocol add what they find.
void FindNatsLint(const LintSubject& subject, std::vector<LintFinding>& findings);
void FindKafkaLint(const LintSubject& subject, std::vector<LintFinding>& findings);

}  // namespace wherry::embed
