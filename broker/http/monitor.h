#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker/net/http_session.h"

namespace wherry::http {

// What /varz shows, in nats-server's names (a number that means nothing here is left out).
struct Varz {
  std::string server_id;
  std::string version;     // the nats-server version whose behaviour this is
  std::string git_commit;  // Wherry's own
  std::string host;
  std::uint16_t port = 0;
  std::int32_t max_connections = 0;
  std::int32_t max_payload = 0;
  std::int32_t max_control_line = 0;
  std::int64_t max_pending = 0;
  bool auth_required = false;
  std::int64_t start_unix_millis = 0;
  std::int64_t now_unix_millis = 0;
  std::uint64_t connections = 0, total_connections = 0, subscriptions = 0;
  std::uint64_t in_msgs = 0, out_msgs = 0, in_bytes = 0, out_bytes = 0;
  std::uint64_t slow_consumers = 0, stale_connections = 0;
};

// The monitoring pages: /healthz and /varz. Anything else is 404, any method but GET and HEAD 405.
// Threads: as the callback's. Owned by the composition root.
class Monitor {
 public:
  explicit Monitor(std::function<Varz()> varz) : varz_(std::move(varz)) {}
  net::HttpResponse Handle(const net::HttpRequest& request) const;

 private:
  std::function<Varz()> varz_;
};

}  // namespace wherry::http
