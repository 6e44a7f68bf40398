#include "tests/unit/house/source_tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

namespace wherry::house {
namespace {

namespace fs = std::filesystem;

// The top level is fixed (README.md, "Layout"); a folder that is not named here is not ours.
constexpr std::array<std::string_view, 7> kFolders = {".ci",     "broker", "clients", "protocol",
                                                      "storage", "tests",  "tools"};
const std::set<std::string> kLeftOut = {"__pycache__", "node_modules", "corpus", "build"};

bool HasExtension(const std::string& path, std::initializer_list<std::string_view> extensions) {
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](std::string_view extension) { return path.ends_with(extension); });
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void ReadFolder(const fs::path& root, const fs::path& folder, std::vector<SourceFile>& files) {
  fs::recursive_directory_iterator walk(folder), end;
  for (; walk != end; ++walk) {
    if (walk->is_directory() && kLeftOut.contains(walk->path().filename().string())) {
      walk.disable_recursion_pending();
    } else if (walk->is_regular_file()) {
      files.push_back(FileOf(fs::relative(walk->path(), root).string(), ReadAll(walk->path())));
    }
  }
}

}  // namespace

bool SourceFile::IsHeader() const { return HasExtension(path, {".h"}); }
bool SourceFile::IsCpp() const { return HasExtension(path, {".h", ".cc", ".c", ".inc"}); }

bool SourceFile::IsCode() const {
  if (IsCpp() ||
      HasExtension(path, {".cmake", ".in", ".py", ".js", ".mjs", ".sh", "CMakeLists.txt"}))
    return true;
  return !lines.empty() && lines[0].starts_with("#!");
}

bool SourceFile::IsText() const {
  return IsCode() || HasExtension(path, {".md", ".json", ".txt", ".clang-format", ".clang-tidy"});
}

SourceFile FileOf(std::string path, std::string_view text) {
  SourceFile file{std::move(path), {}};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    file.lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return file;
}

std::vector<SourceFile> ReadTree(const fs::path& root) {
  std::vector<SourceFile> files;
  for (std::string_view folder : kFolders)
    if (fs::is_directory(root / folder)) ReadFolder(root, root / folder, files);
  for (const fs::directory_entry& entry : fs::directory_iterator(root))
    if (entry.is_regular_file())
      files.push_back(FileOf(entry.path().filename().string(), ReadAll(entry.path())));
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

const std::vector<SourceFile>& OwnTree() {
  static const std::vector<SourceFile> tree = ReadTree(WHERRY_SOURCE_DIR);
  return tree;
}

std::string At(const SourceFile& file, std::size_t line, std::string_view what) {
  std::string text = file.path;
  if (line > 0) text += ":" + std::to_string(line);
  return text.append(": ").append(what);
}

}  // namespace wherry::house
