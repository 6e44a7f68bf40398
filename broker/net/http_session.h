#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/net/connection.h"
#include "broker/net/tls_acceptor.h"

namespace wherry::net {

// One HTTP request, as plain values.
struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // "/varz"
  std::string query;   // "subs=1", without the question mark; not decoded
  std::string body;
  // Headers: "localhost:8222", "application/json"; "" if they are not there.
  std::string host;
  std::string content_type;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // Besides those that HTTP itself needs.
  std::vector<std::pair<std::string, std::string>> headers;
};

// How one request is answered, at once or later, exactly once. Until then its connection reads
// nothing more, so a reply that is never sent leaves the client waiting until it goes.
// Threads: Send on the connection's shard; copied and destroyed on any. Shared by whoever answers.
class HttpReply {
 public:
  using Deliver = std::function<void(HttpResponse)>;
  explicit HttpReply(std::weak_ptr<Deliver> deliver) : deliver_(std::move(deliver)) {}

  // Does nothing if the connection has gone or the request is answered already.
  void Send(HttpResponse response) const {
    const std::shared_ptr<Deliver> deliver = deliver_.lock();
    if (deliver != nullptr) (*deliver)(std::move(response));
  }

 private:
  const std::weak_ptr<Deliver> deliver_;
};

// Answers a request, or sees to it that it will be. On the connection's shard.
using HttpHandler = std::function<void(const HttpRequest&, HttpReply)>;

// Speaks HTTP/1.1 (with keep-alive) on one connection; requests that come together are answered one
// after the other. Over TLS with `tls`, which may be null. Limits: kMaxHttpHeader, kMaxHttpBody
// bytes.
std::unique_ptr<Session> MakeHttpSession(Connection& connection, HttpHandler handler,
                                         std::shared_ptr<const TlsAcceptor> tls = nullptr);

inline constexpr std::uint32_t kMaxHttpHeader = 8 * 1024;
inline constexpr std::uint64_t kMaxHttpBody = 1024 * 1024;

}  // namespace wherry::net
