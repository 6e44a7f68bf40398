#pragma once

#include <string>
#include <string_view>

namespace wherry::nats {

// `text` in double quotes as -ERR lines have it: what nats-server gets from Go's %q. Quotes and
// backslashes get a backslash; control characters, what is no UTF-8 and what cannot be seen become
// \n, \x1b or \u00a0. Code points that Unicode has not assigned are not told apart: they stay.
std::string Quote(std::string_view text);

}  // namespace wherry::nats
