#include "broker/kafka/api_table.h"

namespace wherry::kafka {

// The list is written by CMake from the names in api/.
#define ROW(stem) extern const ApiRow api_##stem;
#include "broker/kafka/api_table.inc"
#undef ROW

namespace {

constexpr const ApiRow* kTable[] = {
#define ROW(stem) &api_##stem,
#include "broker/kafka/api_table.inc"
#undef ROW
};

}  // namespace

std::span<const ApiRow* const> ApiTable() { return kTable; }

const ApiRow* FindApi(std::int16_t key) {
  for (const ApiRow* row : kTable) {
    if (row->key == key) return row;
  }
  return nullptr;
}

}  // namespace wherry::kafka
