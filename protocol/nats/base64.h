#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wherry::nats {

// RFC 4648 in the two forms that NATS writes. Both decoders skip line ends, and do not mind bits of
// the last digit that stand for nothing: Go's do the same, and clients were tested against those.

// The URL alphabet (- and _), without padding.
std::string EncodeBase64Url(std::string_view bytes);
std::optional<std::string> DecodeBase64Url(std::string_view text);
// The standard alphabet (+ and /), with padding, which must be there.
std::string EncodeBase64(std::string_view bytes);
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace wherry::nats
