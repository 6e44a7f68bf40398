// AlterReplicaLogDirs: moves partitions to another directory of this node. There is one, so a
// partition that is asked to be there already is, and every other directory is unknown.
//
// Versions 1-2. v2 is flexible.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AlteredTopic {
  std::string name;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct AlteredDir {
  std::string path;
  std::vector<AlteredTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("Path", m.path);
    v.Array("Topics", m.topics);
  }
};

struct Request {
  std::vector<AlteredDir> dirs;

  static void Visit(auto& v, auto& m) { v.Array("Dirs", m.dirs); }
};

struct PartitionResult {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
  }
};

struct TopicResult {
  std::string topic_name;
  std::vector<PartitionResult> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("TopicName", m.topic_name);
    v.Array("Partitions", m.partitions);
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

// `error_of(directory, topic, partition)` for each.
template <typename ErrorOf>
Response Answer(const Request& request, ErrorOf error_of) {
  Response response;
  for (const AlteredDir& dir : request.dirs) {
    for (const AlteredTopic& topic : dir.topics) {
      TopicResult& result = response.results.emplace_back(TopicResult{topic.name, {}});
      for (const std::int32_t partition : topic.partitions) {
        result.partitions.push_back({partition, error_of(dir.path, topic.name, partition)});
      }
    }
  }
  return response;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const Cluster& cluster = call.cluster;
  reply.Send(Answer(request, [&](const std::string& dir, const std::string& name,
                                 std::int32_t partition) {
    if (dir != cluster.log_dir()) return ErrorCode::kLogDirNotFound;
    const Topic* const topic = cluster.topics().Find(name);
    const bool known = topic != nullptr && topic->partition(partition) != nullptr;
    return known ? ErrorCode::kNone : ErrorCode::kUnknownTopicOrPartition;
  }));
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  reply.Send(Answer(request, [error](const auto&...) { return error; }));
}

}  // namespace

extern constexpr ApiRow api_34_alter_replica_log_dirs =
    MakeRow<Request, Response, Handle, Refuse>({.key = 34,
                                                .name = "AlterReplicaLogDirs",
                                                .min_version = 1,
                                                .max_version = 2,
                                                .flexible_since = 2});

}  // namespace wherry::kafka
