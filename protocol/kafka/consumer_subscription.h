#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/kafka/consumer_assignment.h"

namespace wherry::kafka {

// What a member of the protocol type "consumer" tells its group's leader of itself.
struct ConsumerSubscription {
  std::int16_t version = 0;
  std::vector<std::string> topics;
  ConsumerAssignment owned;        // from version 1 on (KIP-429)
  std::int32_t generation_id = -1;  // of `owned`; from version 2 on
  std::optional<std::string> rack_id;  // from version 3 on (KIP-881)
};

// Reads ConsumerProtocolSubscription, versions 0 to 3; later ones are taken to begin alike, as
// clients do. nullopt: it is something else, or cut.
std::optional<ConsumerSubscription> ParseConsumerSubscription(std::string_view bytes);

}  // namespace wherry::kafka
