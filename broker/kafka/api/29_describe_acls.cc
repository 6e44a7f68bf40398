// DescribeAcls: the ACLs that a filter matches, by resource.
//
// Versions 1-3. v1 brought pattern types (KIP-290), v2 is flexible, v3 brought users as resources
// (KIP-373). Without an authorizer: SECURITY_DISABLED.

#include "broker/kafka/api_row.h"
#include "broker/kafka/security/acl_api.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::int8_t resource_type_filter = 0;
  std::optional<std::string> resource_name_filter;
  std::int8_t pattern_type_filter = kLiteralPattern;
  std::optional<std::string> principal_filter;
  std::optional<std::string> host_filter;
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ResourceTypeFilter", m.resource_type_filter);
    v.Nullable("ResourceNameFilter", m.resource_name_filter);
    v.Since(1).Field("PatternTypeFilter", m.pattern_type_filter);
    v.Nullable("PrincipalFilter", m.principal_filter);
    v.Nullable("HostFilter", m.host_filter);
    v.Field("Operation", m.operation);
    v.Field("PermissionType", m.permission_type);
  }
};

struct AclDescription {
  std::string principal;
  std::string host;
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("Principal", m.principal);
    v.Field("Host", m.host);
    v.Field("Operation", m.operation);
    v.Field("PermissionType", m.permission_type);
  }
};

struct DescribedResource {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::int8_t pattern_type = kLiteralPattern;
  std::vector<AclDescription> acls;

  static void Visit(auto& v, auto& m) {
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
    v.Since(1).Field("PatternType", m.pattern_type);
    v.Array("Acls", m.acls);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<DescribedResource> resources;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("Resources", m.resources);
  }
};

void Add(Response& response, const AclBinding& binding) {
  const auto type = static_cast<std::int8_t>(binding.resource_type);
  const auto pattern = static_cast<std::int8_t>(binding.pattern_type);
  // They come in the order of their resources.
  if (response.resources.empty() || response.resources.back().resource_type != type ||
      response.resources.back().pattern_type != pattern ||
      response.resources.back().resource_name != binding.resource_name) {
    response.resources.push_back({type, binding.resource_name, pattern, {}});
  }
  response.resources.back().acls.push_back({binding.principal, binding.host,
                                            static_cast<std::int8_t>(binding.operation),
                                            static_cast<std::int8_t>(binding.permission)});
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  const AclFilter filter = FilterOf(request);
  if (call.cluster.authorizer() == nullptr) {
    response.error_code = ErrorCode::kSecurityDisabled;
    response.error_message = kNoAuthorizer;
  } else if (!filter.IsKnown()) {
    response.error_code = ErrorCode::kInvalidRequest;
    response.error_message = "The filter contains unknown elements.";
  } else {
    for (const AclBinding& binding : Matching(*call.cluster.authorizer(), filter)) {
      Add(response, binding);
    }
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_29_describe_acls =
    MakeRow<Request, Response, Handle, Refuse>({.key = 29,
                                                .name = "DescribeAcls",
                                                .min_version = 1,
                                                .max_version = 3,
                                                .flexible_since = 2});

}  // namespace wherry::kafka
