#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::house {

// One file of the repository: its path from the root and its lines. A value.
struct SourceFile {
  std::string path;
  std::vector<std::string> lines;

  bool IsCpp() const;     // C++ or C that we wrote: headers, sources, fragments
  bool IsHeader() const;  // a C++ or C header
  bool IsCode() const;    // anything a person edits as code: C++, CMake, shell, Python, JavaScript
  bool IsText() const;    // code, prose and settings; not samples or other data
};

// What a rule found, one line each: "broker/core/x.h:12: what is wrong".
using Breaches = std::vector<std::string>;

// The files of the repository at `root`; build folders and data are left out.
std::vector<SourceFile> ReadTree(const std::filesystem::path& root);

// The tree this test was built from, read once.
const std::vector<SourceFile>& OwnTree();

// A file for a test of a rule itself: `text` split into lines.
SourceFile FileOf(std::string path, std::string_view text);

// "path:line: what"; `line` counts from 1, 0 means the file as a whole.
std::string At(const SourceFile& file, std::size_t line, std::string_view what);

}  // namespace wherry::house
