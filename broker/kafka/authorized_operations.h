#pragma once

#include <cstdint>
#include <initializer_list>

namespace wherry::kafka {

// What a client may do, by Kafka's numbers.
enum class AclOperation : std::int8_t {
  kUnknown = 0,
  kAny = 1,  // of a filter
  kAll = 2,  // of an entry: each of those below
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
  kCreateTokens = 13,
  kDescribeTokens = 14,
  kTwoPhaseCommit = 15,
};

// As a set (KIP-430): a bit's number is that of the operation.
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
