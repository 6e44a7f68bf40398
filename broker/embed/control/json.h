#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "wherry/kafka.h"
#include "wherry/nats.h"

// Values of the public API as the JSON that operations answer. Bytes are a string in "payload"
// where they are UTF-8, else base64 in "payload_base64": a client reads whichever is there.
namespace wherry::embed::control {

// Adds bytes under `name`, or `name`_base64; null for nullopt.
void PutBytes(boost::json::object& object, std::string_view name,
              const std::optional<std::string>& bytes);
// A text for people: what is no UTF-8 in it becomes U+FFFD.
boost::json::string JsonText(std::string_view text);

// {"nats": ["nats://127.0.0.1:41233"], ...}
boost::json::object UrlsJson(const std::vector<std::string>& urls);
// {"subject", "reply", "headers": [{"name", "value"}], "payload"}
boost::json::object ToJson(const NatsMessage& message);
// {"partition", "offset", "timestamp", "key", "value", "headers": [{"name", "value"}]}
boost::json::object ToJson(const KafkaRecord& record);

}  // namespace wherry::embed::control
