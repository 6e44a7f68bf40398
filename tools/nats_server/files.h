#pragma once

#include <string>
#include <string_view>

#include "wherry/status.h"

namespace wherry::nats_server {

// The content of a file; the error is "open FILE: no such file or directory".
StatusOr<std::string> ReadWholeFile(const std::string& path);

// Creates or replaces a file; the error is as above.
Status WriteWholeFile(const std::string& path, std::string_view content);

}  // namespace wherry::nats_server
