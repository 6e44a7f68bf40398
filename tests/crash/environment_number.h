#pragma once

#include <string>

#include "tests/conformance/support/environment.h"

namespace wherry::crash {

// A number that a long run sets, such as WHERRY_KILLS=200.
inline int NumberFrom(const char* name, int otherwise) {
  const std::string text = conformance::Environment(name);
  return text.empty() ? otherwise : std::stoi(text);
}

}  // namespace wherry::crash
