// AlterUserScramCredentials: makes, changes and deletes the credentials of users. The client has
// done the iterations: no password comes here.
//
// Version 0 (KIP-554), flexible. What is wrong with one of a user's changes keeps all of that
// user's from being made, and nobody else's.

#include <map>

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Deletion {
  std::string name;
  std::int8_t mechanism = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("Mechanism", m.mechanism);
  }
};

struct Upsertion {
  std::string name;
  std::int8_t mechanism = 0;
  std::int32_t iterations = 0;
  wire::Bytes salt;
  wire::Bytes salted_password;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("Mechanism", m.mechanism);
    v.Field("Iterations", m.iterations);
    v.Field("Salt", m.salt);
    v.Field("SaltedPassword", m.salted_password);
  }
};

struct Request {
  std::vector<Deletion> deletions;
  std::vector<Upsertion> upsertions;

  static void Visit(auto& v, auto& m) {
    v.Array("Deletions", m.deletions);
    v.Array("Upsertions", m.upsertions);
  }
};

struct Result {
  std::string user;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("User", m.user);
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

// What is asked for one user, and what is wrong with it.
struct Alteration {
  std::map<ScramMechanism, std::optional<ScramCredential>> changes;
  ErrorCode error = ErrorCode::kNone;
  const char* message = nullptr;

  void Fail(ErrorCode code, const char* why) {
    if (error != ErrorCode::kNone) return;
    error = code;
    message = why;
  }
};

class Alterations {
 public:
  explicit Alterations(const ScramStore& kept) : kept_(kept) {}

  void Delete(const Deletion& deletion) {
    Alteration& user = Of(deletion.name);
    const auto mechanism = Check(user, deletion.name, deletion.mechanism);
    if (!mechanism.has_value()) return;
    if (kept_.Find(deletion.name, *mechanism) == nullptr) {
      return user.Fail(ErrorCode::kResourceNotFound,
                       "Attempt to delete a user credential that does not exist");
    }
    user.changes.emplace(*mechanism, std::nullopt);
  }

  void Upsert(const Upsertion& upsertion) {
    Alteration& user = Of(upsertion.name);
    const auto mechanism = Check(user, upsertion.name, upsertion.mechanism);
    if (!mechanism.has_value()) return;
    if (upsertion.iterations < ScramCredential::kMinIterations) {
      return user.Fail(ErrorCode::kUnacceptableCredential, "Too few iterations");
    }
    if (upsertion.iterations > ScramCredential::kMaxIterations) {
      return user.Fail(ErrorCode::kUnacceptableCredential, "Too many iterations");
    }
    user.changes.emplace(*mechanism, ScramCredential::OfSaltedPassword(
                                         *mechanism, upsertion.salted_password.value,
                                         upsertion.salt.value, upsertion.iterations));
  }

  // In the order in which the request names them first.
  const std::vector<std::string>& users() const { return users_; }
  Alteration& Of(const std::string& user) {
    const auto [found, is_new] = by_user_.try_emplace(user);
    if (is_new) users_.push_back(user);
    return found->second;
  }

 private:
  static std::optional<ScramMechanism> Check(Alteration& user, const std::string& name,
                                             std::int8_t number) {
    const std::optional<ScramMechanism> mechanism = FindScramMechanism(number);
    if (name.empty()) {
      user.Fail(ErrorCode::kUnacceptableCredential, "Username must not be empty");
    } else if (!mechanism.has_value()) {
      user.Fail(ErrorCode::kUnsupportedSaslMechanism, "Unknown SCRAM mechanism");
    } else if (user.changes.contains(*mechanism)) {
      user.Fail(ErrorCode::kDuplicateResource,
                "A user credential cannot be altered twice in the same request");
    }
    return user.error == ErrorCode::kNone ? mechanism : std::nullopt;
  }

  const ScramStore& kept_;
  std::map<std::string, Alteration> by_user_;
  std::vector<std::string> users_;
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Alterations alterations(call.cluster.scram());
  for (const Deletion& deletion : request.deletions) alterations.Delete(deletion);
  for (const Upsertion& upsertion : request.upsertions) alterations.Upsert(upsertion);
  Response response;
  std::vector<ScramStore::Change> changes;
  for (const std::string& user : alterations.users()) {
    Alteration& alteration = alterations.Of(user);
    Result& result = response.results.emplace_back();
    result.user = user;
    result.error_code = alteration.error;
    if (alteration.message != nullptr) result.error_message = alteration.message;
    if (alteration.error != ErrorCode::kNone) continue;
    for (auto& [mechanism, credential] : alteration.changes) {
      changes.push_back({{user, mechanism}, std::move(credential)});
    }
  }
  call.cluster.scram().Alter(
      std::move(changes), [reply = std::move(reply), response = std::move(response)](
                              const absl::Status& status) mutable {
        for (Result& result : response.results) {
          if (status.ok() || result.error_code != ErrorCode::kNone) continue;
          result.error_code = absl::IsResourceExhausted(status) ? ErrorCode::kPolicyViolation
                                                                : ErrorCode::kKafkaStorageError;
          result.error_message = std::string(status.message());
        }
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const Deletion& deletion : request.deletions) {
    response.results.push_back({deletion.name, error, std::nullopt});
  }
  for (const Upsertion& upsertion : request.upsertions) {
    response.results.push_back({upsertion.name, error, std::nullopt});
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_51_alter_user_scram_credentials =
    MakeRow<Request, Response, Handle, Refuse>({.key = 51,
                                                .name = "AlterUserScramCredentials",
                                                .min_version = 0,
                                                .max_version = 0,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
