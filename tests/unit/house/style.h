#pragma once

#include "tests/unit/house/source_tree.h"

namespace wherry::house {

inline constexpr std::size_t kMaxLines = 600;
inline constexpr std::size_t kMaxColumns = 100;
inline constexpr std::size_t kMaxFunctionLines = 70;

// Each answers what in `files` breaks one rule of the house.

// Files and lines that are too long.
Breaches CheckSizes(const std::vector<SourceFile>& files);
// Functions that are too long.
Breaches CheckFunctions(const std::vector<SourceFile>& files);
// Type and file names that say nothing: Manager and the like.
Breaches CheckNames(const std::vector<SourceFile>& files);
// Headers that begin without `#pragma once`.
Breaches CheckPragmaOnce(const std::vector<SourceFile>& files);
// Types and functions of the public headers that no comment describes. A function whose body stands
// in the header, and a special member, may do without; overloads share the comment of their group.
Breaches CheckPublicComments(const std::vector<SourceFile>& files);
// Unfinished work, licence banners, paths of one machine, addresses nobody else can open.
Breaches CheckLeftovers(const std::vector<SourceFile>& files);

}  // namespace wherry::house
