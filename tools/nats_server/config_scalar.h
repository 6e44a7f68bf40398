#pragma once

#include <optional>

#include "tools/nats_server/config_scanner.h"
#include "tools/nats_server/config_value.h"
#include "wherry/status.h"

namespace wherry::nats_server {

// What a string, number, truth value or time means. nullopt: a number with a suffix that is none,
// such as 1kbb, which nats-server drops. kInvalidArgument, with nats-server's words: a number out
// of its range, a day that no calendar has.
StatusOr<std::optional<ConfigData>> Interpret(const Item& item);

}  // namespace wherry::nats_server
