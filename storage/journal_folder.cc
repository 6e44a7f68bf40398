#include "storage/journal_folder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "storage/journal_file.h"

namespace wherry::storage {

namespace {

namespace fs = std::filesystem;

constexpr char kExtension[] = ".journal";

std::optional<std::uint64_t> NumberOf(const fs::path& file) {
  const std::string digits = file.stem().string();
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || file.filename() != JournalFile::NameOf(number)) {
    return std::nullopt;
  }
  return number;
}

absl::Status Failed(const char* doing, const std::string& folder, const std::error_code& error) {
  return absl::InternalError(absl::StrCat(doing, " ", folder, " failed: ", error.message()));
}

}  // namespace

std::string JournalFolderOf(const std::string& directory) { return directory + "/journal"; }

absl::Status CreateFirstJournal(const std::string& directory) {
  const std::string folder = JournalFolderOf(directory);
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return Failed("creating", folder, error);
  if (absl::Status status = SyncFolder(directory); !status.ok()) return status;
  const auto numbers = ListJournal(folder);
  if (!numbers.ok() || !numbers->empty()) return numbers.status();
  return JournalFile::Create(folder, 1).status();
}

absl::StatusOr<std::vector<std::uint64_t>> ListJournal(const std::string& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  std::vector<fs::path> unfinished;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() == ".new" || path.extension() == ".sst") unfinished.push_back(path);
    if (path.extension() != kExtension) continue;
    if (const auto number = NumberOf(path); number.has_value()) numbers.push_back(*number);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Failed("reading", folder, error);
  }
  for (const fs::path& path : unfinished) fs::remove(path, error);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace wherry::storage
