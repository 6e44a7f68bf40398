#pragma once

#include <string>

#include "wherry/nats_options.h"

namespace wherry::conformance {

// Token, users with their permissions, accounts and no_auth_user, as nats-server's configuration
// file has them.
std::string SecurityConfig(const NatsOptions& options);

}  // namespace wherry::conformance
