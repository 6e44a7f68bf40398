// SaslAuthenticate: a token of the mechanism that SaslHandshake has named, and the server's answer.
//
// Versions 0-2 (KIP-152). v1 tells how long the session lasts, before whose end the client must
// handshake and authenticate again (KIP-368), v2 is flexible. A failure is told a little later, and
// the connection closes.
// Not implemented: GSSAPI, delegation tokens.

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/authentication.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  wire::Bytes auth_bytes;

  static void Visit(auto& v, auto& m) { v.Field("AuthBytes", m.auth_bytes); }
};

struct Response {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  wire::Bytes auth_bytes;
  std::int64_t session_lifetime_ms = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Field("AuthBytes", m.auth_bytes);
    v.Since(1).Field("SessionLifetimeMs", m.session_lifetime_ms);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Authentication* const authentication =
      call.client == nullptr ? nullptr : call.client->authentication.get();
  Response response;
  if (authentication == nullptr || !authentication->exchanging()) {
    response.error_code = ErrorCode::kIllegalSaslState;
    response.error_message =
        "SaslAuthenticate request received after successful authentication";
    return reply.Send(response);
  }
  SaslStep step = authentication->Evaluate(request.auth_bytes.value);
  if (step.outcome != SaslStep::Outcome::kFailed) {
    response.auth_bytes.value = std::move(step.token);
    if (step.outcome == SaslStep::Outcome::kDone) {
      response.session_lifetime_ms = authentication->session_lifetime_ms();
    }
    return reply.Send(response);
  }
  call.cluster.Log(absl::StrCat("refused the Kafka client at ", call.remote.ToString(), ": ",
                                step.reason));
  response.error_code = ErrorCode::kSaslAuthenticationFailed;
  response.error_message = std::move(step.error);
  authentication->Delay([reply = std::move(reply), response = std::move(response)]() mutable {
    reply.SendLast(response);
  });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_36_sasl_authenticate =
    MakeRow<Request, Response, Handle, Refuse>({.key = 36,
                                                .name = "SaslAuthenticate",
                                                .min_version = 0,
                                                .max_version = 2,
                                                .flexible_since = 2});

}  // namespace wherry::kafka
