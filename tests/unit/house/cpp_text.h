#pragma once

#include "tests/unit/house/source_tree.h"

namespace wherry::house {

// C++ lines with every comment, literal and preprocessor line blanked, so that what is left of a
// brace or a word is code. Line numbers stay.
std::vector<std::string> CodeOnly(const std::vector<std::string>& lines);

// A function's body, from the line of its opening brace to the line of its closing one.
struct FunctionBody {
  std::size_t first_line = 0;  // counts from 1
  std::size_t last_line = 0;
  std::size_t size() const { return last_line - first_line + 1; }
};

// The outermost function bodies of a C++ file, found by their braces: a lambda belongs to the
// function around it, a table in braces is none.
std::vector<FunctionBody> FunctionBodies(const SourceFile& file);

}  // namespace wherry::house
