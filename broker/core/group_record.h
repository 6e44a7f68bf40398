#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/group_types.h"

namespace wherry::core {

// A consumer group as it is kept on disk: written when it becomes stable (before any member hears
// of its assignment) and when it becomes empty.
//
// Integers are big-endian, strings stand behind their size in be32, "optional" behind a u8 0 or 1:
//   key    be16 size of the namespace's name, the name, "groups/", group
//   value  u8 version (2), be32 generation, protocol type, optional protocol name, optional leader,
//          be32 number of members, and for each of them: member id, optional instance id, client
//          id, client host, be32 session timeout in ms, be32 rebalance timeout in ms, assignment,
//          be32 number of protocols, and for each of those: name, metadata; then be64 time since
//          which it is empty (not in version 1)
struct GroupRecord {
  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    runtime::Duration session_timeout{0};
    runtime::Duration rebalance_timeout{0};
    std::string assignment;
    std::vector<GroupProtocol> protocols;
  };

  std::int32_t generation = 0;
  std::string protocol_type;
  std::optional<std::string> protocol_name;
  std::optional<std::string> leader;
  std::vector<Member> members;
  // When the last member went, in milliseconds since the epoch; -1: not known.
  std::int64_t empty_since = -1;

  std::string Encode() const;
  // kDataLoss: damaged, or of a version that this build does not know.
  static absl::StatusOr<GroupRecord> Decode(std::string_view bytes);
};

}  // namespace wherry::core
