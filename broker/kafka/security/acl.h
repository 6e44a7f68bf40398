#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/kafka/authorized_operations.h"

// Access control lists as Kafka has them (KIP-11, 290), with the numbers that they have on the
// wire.
namespace wherry::kafka {

enum class AclResourceType : std::int8_t {
  kUnknown = 0,
  kAny = 1,  // of a filter
  kTopic = 2,
  kGroup = 3,
  kCluster = 4,
  kTransactionalId = 5,
  kDelegationToken = 6,
  kUser = 7,
};

enum class AclPatternType : std::int8_t {
  kUnknown = 0,
  kAny = 1,    // of a filter
  kMatch = 2,  // of a filter: whatever speaks of the resource of that name
  kLiteral = 3,
  kPrefixed = 4,
};

enum class AclPermission : std::int8_t { kUnknown = 0, kAny = 1, kDeny = 2, kAllow = 3 };

// The only resource of type cluster.
inline constexpr char kClusterName[] = "kafka-cluster";
// A literal name, and a host, that stand for all.
inline constexpr char kWildcard[] = "*";

// One entry: a principal, from a host, is allowed or denied to do something with the resources of a
// pattern. A value.
struct AclBinding {
  AclResourceType resource_type = AclResourceType::kUnknown;
  AclPatternType pattern_type = AclPatternType::kLiteral;
  std::string resource_name;
  std::string principal;  // "User:ann", "User:*"
  std::string host;       // an address, or "*"
  AclOperation operation = AclOperation::kUnknown;
  AclPermission permission = AclPermission::kUnknown;

  auto operator<=>(const AclBinding&) const = default;
  // Whether such an entry can be; if not, why, in Kafka's words.
  std::optional<std::string> WhyInvalid() const;
};

// What DescribeAcls and DeleteAcls ask for. A value.
struct AclFilter {
  AclResourceType resource_type = AclResourceType::kAny;
  AclPatternType pattern_type = AclPatternType::kAny;
  std::optional<std::string> resource_name;  // nullopt: any; likewise the others
  std::optional<std::string> principal;
  std::optional<std::string> host;
  AclOperation operation = AclOperation::kAny;
  AclPermission permission = AclPermission::kAny;

  bool Matches(const AclBinding& binding) const;
  // Whether each of its parts is one that there is.
  bool IsKnown() const;

 private:
  bool MatchesName(const AclBinding& binding) const;
};

}  // namespace wherry::kafka
