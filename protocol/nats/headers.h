#pragma once

#include <string_view>

namespace wherry::nats {

// "NATS/1.0\r\n" ... "\r\n\r\n": whether a block may be sent as a message's headers.
bool IsValidHeaderBlock(std::string_view block);
// The value of the first header of that name (names compare without case, the value without blanks
// around it); "" if there is none.
std::string_view FindHeader(std::string_view block, std::string_view name);

}  // namespace wherry::nats
