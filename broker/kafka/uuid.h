#pragma once

#include <string>

#include "broker/runtime/random.h"
#include "protocol/wire/visitor.h"

namespace wherry::kafka {

// Of version 4, whose readers may check that.
wire::Uuid RandomUuid(runtime::Random& random);

// As Kafka's tools write it: 22 characters of base64.
std::string ToText(const wire::Uuid& id);

}  // namespace wherry::kafka
