#pragma once

#include <string>
#include <string_view>

namespace wherry::nats_server {

// Paths as Go's filepath has them, so that messages name files as nats-server does.

// Without empty elements, "." and what ".." takes back; "." for nothing.
std::string CleanPath(std::string_view path);
// "conf" for "conf/nats.conf", "." for "nats.conf".
std::string FolderOf(std::string_view path);
// `name` under `folder`, even where it begins with a slash.
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace wherry::nats_server
