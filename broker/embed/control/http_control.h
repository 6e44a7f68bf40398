#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/embed/control/call_threads.h"
#include "broker/embed/control/control.h"
#include "broker/embed/shard_link.h"
#include "broker/net/http_session.h"

namespace wherry::embed::control {

// /control over HTTP: POST /control/nats/publish with a JSON object runs "nats.publish" and answers
// with its object, or with {"error": {"status", "message"}} and a status of HTTP that fits. GET
// /control lists the operations.
//
// A page of the open web, shown by a browser on this machine, must not reach it: a call has to say
// that it is application/json, which a browser sends to another origin only with leave that is
// never given, and to name this machine as its host, which a rebound name of a stranger does not.
//
// Threads: Handle on the shard of the HTTP connections, Stop on any other. Owned by the composition
// root.
class HttpControl {
 public:
  static constexpr std::string_view kPath = "/control";

  HttpControl(Control& control, std::shared_ptr<ShardLink> link)
      : control_(control), link_(std::move(link)) {}

  // Whether the path is ours: "/control", "/control/nats/publish".
  static bool Owns(std::string_view path) {
    return path.starts_with(kPath) && (path.size() == kPath.size() || path[kPath.size()] == '/');
  }

  // Of a request that came to a listener of `space`, on which it acts.
  void Handle(std::shared_ptr<NamespaceState> space, const net::HttpRequest& request,
              const net::HttpReply& reply);
  // Waits for the calls under way, which the end of the broker has woken.
  void Stop() { threads_.Stop(); }

 private:
  net::HttpResponse Run(const std::shared_ptr<NamespaceState>& space, const std::string& operation,
                        const std::string& body);

  Control& control_;
  const std::shared_ptr<ShardLink> link_;
  CallThreads threads_;
};

}  // namespace wherry::embed::control
