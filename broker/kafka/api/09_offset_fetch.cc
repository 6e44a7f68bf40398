// OffsetFetch: how far groups have come. An offset that was never committed is -1, without an
// error.
//
// Versions 1-10. v2 brought "all partitions" and an error of the whole, v3 throttling, v5 leader
// epochs, v6 is flexible, v7 brought "require stable" (KIP-447: UNSTABLE_OFFSET_COMMIT where an
// open transaction may move the offset), v8 several groups (KIP-709), v9 the member that asks
// (KIP-848: only its groups look at it), v10 topic ids instead of names (KIP-516).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AskedTopic {
  std::string name;
  wire::Uuid topic_id;
  std::vector<std::int32_t> partition_indexes;

  static void Visit(auto& v, auto& m) {
    v.Until(9).Field("Name", m.name);
    v.Since(10).Field("TopicId", m.topic_id);
    v.Array("PartitionIndexes", m.partition_indexes);
  }
};
using Asked = std::optional<std::vector<AskedTopic>>;  // nullopt: all that there are

struct AskedGroup {
  std::string group_id;
  std::optional<std::string> member_id;
  std::int32_t member_epoch = -1;
  Asked topics;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Since(9).Nullable("MemberId", m.member_id);
    v.Since(9).Field("MemberEpoch", m.member_epoch);
    v.Nullable("Topics", m.topics);
  }
};

struct Request {
  std::string group_id;
  Asked topics;
  std::vector<AskedGroup> groups;
  bool require_stable = false;

  static void Visit(auto& v, auto& m) {
    v.Until(7).Field("GroupId", m.group_id);
    v.Until(7).NullableSince(2, "Topics", m.topics);
    v.Since(8).Array("Groups", m.groups);
    v.Since(7).Field("RequireStable", m.require_stable);
  }
};

struct FoundPartition {
  std::int32_t partition_index = 0;
  std::int64_t committed_offset = -1;
  std::int32_t committed_leader_epoch = -1;
  std::optional<std::string> metadata = "";
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("CommittedOffset", m.committed_offset);
    v.Since(5).Field("CommittedLeaderEpoch", m.committed_leader_epoch);
    v.Nullable("Metadata", m.metadata);
    v.Field("ErrorCode", m.error_code);
  }
};

struct FoundTopic {
  std::string name;
  wire::Uuid topic_id;
  std::vector<FoundPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Until(9).Field("Name", m.name);
    v.Since(10).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct FoundGroup {
  std::string group_id;
  std::vector<FoundTopic> topics;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Array("Topics", m.topics);
    v.Field("ErrorCode", m.error_code);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<FoundTopic> topics;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<FoundGroup> groups;

  static void Visit(auto& v, auto& m) {
    v.Since(3).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Until(7).Array("Topics", m.topics);
    v.Since(2).Until(7).Field("ErrorCode", m.error_code);
    v.Since(8).Array("Groups", m.groups);
  }
};

constexpr std::int16_t kGroupsSince = 8;
constexpr std::int16_t kTopicIdsSince = 10;

FoundPartition Found(std::int32_t partition, const core::CommittedOffset& committed) {
  return {partition, committed.offset, committed.leader_epoch, committed.metadata,
          ErrorCode::kNone};
}

bool MayDescribe(const Call& call, std::string_view topic) {
  return May(call, AclOperation::kDescribe, AclResourceType::kTopic, topic);
}

// Where an open transaction may move the offset, a client that wants a stable one has none.
FoundPartition FoundStable(const Call& call, bool require_stable, const std::string& group_id,
                           const std::string& topic, std::int32_t partition,
                           const core::CommittedOffset& committed) {
  if (!require_stable || !call.cluster.pending_offsets().Contains(group_id, topic, partition)) {
    return Found(partition, committed);
  }
  FoundPartition unstable;
  unstable.partition_index = partition;
  unstable.error_code = ErrorCode::kUnstableOffsetCommit;
  return unstable;
}

std::vector<FoundTopic> LookUpAll(const Call& call, const std::string& group_id,
                                  bool require_stable) {
  std::vector<FoundTopic> found;
  for (const auto& [where, committed] : call.cluster.offsets().FetchAll(group_id)) {
    if (!MayDescribe(call, where.first)) continue;
    if (found.empty() || found.back().name != where.first) {
      const Topic* const topic = call.cluster.topics().Find(where.first);
      found.push_back({where.first, topic == nullptr ? wire::Uuid() : topic->id, {}});
    }
    found.back().partitions.push_back(
        FoundStable(call, require_stable, group_id, where.first, where.second, committed));
  }
  return found;
}

std::vector<FoundTopic> LookUp(const Call& call, const std::string& group_id, const Asked& asked,
                               bool require_stable) {
  if (!asked.has_value()) return LookUpAll(call, group_id, require_stable);
  const core::OffsetStore& offsets = call.cluster.offsets();
  std::vector<FoundTopic> found;
  for (const AskedTopic& topic : *asked) {
    FoundTopic& answer = found.emplace_back(FoundTopic{topic.name, topic.topic_id, {}});
    const Topic* const by_id =
        call.version >= kTopicIdsSince ? call.cluster.topics().Find(topic.topic_id) : nullptr;
    for (const std::int32_t partition : topic.partition_indexes) {
      if (call.version >= kTopicIdsSince && by_id == nullptr) {
        FoundPartition& unknown = answer.partitions.emplace_back();
        unknown.partition_index = partition;
        unknown.error_code = ErrorCode::kUnknownTopicId;
        continue;
      }
      const std::string& name = by_id == nullptr ? topic.name : by_id->name;
      if (!MayDescribe(call, name)) {
        FoundPartition& denied = answer.partitions.emplace_back();
        denied.partition_index = partition;
        denied.error_code = ErrorCode::kTopicAuthorizationFailed;
        continue;
      }
      answer.partitions.push_back(FoundStable(
          call, require_stable, group_id, name, partition,
          offsets.Fetch(group_id, name, partition).value_or(core::CommittedOffset{})));
    }
  }
  return found;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  if (call.version < kGroupsSince) {
    response.topics = LookUp(call, request.group_id, request.topics, request.require_stable);
  }
  for (const AskedGroup& group : request.groups) {
    const ErrorCode refused = ErrorCodeOf(call.cluster.groups().ValidateFetch(
        {group.group_id, group.member_epoch, group.member_id.value_or(""), std::nullopt}));
    if (refused != ErrorCode::kNone) {
      response.groups.push_back({group.group_id, {}, refused});
      continue;
    }
    response.groups.push_back(
        {group.group_id, LookUp(call, group.group_id, group.topics, request.require_stable),
         ErrorCode::kNone});
  }
  reply.Send(response);
}

void Refuse(const Call& call, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  for (const AskedGroup& group : request.groups) {
    response.groups.push_back({group.group_id, {}, error});
  }
  // Before version 2 there was no error of the whole.
  if (call.version < 2 && request.topics.has_value()) {
    for (const AskedTopic& topic : *request.topics) {
      FoundTopic& answered = response.topics.emplace_back(FoundTopic{topic.name, {}, {}});
      for (const std::int32_t partition : topic.partition_indexes) {
        FoundPartition& part = answered.partitions.emplace_back();
        part.partition_index = partition;
        part.error_code = error;
      }
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_09_offset_fetch = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 9, .name = "OffsetFetch", .min_version = 1, .max_version = 10, .flexible_since = 6});

}  // namespace wherry::kafka
