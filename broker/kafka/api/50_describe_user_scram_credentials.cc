// DescribeUserScramCredentials: which users there are, by which mechanisms and with how many
// iterations. Nothing by which one could be them.
//
// Version 0 (KIP-554), flexible.

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct UserName {
  std::string name;

  static void Visit(auto& v, auto& m) { v.Field("Name", m.name); }
};

struct Request {
  std::optional<std::vector<UserName>> users;

  static void Visit(auto& v, auto& m) { v.Nullable("Users", m.users); }
};

struct CredentialInfo {
  std::int8_t mechanism = 0;
  std::int32_t iterations = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("Mechanism", m.mechanism);
    v.Field("Iterations", m.iterations);
  }
};

struct Result {
  std::string user;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<CredentialInfo> credential_infos;

  static void Visit(auto& v, auto& m) {
    v.Field("User", m.user);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("CredentialInfos", m.credential_infos);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<Result> results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("Results", m.results);
  }
};

using InfosByUser = std::map<std::string, std::vector<CredentialInfo>>;

InfosByUser AllOf(Cluster& cluster) {
  InfosByUser all;
  for (const auto& [key, credential] : cluster.scram().all()) {
    all[key.first].push_back({static_cast<std::int8_t>(key.second), credential.iterations});
  }
  return all;
}

Result Describe(const InfosByUser& all, const std::string& user, bool named_twice) {
  Result result;
  result.user = user;
  const auto found = all.find(user);
  if (named_twice) {
    result.error_code = ErrorCode::kDuplicateResource;
    result.error_message = absl::StrCat(
        "Cannot describe SCRAM credentials for the same user twice in a single request: ", user);
  } else if (found == all.end()) {
    result.error_code = ErrorCode::kResourceNotFound;
    result.error_message =
        absl::StrCat("Attempt to describe a user credential that does not exist: ", user);
  } else {
    result.credential_infos = found->second;
  }
  return result;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  const InfosByUser all = AllOf(call.cluster);
  if (!request.users.has_value() || request.users->empty()) {
    for (const auto& [user, infos] : all) response.results.push_back(Describe(all, user, false));
    return reply.Send(response);
  }
  std::map<std::string, int> times;
  for (const UserName& user : *request.users) ++times[user.name];
  for (const UserName& user : *request.users) {
    int& left = times[user.name];
    // Answered once, where it is named first.
    if (left > 0) response.results.push_back(Describe(all, user.name, left > 1));
    left = 0;
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_50_describe_user_scram_credentials =
    MakeRow<Request, Response, Handle, Refuse>({.key = 50,
                                                .name = "DescribeUserScramCredentials",
                                                .min_version = 0,
                                                .max_version = 0,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
