#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace wherry::nats_server {

struct ConfigValue;
using ConfigArray = std::vector<ConfigValue>;
using ConfigMap = std::map<std::string, ConfigValue, std::less<>>;

// A point in time of a configuration, as written: "2026-08-21T14:50:11Z".
struct ConfigTime {
  std::string text;
};

// Where something stands, counted as nats-server does: columns of the first line begin at 0, those
// of others at 1. A value under a key stands where its key does.
struct ConfigPlace {
  std::shared_ptr<const std::string> file;  // null: the environment
  std::int64_t line = 0;
  std::int64_t column = 0;

  // "nats.conf:3:5"
  std::string ToString() const {
    return (file == nullptr ? "" : *file) + ":" + std::to_string(line) + ":" +
           std::to_string(column);
  }
};

// What a value is, by its type. Arrays and maps are shared between a variable's uses.
using ConfigData =
    std::variant<bool, std::int64_t, double, std::string, ConfigTime,
                 std::shared_ptr<const ConfigArray>, std::shared_ptr<const ConfigMap>>;

// One value of a configuration.
struct ConfigValue {
  ConfigData data;
  ConfigPlace place;
  // Some other value refers to it by its name; its own name need not mean anything then.
  bool is_variable = false;
  std::uint64_t order = 0;  // of the keys, as they were read
  std::size_t depth = 0;    // of arrays and maps under it
  std::size_t weight = 1;   // values under it, and itself, with every use of a variable counted

  const std::string* AsString() const { return std::get_if<std::string>(&data); }
  const bool* AsBool() const { return std::get_if<bool>(&data); }
  const std::int64_t* AsInteger() const { return std::get_if<std::int64_t>(&data); }
  const double* AsFloat() const { return std::get_if<double>(&data); }
  const ConfigArray* AsArray() const {
    const auto* array = std::get_if<std::shared_ptr<const ConfigArray>>(&data);
    return array == nullptr ? nullptr : array->get();
  }
  const ConfigMap* AsMap() const {
    const auto* map = std::get_if<std::shared_ptr<const ConfigMap>>(&data);
    return map == nullptr ? nullptr : map->get();
  }
};

// The entries of a map in the order of the file.
std::vector<const ConfigMap::value_type*> InOrder(const ConfigMap& map);

// A value as an error shows it: a scalar as it is, anything else by its type.
std::string Shown(const ConfigValue& value);

// What nats-server calls a value's type in its errors: "int64", "map[string]interface {}".
std::string TypeName(const ConfigValue& value);

}  // namespace wherry::nats_server
