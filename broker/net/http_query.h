#pragma once

#include <string>
#include <string_view>

namespace wherry::net {

// The decoded value of the first parameter of that name in "a=1&b=x%20y"; "" if there is none. A
// pair with a broken escape or a semicolon counts as not there (as Go's net/url has it).
std::string HttpQueryValue(std::string_view query, std::string_view name);

}  // namespace wherry::net
