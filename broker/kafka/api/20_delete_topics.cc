// DeleteTopics: several topics, with their records and committed offsets.
//
// Versions 1-6. v4 is flexible, v5 brought an error message, v6 deletion by id (KIP-516).

#include <map>

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct DeleteTopicState {
  std::optional<std::string> name;
  wire::Uuid topic_id;

  static void Visit(auto& v, auto& m) {
    v.Since(6).Nullable("Name", m.name);
    v.Since(6).Field("TopicId", m.topic_id);
  }
};

struct Request {
  std::vector<DeleteTopicState> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;

  static void Visit(auto& v, auto& m) {
    v.Since(6).Array("Topics", m.topics);
    v.Until(5).Array("TopicNames", m.topic_names);
    v.Field("TimeoutMs", m.timeout_ms);
  }
};

struct TopicResult {
  std::optional<std::string> name;
  wire::Uuid topic_id;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.NullableSince(6, "Name", m.name);
    v.Since(6).Field("TopicId", m.topic_id);
    v.Field("ErrorCode", m.error_code);
    v.Since(5).Nullable("ErrorMessage", m.error_message);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> responses;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Responses", m.responses);
  }
};

void Fail(TopicResult& result, ErrorCode error, const char* message) {
  result.error_code = error;
  result.error_message = message;
}

Topic* FindTopic(TopicCatalog& topics, const TopicResult& wanted) {
  return wanted.name.has_value() ? topics.Find(*wanted.name) : topics.Find(wanted.topic_id);
}

void DeleteOne(Cluster& cluster, const std::shared_ptr<Gathered<Response>>& gathered,
               std::size_t index) {
  TopicResult& result = gathered->response.responses[index];
  Topic* const topic = FindTopic(cluster.topics(), result);
  if (topic == nullptr) {
    const bool by_name = result.name.has_value();
    return Fail(result, by_name ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kUnknownTopicId,
                by_name ? "This server does not host this topic-partition."
                        : "This server does not host this topic ID.");
  }
  result.name = topic->name;
  result.topic_id = topic->id;
  gathered->Owe();
  cluster.topics().Delete(*topic, [gathered, index](const absl::Status& status) {
    if (!status.ok()) {
      Fail(gathered->response.responses[index], ErrorCode::kKafkaStorageError,
           std::string(status.message()).c_str());
    }
    gathered->Pay();
  });
}

// What is asked for, in all versions' form.
std::vector<DeleteTopicState> WantedBy(const Request& request) {
  std::vector<DeleteTopicState> wanted = request.topics;
  for (const std::string& name : request.topic_names) wanted.push_back({name, {}});
  return wanted;
}

// A result for each, those that cannot be meant with their error; twice the same is refused, once.
std::vector<TopicResult> Sift(const std::vector<DeleteTopicState>& wanted) {
  std::map<std::string, int> names;
  std::map<wire::Uuid, int> ids;
  for (const DeleteTopicState& topic : wanted) {
    if (topic.name.has_value()) ++names[*topic.name];
    if (!topic.topic_id.is_zero()) ++ids[topic.topic_id];
  }
  std::vector<TopicResult> results;
  for (const DeleteTopicState& topic : wanted) {
    const bool by_name = topic.name.has_value(), by_id = !topic.topic_id.is_zero();
    int* const times = by_name ? &names[*topic.name] : by_id ? &ids[topic.topic_id] : nullptr;
    if (times != nullptr && *times == 0) continue;
    TopicResult& result = results.emplace_back();
    result.name = topic.name;
    result.topic_id = topic.topic_id;
    if (!by_name && !by_id) {
      Fail(result, ErrorCode::kInvalidRequest, "Neither topic name nor id were specified.");
    } else if (by_name && by_id) {
      Fail(result, ErrorCode::kInvalidRequest, "You may not specify both topic name and topic id.");
    } else if (*times > 1) {
      *times = 0;
      Fail(result, ErrorCode::kInvalidRequest,
           by_name ? "Duplicate topic name." : "Duplicate topic id.");
    }
  }
  return results;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  gathered->response.responses = Sift(WantedBy(request));
  for (std::size_t i = 0; i < gathered->response.responses.size(); ++i) {
    if (gathered->response.responses[i].error_code != ErrorCode::kNone) continue;
    DeleteOne(call.cluster, gathered, i);
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const std::string& name : request.topic_names) {
    TopicResult& result = response.responses.emplace_back();
    result.name = name;
    result.error_code = error;
  }
  for (const DeleteTopicState& topic : request.topics) {
    TopicResult& result = response.responses.emplace_back();
    result.name = topic.name;
    result.topic_id = topic.topic_id;
    result.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_20_delete_topics = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 20, .name = "DeleteTopics", .min_version = 1, .max_version = 6, .flexible_since = 4});

}  // namespace wherry::kafka
