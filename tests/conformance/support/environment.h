#pragma once

#include <cstdlib>
#include <string>

namespace wherry::conformance {

// The value of an environment variable, "" if it is not set.
inline std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace wherry::conformance
