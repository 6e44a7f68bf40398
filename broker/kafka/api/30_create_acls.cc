// CreateAcls: ACLs that hold from the answer on, each by itself good or not.
//
// Versions 1-3. v1 brought pattern types (KIP-290), v2 is flexible, v3 brought users as resources
// (KIP-373). Without an authorizer: SECURITY_DISABLED.

#include "broker/kafka/api_row.h"
#include "broker/kafka/security/acl_api.h"

namespace wherry::kafka {

namespace {

struct Creation {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::int8_t resource_pattern_type = kLiteralPattern;
  std::string principal;
  std::string host;
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
    v.Since(1).Field("ResourcePatternType", m.resource_pattern_type);
    v.Field("Principal", m.principal);
    v.Field("Host", m.host);
    v.Field("Operation", m.operation);
    v.Field("PermissionType", m.permission_type);
  }
};

struct Request {
  std::vector<Creation> creations;

  static void Visit(auto& v, auto& m) { v.Array("Creations", m.creations); }
};

struct Result {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Results", m.results);
  }
};

AclBinding BindingOf(const Creation& creation) {
  AclBinding binding;
  binding.resource_type = static_cast<AclResourceType>(creation.resource_type);
  binding.pattern_type = static_cast<AclPatternType>(creation.resource_pattern_type);
  binding.resource_name = creation.resource_name;
  binding.principal = creation.principal;
  binding.host = creation.host;
  binding.operation = static_cast<AclOperation>(creation.operation);
  binding.permission = static_cast<AclPermission>(creation.permission_type);
  return binding;
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  std::optional<std::string> message;
  if (error == ErrorCode::kSecurityDisabled) message = kNoAuthorizer;
  response.results.assign(request.creations.size(), {error, message});
  reply.Send(response);
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (call.cluster.authorizer() == nullptr) {
    return Refuse(call, request, ErrorCode::kSecurityDisabled, std::move(reply));
  }
  Response response;
  std::vector<AclBinding> good;
  for (const Creation& creation : request.creations) {
    AclBinding binding = BindingOf(creation);
    Result& result = response.results.emplace_back();
    result.error_message = binding.WhyInvalid();
    if (result.error_message.has_value()) {
      result.error_code = ErrorCode::kInvalidRequest;
    } else {
      good.push_back(std::move(binding));
    }
  }
  call.cluster.authorizer()->Create(
      std::move(good), [reply = std::move(reply), response = std::move(response)](
                           const absl::Status& status) mutable {
        for (Result& result : response.results) {
          if (status.ok() || result.error_code != ErrorCode::kNone) continue;
          result = {ErrorOfAcls(status), std::string(status.message())};
        }
        reply.Send(response);
      });
}

}  // namespace

extern constexpr ApiRow api_30_create_acls =
    MakeRow<Request, Response, Handle, Refuse>({.key = 30,
                                                .name = "CreateAcls",
                                                .min_version = 1,
                                                .max_version = 3,
                                                .flexible_since = 2});

}  // namespace wherry::kafka
