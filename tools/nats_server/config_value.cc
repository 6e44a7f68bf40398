#include "tools/nats_server/config_value.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace wherry::nats_server {

std::vector<const ConfigMap::value_type*> InOrder(const ConfigMap& map) {
  std::vector<const ConfigMap::value_type*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->second.order < b->second.order; });
  return entries;
}

std::string TypeName(const ConfigValue& value) {
  static constexpr std::array<const char*, 7> kNames = {"bool",
                                                        "int64",
                                                        "float64",
                                                        "string",
                                                        "time.Time",
                                                        "[]interface {}",
                                                        "map[string]interface {}"};
  return kNames[value.data.index()];
}

std::string Shown(const ConfigValue& value) {
  if (value.AsString() != nullptr) return *value.AsString();
  if (value.AsBool() != nullptr) return *value.AsBool() ? "true" : "false";
  if (value.AsInteger() != nullptr) return std::to_string(*value.AsInteger());
  if (value.AsFloat() != nullptr) {
    std::array<char, 32> text{};
    return std::string(text.data(),
                       std::to_chars(text.data(), text.data() + text.size(), *value.AsFloat()).ptr);
  }
  return TypeName(value);
}

}  // namespace wherry::nats_server
