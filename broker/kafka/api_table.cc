#include "broker/kafka/api_table.h"

#include "broker/kafka/cluster.h"

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

RequestSubjects ApiRow::SubjectsOf(const Call& call, std::string_view body, bool flexible) const {
  RequestSubjects subjects =
      request.subjects(body, call.version, flexible, call.cluster.topics());
  if (find_unnamed != nullptr) find_unnamed(call, body, flexible, subjects);
  return subjects;
}

std::span<const ApiRow* const> ApiTable() { return kTable; }

const ApiRow* FindApi(std::int16_t key) {
  for (const ApiRow* row : kTable) {
    if (row->key == key) return row;
  }
  return nullptr;
}

}  // namespace wherry::kafka
