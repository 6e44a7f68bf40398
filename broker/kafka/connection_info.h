#pragma once

#include <cstdint>
#include <string>

namespace wherry::kafka {

// One client's connection, as its owner of a test looks at it. A value.
struct ConnectionInfo {
  std::uint64_t id = 0;
  std::string remote;         // "127.0.0.1:41234"
  std::string client_id;      // of its latest request; "" before the first
  std::string software_name;  // as ApiVersions names it (KIP-511), from version 3 on
  std::string software_version;
  std::int64_t start_unix_millis = 0;
  std::uint64_t requests = 0;
  std::uint64_t in_bytes = 0;  // of requests and responses, with their sizes
  std::uint64_t out_bytes = 0;
};

}  // namespace wherry::kafka
