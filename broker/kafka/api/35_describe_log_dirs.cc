// DescribeLogDirs: the directory of this node, and what its partitions take there.
//
// Versions 1-5. v2 is flexible, v3 brought an error of the whole, v4 the size of the disk
// (KIP-827), v5 directories that take no new partitions (KIP-1066), which there are none of.
// Without a data directory the records lie in memory: the directory is called "memory", and the
// disk is the memory limit, if there is one.

#include <filesystem>
#include <set>
#include <system_error>

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AskedTopic {
  std::string topic;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Topic", m.topic);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::optional<std::vector<AskedTopic>> topics;  // nullopt: all

  static void Visit(auto& v, auto& m) { v.Nullable("Topics", m.topics); }
};

struct DescribedPartition {
  std::int32_t partition_index = 0;
  std::int64_t partition_size = 0;
  std::int64_t offset_lag = 0;  // of a follower: ours is the leader
  bool is_future_key = false;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("PartitionSize", m.partition_size);
    v.Field("OffsetLag", m.offset_lag);
    v.Field("IsFutureKey", m.is_future_key);
  }
};

struct DescribedTopic {
  std::string name;
  std::vector<DescribedPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Result {
  ErrorCode error_code = ErrorCode::kNone;
  std::string log_dir;
  std::vector<DescribedTopic> topics;
  std::int64_t total_bytes = -1;
  std::int64_t usable_bytes = -1;
  bool is_cordoned = false;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Field("LogDir", m.log_dir);
    v.Array("Topics", m.topics);
    v.Since(4).Field("TotalBytes", m.total_bytes);
    v.Since(4).Field("UsableBytes", m.usable_bytes);
    v.Since(5).Field("IsCordoned", m.is_cordoned);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Result> results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(3).Field("ErrorCode", m.error_code);
    v.Array("Results", m.results);
  }
};

DescribedPartition Describe(const Cluster& cluster, const Topic& topic, std::int32_t index) {
  DescribedPartition described;
  described.partition_index = index;
  const auto bounds = cluster.store().Bounds(topic.partition(index)->log());
  if (bounds.ok()) described.partition_size = static_cast<std::int64_t>(bounds->size_bytes);
  return described;
}

std::vector<DescribedTopic> DescribeAll(const Cluster& cluster) {
  std::vector<DescribedTopic> all;
  for (const auto& [name, topic] : cluster.topics().topics()) {
    DescribedTopic& described = all.emplace_back(DescribedTopic{name, {}});
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    for (std::int32_t i = 0; i < count; ++i) {
      described.partitions.push_back(Describe(cluster, *topic, i));
    }
  }
  return all;
}

// Those of them that there are, each once.
std::vector<DescribedTopic> DescribeThese(const Cluster& cluster,
                                          const std::vector<AskedTopic>& asked) {
  std::map<const Topic*, std::set<std::int32_t>> wanted;
  for (const AskedTopic& topic : asked) {
    const Topic* const found = cluster.topics().Find(topic.topic);
    if (found == nullptr) continue;
    for (const std::int32_t index : topic.partitions) {
      if (found->partition(index) != nullptr) wanted[found].insert(index);
    }
  }
  std::vector<DescribedTopic> all;
  for (const auto& [topic, indexes] : wanted) {
    DescribedTopic& described = all.emplace_back(DescribedTopic{topic->name, {}});
    for (const std::int32_t index : indexes) {
      described.partitions.push_back(Describe(cluster, *topic, index));
    }
  }
  return all;
}

void Measure(const Cluster& cluster, Result& result) {
  if (cluster.store().durable()) {
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(result.log_dir, error);
    if (error) return;
    result.total_bytes = static_cast<std::int64_t>(space.capacity);
    result.usable_bytes = static_cast<std::int64_t>(space.available);
  } else if (const std::uint64_t limit = cluster.budget().limit(); limit > 0) {
    const std::uint64_t used = std::min(limit, cluster.budget().used());
    result.total_bytes = static_cast<std::int64_t>(limit);
    result.usable_bytes = static_cast<std::int64_t>(limit - used);
  }
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  Result& result = response.results.emplace_back();
  result.log_dir = call.cluster.log_dir();
  result.topics = request.topics.has_value() ? DescribeThese(call.cluster, *request.topics)
                                             : DescribeAll(call.cluster);
  Measure(call.cluster, result);
  reply.Send(response);
}

void Refuse(const Call& call, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  Result& result = response.results.emplace_back();
  result.error_code = error;
  result.log_dir = call.cluster.log_dir();
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_35_describe_log_dirs =
    MakeRow<Request, Response, Handle, Refuse>({.key = 35,
                                                .name = "DescribeLogDirs",
                                                .min_version = 1,
                                                .max_version = 5,
                                                .flexible_since = 2});

}  // namespace wherry::kafka
