#pragma once

#include "broker/core/group_types.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

// As Kafka calls what a group refuses.
constexpr ErrorCode ErrorCodeOf(core::GroupError error) {
  switch (error) {
    case core::GroupError::kNone:
      return ErrorCode::kNone;
    case core::GroupError::kInvalidGroupId:
      return ErrorCode::kInvalidGroupId;
    case core::GroupError::kInvalidSessionTimeout:
      return ErrorCode::kInvalidSessionTimeout;
    case core::GroupError::kUnknownMember:
      return ErrorCode::kUnknownMemberId;
    case core::GroupError::kMemberIdRequired:
      return ErrorCode::kMemberIdRequired;
    case core::GroupError::kInconsistentProtocol:
      return ErrorCode::kInconsistentGroupProtocol;
    case core::GroupError::kIllegalGeneration:
      return ErrorCode::kIllegalGeneration;
    case core::GroupError::kRebalanceInProgress:
      return ErrorCode::kRebalanceInProgress;
    case core::GroupError::kFencedInstance:
      return ErrorCode::kFencedInstanceId;
    case core::GroupError::kGroupFull:
      return ErrorCode::kGroupMaxSizeReached;
    case core::GroupError::kNonEmptyGroup:
      return ErrorCode::kNonEmptyGroup;
    case core::GroupError::kGroupNotFound:
      return ErrorCode::kGroupIdNotFound;
    case core::GroupError::kSubscribedToTopic:
      return ErrorCode::kGroupSubscribedToTopic;
    case core::GroupError::kInvalidRequest:
      return ErrorCode::kInvalidRequest;
    case core::GroupError::kUnsupportedAssignor:
      return ErrorCode::kUnsupportedAssignor;
    case core::GroupError::kInvalidPattern:
      return ErrorCode::kInvalidRegularExpression;
    case core::GroupError::kFencedMemberEpoch:
      return ErrorCode::kFencedMemberEpoch;
    case core::GroupError::kStaleMemberEpoch:
      return ErrorCode::kStaleMemberEpoch;
    case core::GroupError::kUnreleasedInstance:
      return ErrorCode::kUnreleasedInstanceId;
    case core::GroupError::kUnsupportedVersion:
      return ErrorCode::kUnsupportedVersion;
    // Clients look for the coordinator again and try again.
    case core::GroupError::kCoordinatorNotAvailable:
    case core::GroupError::kStorage:
      return ErrorCode::kCoordinatorNotAvailable;
  }
  return ErrorCode::kUnknownServerError;
}

constexpr const char* StateName(core::GroupState state) {
  switch (state) {
    case core::GroupState::kEmpty:
      return "Empty";
    case core::GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case core::GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case core::GroupState::kStable:
      return "Stable";
    case core::GroupState::kDead:
      return "Dead";
    case core::GroupState::kAssigning:
      return "Assigning";
    case core::GroupState::kReconciling:
      return "Reconciling";
  }
  return "Unknown";
}

constexpr const char* KindName(core::GroupKind kind) {
  return kind == core::GroupKind::kClassic ? "classic" : "consumer";
}

}  // namespace wherry::kafka
