#pragma once

#include "broker/core/consumer_group_types.h"

namespace wherry::kafka {

// What members of the protocol type "consumer" tell one another, for groups that have such members
// beside those whose assignment the server makes.
extern const core::ClassicCodec kConsumerProtocolCodec;

}  // namespace wherry::kafka
