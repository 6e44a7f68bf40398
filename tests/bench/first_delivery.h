#pragma once

#include "absl/status/status.h"
#include "tests/bench/connection.h"

namespace wherry::bench {

// The least that a NATS test does: two connections, one subscription, one message, its delivery
// checked. Blocking.
absl::Status DeliverOne(const Address& nats);

}  // namespace wherry::bench
