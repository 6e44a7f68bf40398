#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tools/nats_server/config_value.h"
#include "wherry/status.h"

namespace wherry::nats_server {

// What a configuration may hold, with everything it includes. nats-server has no such limits, and
// dies of a file that includes itself.
inline constexpr std::size_t kMaxConfigDepth = 200;       // of arrays and maps
inline constexpr std::size_t kMaxConfigValues = 1 << 20;  // every use of a variable counted
inline constexpr std::size_t kMaxIncludeDepth = 32;
inline constexpr std::size_t kMaxIncludes = 1000;

// Where a configuration's text finds what is not in it.
struct ConfigSources {
  // The content of an included file. Its error is what a person reads:
  // "open users.conf: no such file or directory".
  std::function<StatusOr<std::string>(const std::string& path)> read_file;
  // An environment variable.
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

// Reads the text of a configuration file in nats-server's grammar: comments, blocks, arrays,
// includes, variables, size suffixes. Paths of includes are relative to the folder of `file`.
// kInvalidArgument, with nats-server's words: "Parse error on line 3: '...'".
StatusOr<ConfigMap> ParseConfig(std::string_view text, const std::string& file,
                                const ConfigSources& sources);

// The sum that nats-server shows for a configuration: "sha256:...", of its values as JSON.
std::string ConfigDigest(const ConfigMap& config);

}  // namespace wherry::nats_server
