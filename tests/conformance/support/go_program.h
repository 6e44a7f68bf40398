#pragma once

#include <chrono>
#include <string>

namespace wherry::conformance {

// How long a program may take to be downloaded and compiled when a machine sees it first.
inline constexpr std::chrono::minutes kGoPatience{14};

// A program written in Go that tests drive. Compiled by whoever needs it first, any thread or
// process, into the build tree, where it stays.
struct GoProgram {
  std::string path;     // "" if it is not there
  std::string missing;  // why not, in one line

  // `package` with its version, as `go install` takes it: "github.com/a/b/cmd@v1.2.3".
  static GoProgram Install(const std::string& package);
  // The main package of a module's folder, compiled again if its source has changed.
  static GoProgram Build(const std::string& module_folder, const std::string& name);
};

}  // namespace wherry::conformance
