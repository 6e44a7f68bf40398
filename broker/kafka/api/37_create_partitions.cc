// CreatePartitions: more partitions for topics that there are.
//
// Versions 0-3; v1 is as v0, v2 flexible, v3 as v2 (a quota's error, KIP-599, cannot come here).
// Assignments are checked for their number, and for naming a broker once; as with CreateTopics, any
// broker may be named. TimeoutMs is not needed: nothing is waited for but the disk.

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Assignment {
  std::vector<std::int32_t> broker_ids;

  static void Visit(auto& v, auto& m) { v.Array("BrokerIds", m.broker_ids); }
};

struct TopicPartitions {
  std::string name;
  std::int32_t count = 0;
  std::optional<std::vector<Assignment>> assignments;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("Count", m.count);
    v.Nullable("Assignments", m.assignments);
  }
};

struct Request {
  std::vector<TopicPartitions> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  static void Visit(auto& v, auto& m) {
    v.Array("Topics", m.topics);
    v.Field("TimeoutMs", m.timeout_ms);
    v.Field("ValidateOnly", m.validate_only);
  }
};

struct TopicResult {
  std::string name;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Results", m.results);
  }
};

void Fail(TopicResult& result, ErrorCode error, std::string message) {
  result.error_code = error;
  result.error_message = std::move(message);
}

void CheckAssignments(const Nodes& nodes, const std::vector<Assignment>& assignments,
                      std::int32_t more, TopicResult& result) {
  if (assignments.size() != static_cast<std::size_t>(more)) {
    return Fail(result, ErrorCode::kInvalidReplicaAssignment,
                absl::StrCat("Attempted to add ", more, " additional partition(s), but only ",
                             assignments.size(), " assignment(s) were specified."));
  }
  for (const Assignment& assignment : assignments) {
    std::string fault = nodes.FaultOf(assignment.broker_ids, nodes.strict());
    if (!fault.empty()) {
      return Fail(result, ErrorCode::kInvalidReplicaAssignment, std::move(fault));
    }
  }
}

// How many are to be added; 0: `result` says why not.
std::int32_t Check(const Cluster& cluster, const TopicPartitions& asked, const Topic* topic,
                   TopicResult& result) {
  if (topic == nullptr) {
    Fail(result, ErrorCode::kUnknownTopicOrPartition,
         "This server does not host this topic-partition.");
    return 0;
  }
  const auto have = static_cast<std::int32_t>(topic->partitions.size());
  if (asked.count <= have) {
    Fail(result, ErrorCode::kInvalidPartitions,
         asked.count == have
             ? absl::StrCat("Topic already has ", have, " partition(s).")
             : absl::StrCat("The topic ", asked.name, " currently has ", have, " partition(s); ",
                            asked.count, " would not be an increase."));
    return 0;
  }
  const std::int32_t more = asked.count - have;
  if (const absl::Status room = cluster.topics().CheckAddPartitions(have, more); !room.ok()) {
    Fail(result, ErrorCode::kInvalidPartitions, std::string(room.message()));
    return 0;
  }
  if (asked.assignments.has_value()) {
    CheckAssignments(cluster.nodes(), *asked.assignments, more, result);
  }
  return result.error_code == ErrorCode::kNone ? more : 0;
}

void CreateFor(Cluster& cluster, const TopicPartitions& asked, bool validate_only,
               const std::shared_ptr<Gathered<Response>>& gathered, std::size_t index) {
  Topic* const topic = cluster.topics().Find(asked.name);
  const std::int32_t more = Check(cluster, asked, topic, gathered->response.results[index]);
  if (more == 0 || validate_only) return;
  auto first = static_cast<std::int32_t>(topic->partitions.size());
  gathered->Owe();
  cluster.topics().AddPartitions(*topic, more, [gathered, index](const absl::Status& status) {
    if (!status.ok()) {
      Fail(gathered->response.results[index], ErrorCode::kKafkaStorageError,
           std::string(status.message()));
    }
    gathered->Pay();
  });
  const bool added = first + more == static_cast<std::int32_t>(topic->partitions.size());
  if (!added || !asked.assignments.has_value() || !cluster.nodes().several()) return;
  for (const Assignment& assignment : *asked.assignments) {
    cluster.leaders().Assign(*topic, first++, assignment.broker_ids);
  }
  gathered->Owe();
  // It goes the way of the partitions themselves, who tell of a failure.
  cluster.leaders().Keep([gathered](const absl::Status&) { gathered->Pay(); });
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  std::map<std::string_view, const TopicPartitions*> topics;
  std::set<std::string_view> twice;
  for (const TopicPartitions& asked : request.topics) {
    if (!topics.emplace(asked.name, &asked).second) twice.insert(asked.name);
  }
  for (const auto& [name, asked] : topics) gathered->response.results.push_back({asked->name});
  std::size_t index = 0;
  for (const auto& [name, asked] : topics) {
    if (twice.contains(name)) {
      Fail(gathered->response.results[index], ErrorCode::kInvalidRequest,
           "Duplicate topic name.");
    } else {
      CreateFor(call.cluster, *asked, request.validate_only, gathered, index);
    }
    ++index;
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const TopicPartitions& asked : request.topics) {
    response.results.push_back({asked.name, error, std::nullopt});
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_37_create_partitions = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 37, .name = "CreatePartitions", .min_version = 0, .max_version = 3,
     .flexible_since = 2});

}  // namespace wherry::kafka
