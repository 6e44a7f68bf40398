#include "tests/unit/house/include_directions.h"

#include <algorithm>
#include <array>
#include <regex>

namespace wherry::house {
namespace {

using Folders = std::vector<std::string>;

constexpr std::array<std::string_view, 7> kOurTopFolders = {
    "broker/", "clients/", "protocol/", "storage/", "tests/", "tools/", "wherry/"};

bool StartsWithAny(std::string_view text, const Folders& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.starts_with(prefix); });
}

bool IsOurs(std::string_view name) {
  return std::any_of(kOurTopFolders.begin(), kOurTopFolders.end(),
                     [&](std::string_view top) { return name.starts_with(top); });
}

// <vector>, <cstdint>: no folder, no extension.
bool IsStandard(std::string_view name) {
  return name.find_first_of("/.") == std::string_view::npos;
}

// The name of the folder that `path` has below `top`: FolderBelow("protocol/", "protocol/nats/x.h")
// is "nats".
std::string FolderBelow(std::string_view top, std::string_view path) {
  if (!path.starts_with(top)) return "";
  path.remove_prefix(top.size());
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

Folders AllowedInBroker(const std::string& folder) {
  if (folder == "include") return {"wherry/"};
  if (folder == "runtime") return {"broker/runtime/"};
  if (folder == "net") return {"broker/net/", "broker/runtime/"};
  if (folder == "core") return {"broker/core/", "broker/runtime/", "storage/"};
  if (folder == "http") return {"broker/http/", "broker/core/", "broker/net/", "broker/runtime/"};
  // The composition root chooses the store, and speaks a protocol's words for the direct API.
  if (folder == "embed") return {"broker/", "wherry/", "storage/", "protocol/"};
  // Everything else is a protocol: its own wire format, and never another protocol.
  return {"broker/" + folder + "/",
          "protocol/" + folder + "/",
          "protocol/wire/",
          "broker/core/",
          "broker/net/",
          "broker/runtime/"};
}

// Our folders that a file of that path may include.
Folders Allowed(std::string_view path) {
  if (path.starts_with("storage/")) return {"storage/"};
  if (path.starts_with("protocol/"))
    return {"protocol/" + FolderBelow("protocol/", path) + "/", "protocol/wire/"};
  if (path.starts_with("broker/")) return AllowedInBroker(FolderBelow("broker/", path));
  if (path.starts_with("tools/")) return {"tools/", "wherry/"};
  if (path.starts_with("clients/")) return {"clients/", "wherry/"};
  return Folders(kOurTopFolders.begin(), kOurTopFolders.end());
}

std::string WhyNotForeign(std::string_view path, std::string_view name) {
  if (path.starts_with("tests/")) return "";
  if (path.starts_with("broker/include/") && !IsStandard(name)) {
    // The fixture for GoogleTest and the matchers are the headers that cannot do without it; the
    // one for C has the standard library of C.
    const bool alone = (path.ends_with("/testing.h") && name == "gtest/gtest.h") ||
                       (path.ends_with("/matchers.h") && name == "gmock/gmock.h") ||
                       (path.ends_with("/c.h") && (name == "stddef.h" || name == "stdint.h"));
    return alone ? "" : "a public header includes the standard library and wherry/ alone";
  }
  if (name.starts_with("rocksdb/") && !path.starts_with("storage/rocksdb_"))
    return "RocksDB's headers belong to storage/rocksdb_* alone";
  if ((name.starts_with("boost/asio") || name.starts_with("boost/beast")) &&
      !StartsWithAny(path, {"broker/runtime/", "broker/net/"}))
    return "asio's and Beast's headers belong to broker/runtime and broker/net alone";
  return "";
}

}  // namespace

std::string WhyNotInclude(std::string_view path, std::string_view name, bool in_brackets) {
  if (!IsOurs(name)) {
    if (!in_brackets && name.find('/') == std::string_view::npos)
      return "name our headers by their path from the root";
    if (name.find("..") != std::string_view::npos) return "no way up in an include";
    return WhyNotForeign(path, name);
  }
  if (StartsWithAny(name, Allowed(path))) return "";
  return "this folder must not depend on that one";
}

Breaches CheckIncludes(const std::vector<SourceFile>& files) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsCpp()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.lines[i], match, kInclude)) continue;
      const std::string name = match[2];
      const std::string why = WhyNotInclude(file.path, name, match[1] == "<");
      if (!why.empty()) breaches.push_back(At(file, i + 1, name + ": " + why));
    }
  }
  return breaches;
}

}  // namespace wherry::house
