#include "broker/http/router.h"

#include <gtest/gtest.h>

namespace wherry::http {
namespace {

net::HttpResponse Ask(const Router& router, const std::string& path) {
  net::HttpResponse answer;
  const auto deliver = std::make_shared<net::HttpReply::Deliver>(
      [&](net::HttpResponse response) { answer = std::move(response); });
  net::HttpRequest request;
  request.path = path;
  router.Handle(request, net::HttpReply(deliver));
  return answer;
}

TEST(HttpRouterTest, FindsThePageOfAPath) {
  Router router;
  router.Add("/a", [](const net::HttpRequest& request, const net::HttpReply& reply) {
    reply.Send({200, "text/plain", "page " + request.path, {}});
  });
  EXPECT_EQ(Ask(router, "/a").body, "page /a");
  for (const char* const other : {"/", "/b", "/a/", ""}) {
    EXPECT_EQ(Ask(router, other).status, 404) << other;
    EXPECT_EQ(Ask(router, other).body, "404 page not found\n") << other;
  }
}

}  // namespace
}  // namespace wherry::http
