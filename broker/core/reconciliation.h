#pragma once

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "broker/core/topic_directory.h"

namespace wherry::core {

// What keeps a member from what it is to have.
enum class MemberState : std::uint8_t {
  kStable = 0,      // nothing
  kUnrevoked = 1,   // it has not yet let go of what others are to have
  kUnreleased = 2,  // others have not yet let go of what it is to have
};

// What a member of a consumer group (KIP-848) has, as far as it was told.
struct MemberAssignment {
  MemberState state = MemberState::kStable;
  std::int32_t epoch = 0;           // of the target assignment that it follows
  std::int32_t previous_epoch = 0;  // the one before: an answer may have been lost
  PartitionsOfTopics assigned;
  PartitionsOfTopics revoking;  // it was asked to let go of

  bool operator==(const MemberAssignment&) const = default;
  bool Follows(std::int32_t target_epoch) const {
    return state == MemberState::kStable && epoch == target_epoch;
  }
};

// Leads a member one step towards `target`: it lets go of partitions before it is given others, and
// is given one only when nobody has it any more (`is_free`). `owned`: what the member says it has
// now; nullopt: it says nothing.
//
// A has 0 and 1 of a topic, and the target gives 1 to B. A is asked to let go of 1 (kUnrevoked), B
// waits (kUnreleased); A says it owns 0 alone, follows the target; B's next step gives it 1.
MemberAssignment Reconcile(
    const MemberAssignment& member, const PartitionsOfTopics& target, std::int32_t target_epoch,
    const std::optional<PartitionsOfTopics>& owned,
    absl::FunctionRef<bool(const TopicId& topic, std::int32_t partition)> is_free);

}  // namespace wherry::core
