// GET /healthz: whether the server serves. Without JetStream there is nothing to ask but the
// request itself.
//
// js-enabled, js-enabled-only, js-server-only, js-meta-only  what of JetStream to look at
// account, stream, consumer  one asset; a stream needs its account, a consumer its stream
// details  errors as a list with their kind
#include "absl/strings/str_cat.h"
#include "broker/nats/monitor/json.h"
#include "broker/nats/monitor/pages.h"
#include "broker/nats/monitor/parameters.h"

namespace wherry::nats {

namespace json = boost::json;

void ServeHealthz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply) {
  monitor.Count("/healthz");
  Parameters parameters(request);
  for (const char* const name :
       {"js-enabled", "js-enabled-only", "js-server-only", "js-meta-only"}) {
    parameters.Bool(name);
  }
  const bool details = parameters.Bool("details");
  if (!parameters.ok()) return reply.Send(parameters.Refusal());

  std::string error;
  const bool stream = !parameters.Text("stream").empty();
  if (stream && parameters.Text("account").empty()) {
    error = "\"account\" must not be empty when checking stream health";
  } else if (!stream && !parameters.Text("consumer").empty()) {
    error = "\"stream\" must not be empty when checking consumer health";
  }
  if (error.empty()) return reply.Send(JsonPage("{\"status\":\"ok\"}"));
  json::object status{{"status", "error"}};
  if (details) {
    status["errors"] = json::array{json::object{{"type", "BAD_REQUEST"}, {"error", error}}};
  } else {
    status["error"] = error;
  }
  reply.Send(JsonPage(CompactJson(status), 400));
}

}  // namespace wherry::nats
