#pragma once

#include "broker/nats/authenticator.h"
#include "wherry/nats_options.h"

namespace wherry {

// What the options say about who may connect, in the words of broker/nats.
nats::Authenticator::Settings AuthenticatorSettings(const NatsOptions& options);

}  // namespace wherry
