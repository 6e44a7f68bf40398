// ListPartitionReassignments: partitions that are on their way to other nodes (KIP-455). They are
// there at once, so there are none.
//
// Version 0. Flexible from the start.

#include "broker/kafka/api_row.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AskedTopic {
  std::string name;
  std::vector<std::int32_t> partition_indexes;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("PartitionIndexes", m.partition_indexes);
  }
};

struct Request {
  std::int32_t timeout_ms = 60'000;
  std::optional<std::vector<AskedTopic>> topics;  // nullopt: all

  static void Visit(auto& v, auto& m) {
    v.Field("TimeoutMs", m.timeout_ms);
    v.Nullable("Topics", m.topics);
  }
};

struct OngoingPartition {
  std::int32_t partition_index = 0;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> adding_replicas;
  std::vector<std::int32_t> removing_replicas;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Array("Replicas", m.replicas);
    v.Array("AddingReplicas", m.adding_replicas);
    v.Array("RemovingReplicas", m.removing_replicas);
  }
};

struct OngoingTopic {
  std::string name;
  std::vector<OngoingPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<OngoingTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("Topics", m.topics);
  }
};

void Handle(const Call&, const Request&, Reply<Response> reply) { reply.Send(Response()); }

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_46_list_partition_reassignments =
    MakeRow<Request, Response, Handle, Refuse>({.key = 46,
                                                .name = "ListPartitionReassignments",
                                                .min_version = 0,
                                                .max_version = 0,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
