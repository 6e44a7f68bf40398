#pragma once

#include <cstdint>
#include <initializer_list>

namespace wherry::kafka {

// What a client may do, as a set of bits (KIP-430): as long as there is no authorizer, whatever
// there is to do. A bit's number is the code of Kafka's AclOperation.
enum class AclOperation {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
};

constexpr std::int32_t BitsOf(std::initializer_list<AclOperation> operations) {
  std::int32_t bits = 0;
  for (const AclOperation operation : operations) bits |= 1 << static_cast<int>(operation);
  return bits;
}

// "Not asked for".
inline constexpr std::int32_t kNoOperations = INT32_MIN;
inline constexpr std::int32_t kAllTopicOperations =
    BitsOf({AclOperation::kRead, AclOperation::kWrite, AclOperation::kCreate, AclOperation::kDelete,
            AclOperation::kAlter, AclOperation::kDescribe, AclOperation::kDescribeConfigs,
            AclOperation::kAlterConfigs});
inline constexpr std::int32_t kAllGroupOperations =
    BitsOf({AclOperation::kRead, AclOperation::kDelete, AclOperation::kDescribe,
            AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs});
inline constexpr std::int32_t kAllClusterOperations =
    BitsOf({AclOperation::kCreate, AclOperation::kAlter, AclOperation::kDescribe,
            AclOperation::kClusterAction, AclOperation::kDescribeConfigs,
            AclOperation::kAlterConfigs, AclOperation::kIdempotentWrite});

}  // namespace wherry::kafka
