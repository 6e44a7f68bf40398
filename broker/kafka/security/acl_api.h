#pragma once

#include "broker/kafka/call.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

// What DescribeAcls, CreateAcls and DeleteAcls have in common.
namespace wherry::kafka {

// Kafka's answer where there are no ACLs.
inline constexpr char kNoAuthorizer[] = "No Authorizer is configured.";

inline ErrorCode ErrorOfAcls(const absl::Status& status) {
  if (status.ok()) return ErrorCode::kNone;
  return absl::IsResourceExhausted(status) ? ErrorCode::kPolicyViolation
                                           : ErrorCode::kKafkaStorageError;
}

// As the requests and responses have it, in numbers.
constexpr std::int8_t kLiteralPattern = static_cast<std::int8_t>(AclPatternType::kLiteral);

template <typename Message>
AclFilter FilterOf(const Message& message) {
  AclFilter filter;
  filter.resource_type = static_cast<AclResourceType>(message.resource_type_filter);
  filter.pattern_type = static_cast<AclPatternType>(message.pattern_type_filter);
  filter.resource_name = message.resource_name_filter;
  filter.principal = message.principal_filter;
  filter.host = message.host_filter;
  filter.operation = static_cast<AclOperation>(message.operation);
  filter.permission = static_cast<AclPermission>(message.permission_type);
  return filter;
}

inline std::vector<AclBinding> Matching(const Authorizer& authorizer, const AclFilter& filter) {
  std::vector<AclBinding> matching;
  for (const AclBinding& binding : authorizer.acls()) {
    if (filter.Matches(binding)) matching.push_back(binding);
  }
  return matching;
}

}  // namespace wherry::kafka
