#include "protocol/nats/info.h"

#include <boost/json.hpp>

namespace wherry::nats {

namespace json = boost::json;

std::string InfoLine(const ServerInfo& info) {
  json::object object;
  object.reserve(24);
  const auto add_text = [&object](const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
  };
  const auto add_flag = [&object](const char* name, bool flag) {
    if (flag) object[name] = true;
  };
  object["server_id"] = info.server_id;
  object["server_name"] = info.server_name;
  object["version"] = info.version;
  object["proto"] = info.proto;
  add_text("git_commit", info.git_commit);
  object["go"] = "";
  object["host"] = info.host;
  object["port"] = info.port;
  object["headers"] = info.headers;
  add_flag("auth_required", info.auth_required);
  add_flag("tls_required", info.tls_required);
  add_flag("tls_verify", info.tls_verify);
  add_flag("tls_available", info.tls_available);
  object["max_payload"] = info.max_payload;
  object["client_id"] = info.client_id;
  add_text("client_ip", info.client_ip);
  add_text("nonce", info.nonce);
  if (!info.connect_urls.empty()) {
    object["connect_urls"] = json::array(info.connect_urls.begin(), info.connect_urls.end());
  }
  add_flag("ldm", info.lame_duck);
  add_flag("connect_info", info.connect_info);
  add_text("remote_account", info.remote_account);
  return "INFO " + json::serialize(object) + "\r\n";
}

}  // namespace wherry::nats
