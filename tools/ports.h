#pragma once

#include <string>
#include <vector>

#include "wherry/status.h"

namespace wherry::server {

// {"nats":["nats://127.0.0.1:4222"],"kafka":["kafka://127.0.0.1:9092"]}: URLs by their scheme, both
// in the order given.
std::string PortsJson(const std::vector<std::string>& urls);

// The file that tells others where the server listens. It appears whole or not at all, and goes
// when this object does.
// Threads: one at a time. Owned by main.
class PortsFile {
 public:
  // Prepares `path` before anything listens, so that a path that cannot be written stops the start.
  static StatusOr<PortsFile> Prepare(std::string path);

  PortsFile(PortsFile&& other) noexcept;
  PortsFile& operator=(PortsFile&&) = delete;
  ~PortsFile();

  // Shows `json` under the path.
  Status Publish(const std::string& json);

 private:
  PortsFile(std::string path, std::string draft, int descriptor);

  std::string path_;
  std::string draft_;  // beside `path_`, renamed to it
  int descriptor_ = -1;
  bool published_ = false;
};

// Writes `json` and a newline to a descriptor that somebody else opened for us, and closes it.
Status TellReady(int descriptor, const std::string& json);

}  // namespace wherry::server
