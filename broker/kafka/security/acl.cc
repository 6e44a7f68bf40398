#include "broker/kafka/security/acl.h"

#include "absl/strings/str_cat.h"

namespace wherry::kafka {

namespace {

template <typename Enum>
bool IsBetween(Enum value, Enum first, Enum last) {
  return value >= first && value <= last;
}

template <typename Enum>
std::string Invalid(const char* what, Enum value) {
  return absl::StrCat("Invalid ", what, " ", static_cast<int>(value));
}

}  // namespace

std::optional<std::string> AclBinding::WhyInvalid() const {
  if (!IsBetween(resource_type, AclResourceType::kTopic, AclResourceType::kUser)) {
    return Invalid("resourceType", resource_type);
  }
  if (!IsBetween(pattern_type, AclPatternType::kLiteral, AclPatternType::kPrefixed)) {
    return Invalid("patternType", pattern_type);
  }
  if (!IsBetween(operation, AclOperation::kAll, AclOperation::kTwoPhaseCommit)) {
    return Invalid("operation", operation);
  }
  if (!IsBetween(permission, AclPermission::kDeny, AclPermission::kAllow)) {
    return Invalid("permissionType", permission);
  }
  if (resource_name.empty()) return "Invalid empty resource name";
  if (resource_type == AclResourceType::kCluster && resource_name != kClusterName) {
    return absl::StrCat("The only valid name for the CLUSTER resource is ", kClusterName);
  }
  if (principal.find(':') == std::string::npos) {
    return absl::StrCat("Could not parse principal from `", principal,
                        "` (no colon is present separating the principal type from the principal "
                        "name)");
  }
  return std::nullopt;
}

bool AclFilter::IsKnown() const {
  return IsBetween(resource_type, AclResourceType::kAny, AclResourceType::kUser) &&
         IsBetween(pattern_type, AclPatternType::kAny, AclPatternType::kPrefixed) &&
         IsBetween(operation, AclOperation::kAny, AclOperation::kTwoPhaseCommit) &&
         IsBetween(permission, AclPermission::kAny, AclPermission::kAllow);
}

bool AclFilter::MatchesName(const AclBinding& binding) const {
  if (!resource_name.has_value() || *resource_name == binding.resource_name) return true;
  if (pattern_type != AclPatternType::kMatch) return false;
  return binding.pattern_type == AclPatternType::kLiteral
             ? binding.resource_name == kWildcard
             : resource_name->starts_with(binding.resource_name);
}

bool AclFilter::Matches(const AclBinding& binding) const {
  const bool pattern = pattern_type == AclPatternType::kAny ||
                       pattern_type == AclPatternType::kMatch ||
                       pattern_type == binding.pattern_type;
  return (resource_type == AclResourceType::kAny || resource_type == binding.resource_type) &&
         pattern && MatchesName(binding) &&
         (!principal.has_value() || *principal == binding.principal) &&
         (!host.has_value() || *host == binding.host) &&
         (operation == AclOperation::kAny || operation == binding.operation) &&
         (permission == AclPermission::kAny || permission == binding.permission);
}

}  // namespace wherry::kafka
