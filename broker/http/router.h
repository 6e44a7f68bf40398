#pragma once

#include <map>
#include <string>

#include "broker/net/http_session.h"

namespace wherry::http {

// Finds the page of a path: "/varz" -> what answers it. Any other path is 404, in the words of Go's
// net/http.
// Threads: Add before the first request; Handle on the shard of the HTTP connections. Owned by the
// composition root.
class Router {
 public:
  void Add(std::string path, net::HttpHandler page) { pages_[std::move(path)] = std::move(page); }

  void Handle(const net::HttpRequest& request, const net::HttpReply& reply) const {
    const auto found = pages_.find(request.path);
    if (found != pages_.end()) return found->second(request, reply);
    reply.Send({404,
                "text/plain; charset=utf-8",
                "404 page not found\n",
                {{"X-Content-Type-Options", "nosniff"}}});
  }

 private:
  std::map<std::string, net::HttpHandler> pages_;
};

}  // namespace wherry::http
