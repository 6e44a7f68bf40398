#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace wherry::conformance {

// A new folder of this test, removed with everything in it.
// Threads: one at a time. Owned by the test.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  const std::filesystem::path& path() const { return path_; }
  // A path inside.
  std::string File(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::filesystem::path& path);
void WriteFile(const std::filesystem::path& path, std::string_view content);

}  // namespace wherry::conformance
