#pragma once

#include <array>
#include <cstdint>

namespace wherry::kafka {

// Something that client and broker do in one of several ways, of which one holds for the whole
// cluster (KIP-584): the versions there are, and the one that holds. 0: it is not used.
struct Feature {
  const char* name = "";
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;
  std::int16_t finalized = 0;
};

// What ApiVersions tells of, by name. Clients read abilities into it: a feature stands here once
// it works.
inline constexpr std::array kFeatures = {
    // 1: groups whose assignment the broker makes (KIP-848).
    Feature{.name = "group.version", .min_version = 0, .max_version = 1, .finalized = 1},
    // 2: each transaction ends its producer's epoch, and need not be told of its partitions before
    // they are written to (KIP-890).
    Feature{.name = "transaction.version", .min_version = 0, .max_version = 2, .finalized = 2},
};

}  // namespace wherry::kafka
