// What Kafka shows of itself: records of a whole topic, topics, groups.
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/ask.h"
#include "broker/embed/kafka_state.h"
#include "broker/kafka/group_error.h"
#include "broker/kafka/uuid.h"
#include "protocol/kafka/consumer_assignment.h"
#include "wherry/kafka.h"

namespace wherry {

namespace {

using kafka::Cluster;

TopicInfo Describe(const kafka::Nodes& nodes, const kafka::Topic& topic) {
  TopicInfo info;
  info.topic = topic.name;
  info.id = kafka::ToText(topic.id);
  for (const auto& partition : topic.partitions) {
    const auto index = static_cast<std::int32_t>(info.partitions.size());
    info.partitions.push_back({partition->start_offset(), partition->high_watermark()});
    info.leaders.push_back({nodes.LeaderOf(topic, index), topic.LeaderEpochOf(index)});
  }
  info.configs.insert(topic.configs.begin(), topic.configs.end());
  return info;
}

GroupInfo Describe(Cluster& cluster, std::string_view group) {
  core::GroupDescription found = cluster.groups().Describe(group);
  GroupInfo info;
  info.group = group;
  info.state = kafka::StateName(found.state);
  info.kind = kafka::KindName(found.kind);
  info.generation = found.generation;
  info.protocol_type = std::move(found.protocol_type);
  info.protocol = std::move(found.protocol_name);
  for (core::GroupDescription::Member& member : found.members) {
    GroupMemberInfo& shown = info.members.emplace_back();
    if (found.kind == core::GroupKind::kConsumer) {
      shown.assignment = std::move(member.partitions);
    } else if (info.protocol_type == "consumer") {
      shown.assignment =
          kafka::ParseConsumerAssignment(member.assignment).value_or(kafka::ConsumerAssignment());
    }
    shown.id = std::move(member.member_id);
    shown.instance_id = std::move(member.instance_id);
    shown.client_id = std::move(member.client_id);
    shown.host = std::move(member.client_host);
  }
  for (const auto& [partition, committed] : cluster.offsets().FetchAll(group)) {
    info.offsets.emplace(partition, committed.offset);
  }
  return info;
}

}  // namespace

StatusOr<std::vector<KafkaRecord>> Kafka::Records(std::string_view topic) {
  const StatusOr<TopicInfo> info = DescribeTopic(topic);
  if (!info.ok()) return info.status();
  std::vector<KafkaRecord> all;
  for (std::size_t partition = 0; partition < info->partitions.size(); ++partition) {
    auto records = ReadAll(topic, static_cast<std::int32_t>(partition));
    if (!records.ok()) return records;
    for (KafkaRecord& record : *records) all.push_back(std::move(record));
  }
  return all;
}

StatusOr<TopicInfo> Kafka::DescribeTopic(std::string_view topic) {
  return embed::AskCluster<TopicInfo>(
      state_, [&](Cluster& cluster, embed::Promise<absl::StatusOr<TopicInfo>> promise) {
        const kafka::Topic* const found = cluster.topics().Find(topic);
        if (found != nullptr) return promise.Keep(Describe(cluster.nodes(), *found));
        promise.Keep(absl::NotFoundError(absl::StrCat("no topic '", std::string(topic), "'")));
      });
}

StatusOr<std::vector<GroupInfo>> Kafka::Groups() {
  using Groups = std::vector<GroupInfo>;
  return embed::AskCluster<Groups>(
      state_, [&](Cluster& cluster, embed::Promise<absl::StatusOr<Groups>> promise) {
        std::map<std::string, GroupInfo> by_name;
        for (const core::GroupListing& listing : cluster.groups().List()) {
          by_name.emplace(listing.group_id, Describe(cluster, listing.group_id));
        }
        Groups groups;
        for (auto& [name, group] : by_name) groups.push_back(std::move(group));
        promise.Keep(std::move(groups));
      });
}

StatusOr<GroupInfo> Kafka::DescribeGroup(std::string_view group) {
  return embed::AskCluster<GroupInfo>(
      state_, [&](Cluster& cluster, embed::Promise<absl::StatusOr<GroupInfo>> promise) {
        GroupInfo info = Describe(cluster, group);
        if (info.state != kafka::StateName(core::GroupState::kDead)) {
          return promise.Keep(std::move(info));
        }
        promise.Keep(absl::NotFoundError(
            absl::StrCat("no group '", std::string(group),
                         "': nobody has joined it, or committed offsets to it")));
      });
}

}  // namespace wherry
