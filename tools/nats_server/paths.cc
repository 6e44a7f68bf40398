#include "tools/nats_server/paths.h"

#include <vector>

namespace wherry::nats_server {

std::string CleanPath(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> elements;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view element = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (element.empty() || element == ".") continue;
    if (element != "..") {
      elements.push_back(element);
    } else if (!elements.empty() && elements.back() != "..") {
      elements.pop_back();
    } else if (!rooted) {
      elements.push_back(element);
    }
  }
  std::string clean = rooted ? "/" : "";
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) clean += '/';
    clean += elements[i];
  }
  return clean.empty() ? "." : clean;
}

std::string FolderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return CleanPath(slash == std::string_view::npos ? "" : path.substr(0, slash + 1));
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty()) return name.empty() ? "" : CleanPath(name);
  return CleanPath(std::string(folder) + "/" + std::string(name));
}

}  // namespace wherry::nats_server
