#include "tests/conformance/support/go_program.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {
namespace {

namespace fs = std::filesystem;

// Held by the one process that compiles, so that the others find what it made.
// Threads: one at a time. Owned by the function that compiles.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : fd_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    ::flock(fd_, LOCK_EX);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { ::close(fd_); }

 private:
  int fd_;
};

fs::path Folder() {
  const fs::path folder = WHERRY_GO_PROGRAMS;
  fs::create_directories(folder);
  return folder;
}

// Runs go with the arguments and answers "", or why it failed in one line.
std::string RunGo(std::vector<std::string> arguments, std::vector<std::string> environment) {
  if (!HasProgram("go")) return "Go is not installed";
  // The Go that is here, not one it would download; and no workspace around the build tree.
  environment.insert(environment.end(), {"GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS="});
  arguments.insert(arguments.begin(), "go");
  ChildProcess go(std::move(arguments), environment);
  const std::optional<Exit> exit = go.AwaitExit(kGoPatience);
  if (!exit.has_value()) return "Go did not compile it in time";
  if (exit->status == 0) return "";
  // It ends with what went wrong; before that it tells of downloads.
  std::string said = go.Errors();
  while (said.ends_with('\n')) said.pop_back();
  return "Go cannot compile it here: " + said.substr(said.rfind('\n') + 1);
}

}  // namespace

GoProgram GoProgram::Install(const std::string& package) {
  std::string name = package;
  std::replace(name.begin(), name.end(), '/', '+');
  const fs::path folder = Folder();
  const FolderLock lock(folder);
  const fs::path home = folder / name;
  const auto made = [&]() -> std::string {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(home, none)) return entry.path().string();
    return "";
  };
  if (std::string path = made(); !path.empty()) return {std::move(path), ""};
  std::string error = RunGo({"install", package}, {"GOBIN=" + home.string()});
  return {error.empty() ? made() : "", std::move(error)};
}

GoProgram GoProgram::Build(const std::string& module_folder, const std::string& name) {
  const fs::path folder = Folder();
  const FolderLock lock(folder);
  std::string path = (folder / name).string();
  std::string error = RunGo({"-C", module_folder, "build", "-o", path, "."}, {});
  return {error.empty() ? std::move(path) : "", std::move(error)};
}

}  // namespace wherry::conformance
