// Any bytes as a configuration file: read, summed, and turned into options or errors.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/nats_server/settings.h"

namespace {

using wherry::Status;
using wherry::StatusCode;
using wherry::StatusOr;
using namespace wherry::nats_server;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The second half is what every include and every variable holds.
  const std::string rest(text.substr(size / 2));
  const ConfigSources sources{
      [&rest](const std::string& path) -> StatusOr<std::string> {
        if (path.find("none") == std::string::npos) return rest;
        return Status(StatusCode::kNotFound, "open " + path + ": no such file or directory");
      },
      [&rest](const std::string&) { return std::optional<std::string>(rest); }};
  const StatusOr<ConfigMap> config = ParseConfig(text, "fuzz.conf", sources);
  if (!config.ok()) return 0;
  if (ConfigDigest(*config).size() != std::string_view("sha256:").size() + 64) __builtin_trap();
  Settings settings;
  const ConfigProblems problems = ReadConfig(*config, "fuzz.conf", sources.read_file, settings);
  if (problems.errors.empty()) (void)BrokerOptions(settings);
  return 0;
}
