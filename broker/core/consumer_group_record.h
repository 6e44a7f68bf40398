#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/consumer_group_types.h"

namespace wherry::core {

// A group of the "consumer" kind as it is kept on disk: one value for the group, one for each
// member, written in the commit before whose end nobody hears of the change. Bytes: FORMAT.md.
//
// Keys: be16 size of the namespace's name, the name, "consumer-groups/", be32 size and group; then
// of the group u8 0, of a member u8 1 and its id.
struct ConsumerGroupRecord {
  std::int32_t epoch = 0;
  std::int32_t assignment_epoch = 0;
  std::uint64_t topics_hash = 0;  // of the topics that are subscribed to, as of the epoch
  bool operator==(const ConsumerGroupRecord&) const = default;

  std::string Encode() const;
  // kDataLoss: damaged, or of a version that this build does not know.
  static absl::StatusOr<ConsumerGroupRecord> Decode(std::string_view bytes);
};

struct ConsumerMemberRecord {
  // How a member of the classic protocol joined.
  struct Classic {
    runtime::Duration session_timeout{0};
    std::vector<GroupProtocol> protocols;
    bool operator==(const Classic&) const = default;
  };

  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::string client_id;
  std::string client_host;
  runtime::Duration rebalance_timeout{0};
  std::set<std::string> topics;
  std::string pattern;  // empty: none
  std::optional<std::string> assignor;
  MemberAssignment has;
  PartitionsOfTopics target;
  std::optional<Classic> classic;
  bool operator==(const ConsumerMemberRecord&) const = default;

  std::string Encode() const;
  static absl::StatusOr<ConsumerMemberRecord> Decode(std::string_view bytes);
};

}  // namespace wherry::core
