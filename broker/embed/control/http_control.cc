#include "broker/embed/control/http_control.h"

#include <algorithm>
#include <optional>

#include <boost/json/serialize.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/net/endpoint.h"

namespace wherry::embed::control {

namespace {

int HttpStatus(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kInvalidArgument:
    case StatusCode::kOutOfRange:
      return 400;
    case StatusCode::kPermissionDenied:
      return 403;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
      return 409;
    case StatusCode::kResourceExhausted:
      return 429;
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kDeadlineExceeded:
      return 504;
    case StatusCode::kDataLoss:
    case StatusCode::kInternal:
      break;
  }
  return 500;
}

net::HttpResponse Json(int status, const boost::json::object& body) {
  return {status, "application/json", boost::json::serialize(body) + "\n", {}};
}

net::HttpResponse Refusal(const Status& status) {
  return Json(HttpStatus(status.code()), ErrorJson(status));
}

// "localhost:8222", "127.0.0.1:8222", "[::1]", or none at all: a name that resolves to us is a
// stranger's.
bool NamesThisMachine(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (host.starts_with('[')) {
    host = host.substr(1, std::max<std::size_t>(host.find(']'), 1) - 1);
  } else if (colon != std::string_view::npos) {
    host = host.substr(0, colon);
  }
  return host.empty() || absl::EqualsIgnoreCase(std::string(host), "localhost") ||
         net::Endpoint::Parse(host, 0).ok();
}

// nullopt: the request may be answered.
std::optional<net::HttpResponse> Refuse(const net::HttpRequest& request, bool listing) {
  if (!NamesThisMachine(request.host)) {
    return Refusal({StatusCode::kPermissionDenied,
                    absl::StrCat("the request is for the host \"", request.host,
                                 "\"; /control answers to localhost and to addresses")});
  }
  if (listing) return std::nullopt;
  if (request.method != "POST") {
    net::HttpResponse response =
        Json(405, ErrorJson({StatusCode::kInvalidArgument, "an operation is called with POST"}));
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  if (!absl::StartsWithIgnoreCase(request.content_type, "application/json")) {
    return Json(415, ErrorJson({StatusCode::kInvalidArgument,
                                "a call says Content-Type: application/json"}));
  }
  return std::nullopt;
}

}  // namespace

void HttpControl::Handle(std::shared_ptr<NamespaceState> space, const net::HttpRequest& request,
                         const net::HttpReply& reply) {
  const bool listing =
      request.path == kPath && (request.method == "GET" || request.method == "HEAD");
  if (std::optional<net::HttpResponse> refusal = Refuse(request, listing)) {
    return reply.Send(*std::move(refusal));
  }
  std::string operation = listing ? "/broker/operations" : request.path.substr(kPath.size());
  std::replace(operation.begin(), operation.end(), '/', '.');
  if (!operation.empty()) operation.erase(0, 1);
  threads_.Run([this, space = std::move(space), reply, operation = std::move(operation),
                body = request.body] {
    net::HttpResponse response = Run(space, operation, body);
    link_->Post([reply, response = std::move(response)]() mutable {
      reply.Send(std::move(response));
    });
  });
}

net::HttpResponse HttpControl::Run(const std::shared_ptr<NamespaceState>& space,
                                   const std::string& operation, const std::string& body) {
  const StatusOr<std::string> answer = control_.CallText(space, operation, body);
  if (!answer.ok()) return Refusal(answer.status());
  return {200, "application/json", *answer + "\n", {}};
}

}  // namespace wherry::embed::control
