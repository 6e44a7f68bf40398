#include "broker/embed/control/json.h"

#include "absl/strings/str_cat.h"
#include "protocol/nats/base64.h"

namespace wherry::embed::control {

namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The length of the UTF-8 character at the start of `text`, which is not empty; 0: it is none.
std::size_t CharacterSize(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (at(0) < 0x80) return 1;
  const std::size_t size = at(0) >= 0xF0 ? 4 : at(0) >= 0xE0 ? 3 : 2;
  if (at(0) < 0xC2 || at(0) > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  // Longer than need be, a surrogate, or beyond the last code point.
  if (at(0) == 0xE0 && at(1) < 0xA0) return 0;
  if (at(0) == 0xED && at(1) > 0x9F) return 0;
  if (at(0) == 0xF0 && at(1) < 0x90) return 0;
  if (at(0) == 0xF4 && at(1) > 0x8F) return 0;
  return size;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

boost::json::object Header(std::string_view name, const std::optional<std::string>& value) {
  boost::json::object header;
  header["name"] = JsonText(name);
  PutBytes(header, "value", value);
  return header;
}

// The lines of a block "NATS/1.0\r\nName: value\r\n\r\n".
boost::json::array NatsHeaders(std::string_view block) {
  boost::json::array headers;
  for (std::size_t at = block.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t begin = at + 2;
    at = block.find("\r\n", begin);
    if (at == std::string_view::npos) break;
    const std::string_view line = block.substr(begin, at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    headers.push_back(Header(line.substr(0, colon), std::string(value)));
  }
  return headers;
}

}  // namespace

void PutBytes(boost::json::object& object, std::string_view name,
              const std::optional<std::string>& bytes) {
  if (!bytes.has_value()) {
    object[name] = nullptr;
  } else if (IsUtf8(*bytes)) {
    object[name] = boost::json::string(*bytes);
  } else {
    object[absl::StrCat(std::string(name), "_base64")] =
        boost::json::string(nats::EncodeBase64(*bytes));
  }
}

boost::json::string JsonText(std::string_view text) {
  boost::json::string shown;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    shown.append(size == 0 ? "\xEF\xBF\xBD" : text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return shown;
}

boost::json::object UrlsJson(const std::vector<std::string>& urls) {
  boost::json::object json;
  for (const std::string& url : urls) {
    boost::json::value& list = json[url.substr(0, url.find("://"))];
    if (!list.is_array()) list = boost::json::array();
    list.get_array().push_back(JsonText(url));
  }
  return json;
}

boost::json::object ToJson(const NatsMessage& message) {
  boost::json::object json;
  json["subject"] = JsonText(message.subject);
  json["reply"] = JsonText(message.reply);
  json["headers"] = NatsHeaders(message.headers);
  PutBytes(json, "payload", message.payload);
  return json;
}

boost::json::object ToJson(const KafkaRecord& record) {
  boost::json::object json;
  json["partition"] = record.partition;
  json["offset"] = record.offset;
  json["timestamp"] = record.timestamp;
  PutBytes(json, "key", record.key);
  PutBytes(json, "value", record.value);
  boost::json::array headers;
  for (const auto& [name, value] : record.headers) headers.push_back(Header(name, value));
  json["headers"] = std::move(headers);
  return json;
}

}  // namespace wherry::embed::control
