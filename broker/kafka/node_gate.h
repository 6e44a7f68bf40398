#pragma once

#include <memory>
#include <string_view>

#include "broker/kafka/api_row.h"

namespace wherry::kafka {

// Where there are several nodes: refuses, with NOT_COORDINATOR, what is asked of another node than
// the one that looks after the group or the transactional id. True: it has answered.
// Threads: the connection's shard.
bool RefuseElsewhere(const Call& call, const ApiRow& row, std::string_view body,
                     const std::shared_ptr<ResponseSlot>& slot);

}  // namespace wherry::kafka
