// SaslHandshake: by which mechanism the client is going to say who it is.
//
// Versions 0-1 (KIP-43). After version 1 the tokens come as SaslAuthenticate, after version 0 bare,
// each behind its size (KIP-152). Where the listener does not ask, or the client has answered
// already and its session does not end, the state is illegal.

#include "broker/kafka/api_row.h"
#include "broker/kafka/security/authentication.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::string mechanism;

  static void Visit(auto& v, auto& m) { v.Field("Mechanism", m.mechanism); }
};

struct Response {
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string> mechanisms;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Array("Mechanisms", m.mechanisms);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Authentication* const authentication =
      call.client == nullptr ? nullptr : call.client->authentication.get();
  Response response;
  const std::optional<bool> begun =
      authentication == nullptr ? std::nullopt
                                : authentication->Begin(request.mechanism, call.version);
  if (!begun.has_value()) {
    response.error_code = ErrorCode::kIllegalSaslState;
    return reply.Send(response);
  }
  response.mechanisms = authentication->mechanisms();
  if (*begun) return reply.Send(response);
  response.error_code = ErrorCode::kUnsupportedSaslMechanism;
  reply.SendLast(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_17_sasl_handshake =
    MakeRow<Request, Response, Handle, Refuse>({.key = 17,
                                                .name = "SaslHandshake",
                                                .min_version = 0,
                                                .max_version = 1});

}  // namespace wherry::kafka
