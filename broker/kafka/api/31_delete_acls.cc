// DeleteAcls: the ACLs that each of several filters matches.
//
// Versions 1-3. v1 brought pattern types (KIP-290), v2 is flexible, v3 brought users as resources
// (KIP-373). Without an authorizer: SECURITY_DISABLED.

#include <set>

#include "broker/kafka/api_row.h"
#include "broker/kafka/security/acl_api.h"

namespace wherry::kafka {

namespace {

struct Filter {
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

struct Request {
  std::vector<Filter> filters;

  static void Visit(auto& v, auto& m) { v.Array("Filters", m.filters); }
};

struct MatchingAcl {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::int8_t pattern_type = kLiteralPattern;
  std::string principal;
  std::string host;
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
    v.Since(1).Field("PatternType", m.pattern_type);
    v.Field("Principal", m.principal);
    v.Field("Host", m.host);
    v.Field("Operation", m.operation);
    v.Field("PermissionType", m.permission_type);
  }
};

struct FilterResult {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<MatchingAcl> matching_acls;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("MatchingAcls", m.matching_acls);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<FilterResult> filter_results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("FilterResults", m.filter_results);
  }
};

MatchingAcl MatchOf(const AclBinding& binding) {
  MatchingAcl match;
  match.resource_type = static_cast<std::int8_t>(binding.resource_type);
  match.resource_name = binding.resource_name;
  match.pattern_type = static_cast<std::int8_t>(binding.pattern_type);
  match.principal = binding.principal;
  match.host = binding.host;
  match.operation = static_cast<std::int8_t>(binding.operation);
  match.permission_type = static_cast<std::int8_t>(binding.permission);
  return match;
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (std::size_t i = 0; i < request.filters.size(); ++i) {
    FilterResult& result = response.filter_results.emplace_back();
    result.error_code = error;
    if (error == ErrorCode::kSecurityDisabled) result.error_message = kNoAuthorizer;
  }
  reply.Send(response);
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Authorizer* const authorizer = call.cluster.authorizer();
  if (authorizer == nullptr) {
    return Refuse(call, request, ErrorCode::kSecurityDisabled, std::move(reply));
  }
  Response response;
  // Two filters may match the same one.
  std::set<AclBinding> doomed;
  for (const Filter& wanted : request.filters) {
    FilterResult& result = response.filter_results.emplace_back();
    const AclFilter filter = FilterOf(wanted);
    if (!filter.IsKnown()) {
      result.error_code = ErrorCode::kInvalidRequest;
      result.error_message = "The filter contains unknown elements.";
      continue;
    }
    for (AclBinding& binding : Matching(*authorizer, filter)) {
      result.matching_acls.push_back(MatchOf(binding));
      doomed.insert(std::move(binding));
    }
  }
  authorizer->Delete({doomed.begin(), doomed.end()},
                     [reply = std::move(reply), response = std::move(response)](
                         const absl::Status& status) mutable {
                       for (FilterResult& result : response.filter_results) {
                         for (MatchingAcl& match : result.matching_acls) {
                           match.error_code = ErrorOfAcls(status);
                         }
                       }
                       reply.Send(response);
                     });
}

}  // namespace

extern constexpr ApiRow api_31_delete_acls =
    MakeRow<Request, Response, Handle, Refuse>({.key = 31,
                                                .name = "DeleteAcls",
                                                .min_version = 1,
                                                .max_version = 3,
                                                .flexible_since = 2});

}  // namespace wherry::kafka
