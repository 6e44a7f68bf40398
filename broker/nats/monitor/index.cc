// GET /: a page with links to the others.
#include "absl/strings/str_cat.h"
#include "broker/nats/monitor/pages.h"

namespace wherry::nats {

void ServeIndex(Monitor& monitor, const net::HttpRequest&, const net::HttpReply& reply) {
  monitor.Count("/");
  std::string body = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Wherry</title>"
      "</head>\n<body>\n<h1>Wherry ",
      WHERRY_VERSION, "</h1>\n<p>Speaks NATS as nats-server ", std::string(Server::kNatsVersion),
      " does.</p>\n<ul>\n");
  const std::pair<const char*, const char*> links[] = {{"varz", "General"},
                                                       {"connz", "Connections"},
                                                       {"accountz", "Accounts"},
                                                       {"subsz", "Subscriptions"},
                                                       {"healthz", "Health Probe"}};
  for (const auto& [path, title] : links) {
    absl::StrAppend(&body, "<li><a href=\"./", path, "\">", title, "</a></li>\n");
  }
  body += "</ul>\n</body>\n</html>\n";
  reply.Send({200, "text/html; charset=utf-8", std::move(body), {}});
}

}  // namespace wherry::nats
