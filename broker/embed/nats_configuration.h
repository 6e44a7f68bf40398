#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "broker/nats/settings.h"
#include "wherry/nats_options.h"

namespace wherry::embed {

// What the options say, in the words of broker/nats, with files read and passwords sorted out.
// kInvalidArgument names the option that cannot work, and why.
absl::StatusOr<std::shared_ptr<const nats::Configuration>> NatsConfiguration(
    const NatsOptions& options);

}  // namespace wherry::embed
