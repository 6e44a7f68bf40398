#pragma once

#include <cstdint>
#include <span>

#include "broker/kafka/api_row.h"

namespace wherry::kafka {

// Every API, by key: one row per file in api/.
std::span<const ApiRow* const> ApiTable();
// nullptr: no such API.
const ApiRow* FindApi(std::int16_t key);

}  // namespace wherry::kafka
