#pragma once

#include <functional>
#include <string>

#include "broker/net/connection.h"

namespace wherry::net {

// One HTTP request, as plain values.
struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // "/varz"
  std::string query;   // "subs=1", without the question mark; not decoded
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// Answers a request at once, on the connection's shard.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// Speaks HTTP/1.1 (with keep-alive) on one connection. Limits: kMaxHttpHeader, kMaxHttpBody bytes.
std::unique_ptr<Session> MakeHttpSession(Connection& connection, const HttpHandler& handler);

inline constexpr std::uint32_t kMaxHttpHeader = 8 * 1024;
inline constexpr std::uint64_t kMaxHttpBody = 1024 * 1024;

}  // namespace wherry::net
