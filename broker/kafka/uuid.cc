#include "broker/kafka/uuid.h"

#include "absl/strings/escaping.h"

namespace wherry::kafka {

wire::Uuid RandomUuid(runtime::Random& random) {
  wire::Uuid id;
  for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(random.Next());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

// 16 bytes make 22 characters and two of padding, which this escape leaves out, as Kafka does.
std::string ToText(const wire::Uuid& id) {
  return absl::WebSafeBase64Escape(std::string(id.bytes.begin(), id.bytes.end()));
}

}  // namespace wherry::kafka
