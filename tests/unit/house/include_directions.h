#pragma once

#include <string_view>

#include "tests/unit/house/source_tree.h"

namespace wherry::house {

// Whether a file of that path may include `name` (as it stands between the quotes or brackets).
// Answers "" if it may, else what is wrong. Files of tests may include everything of ours.
std::string WhyNotInclude(std::string_view path, std::string_view name, bool in_brackets);

// Every include in `files` that goes against the dependency directions.
Breaches CheckIncludes(const std::vector<SourceFile>& files);

}  // namespace wherry::house
