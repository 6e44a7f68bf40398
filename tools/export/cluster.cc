#include "tools/export/cluster.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

namespace wherry::exporting {

namespace {

constexpr auto kRetryPause = std::chrono::milliseconds(200);

// What passes by itself: the cluster has just started, or the topic was created just now.
bool Passes(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return true;
    default:
      return false;
  }
}

// Calls `attempt`, which sets its argument, until that is no error that passes.
Status Retrying(const std::function<Status(rd_kafka_resp_err_t&)>& attempt) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(Cluster::kPatienceMillis);
  while (true) {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    Status status = attempt(error);
    if (!Passes(error) || std::chrono::steady_clock::now() >= end) return status;
    std::this_thread::sleep_for(kRetryPause);
  }
}

Owned<rd_kafka_topic_partition_list_t> ListOf(
    const std::vector<Cluster::CommittedOffset>& offsets) {
  Owned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const Cluster::CommittedOffset& offset : offsets) {
    rd_kafka_topic_partition_t* const entry =
        rd_kafka_topic_partition_list_add(list.get(), offset.topic.c_str(), offset.partition);
    entry->offset = offset.offset;
    if (offset.metadata.empty()) continue;
    entry->metadata = std::malloc(offset.metadata.size());  // the list frees it
    entry->metadata_size = offset.metadata.size();
    std::copy(offset.metadata.begin(), offset.metadata.end(), static_cast<char*>(entry->metadata));
  }
  return list;
}

}  // namespace

StatusOr<Cluster> Cluster::Connect(std::string name, const Properties& properties) {
  StatusOr<Owned<rd_kafka_conf_t>> conf = MakeConf(properties);
  if (!conf.ok()) return conf.status();
  // A consumer: what it is told of a partition's end is the end of what is committed.
  StatusOr<Owned<rd_kafka_t>> client = MakeClient(RD_KAFKA_CONSUMER, std::move(conf).value());
  if (!client.ok()) return client.status();
  Cluster cluster(std::move(name), std::move(client).value());
  char* const id = rd_kafka_clusterid(cluster.client_.get(), kPatienceMillis);
  if (id == nullptr) {
    return Status(StatusCode::kUnavailable, "the " + cluster.name_ + " cluster at " +
                                                properties.at("bootstrap.servers") +
                                                " does not answer");
  }
  cluster.id_ = id;
  rd_kafka_mem_free(cluster.client_.get(), id);
  return cluster;
}

StatusOr<Owned<rd_kafka_event_t>> Cluster::Ask(const std::string& what, const Start& start) {
  const Owned<rd_kafka_AdminOptions_t> options(
      rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_ANY));
  std::array<char, 512> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kPatienceMillis, why.data(),
                                            why.size());
  start(options.get(), queue_.get());
  Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue_.get(), 2 * kPatienceMillis));
  if (event == nullptr) {
    return Status(StatusCode::kDeadlineExceeded, what + ": the " + name_ + " did not answer");
  }
  if (const auto error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ErrorOf(error, what, rd_kafka_event_error_string(event.get()));
  }
  return event;
}

StatusOr<std::vector<Cluster::Topic>> Cluster::Topics() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kPatienceMillis);
  const Owned<const rd_kafka_metadata_t> owned(metadata);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ErrorOf(error, "listing the topics of the " + name_);
  }
  std::vector<Topic> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (std::string_view(topic.topic).starts_with("__")) continue;
    topics.push_back({topic.topic, topic.partition_cnt});
  }
  return topics;
}

StatusOr<TopicConfigs> Cluster::Configs(const std::string& topic) {
  const Owned<rd_kafka_ConfigResource_t> asked(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* const wanted = asked.get();
  const auto event = Ask("reading the configuration of topic " + topic,
                         [&](const auto* options, auto* queue) {
                           rd_kafka_ConfigResource_t* resources[] = {wanted};
                           rd_kafka_DescribeConfigs(client_.get(), resources, 1, options, queue);
                         });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  TopicConfigs configs;
  for (std::size_t r = 0; r < count; ++r) {
    const auto error = rd_kafka_ConfigResource_error(resources[r]);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return ErrorOf(error, "reading the configuration of topic " + topic,
                     rd_kafka_ConfigResource_error_string(resources[r]));
    }
    std::size_t entries = 0;
    const auto* const* entry = rd_kafka_ConfigResource_configs(resources[r], &entries);
    for (std::size_t i = 0; i < entries; ++i) {
      if (rd_kafka_ConfigEntry_source(entry[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) {
        continue;
      }
      const char* const value = rd_kafka_ConfigEntry_value(entry[i]);
      configs[rd_kafka_ConfigEntry_name(entry[i])] = value == nullptr ? "" : value;
    }
  }
  return configs;
}

Status Cluster::CreateTopic(const Topic& topic, int replication_factor,
                            const TopicConfigs& configs) {
  std::array<char, 512> why{};
  const Owned<rd_kafka_NewTopic_t> created(
      rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, replication_factor, why.data(),
                            why.size()));
  if (created == nullptr) return Status(StatusCode::kInvalidArgument, why.data());
  for (const auto& [name, value] : configs) {
    rd_kafka_NewTopic_set_config(created.get(), name.c_str(), value.c_str());
  }
  const std::string what = "creating topic " + topic.name + " at the " + name_;
  rd_kafka_NewTopic_t* const wanted = created.get();
  const auto event = Ask(what, [&](const auto* options, auto* queue) {
    rd_kafka_NewTopic_t* topics[] = {wanted};
    rd_kafka_CreateTopics(client_.get(), topics, 1, options, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  if (count != 1) return Status(StatusCode::kUnavailable, what + ": no answer about it");
  return ErrorOf(rd_kafka_topic_result_error(results[0]), what,
                 rd_kafka_topic_result_error_string(results[0]));
}

Status Cluster::SetConfigs(const std::string& topic, const TopicConfigs& configs) {
  const Owned<rd_kafka_ConfigResource_t> changed(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  for (const auto& [name, value] : configs) {
    rd_kafka_ConfigResource_set_config(changed.get(), name.c_str(), value.c_str());
  }
  const std::string what = "configuring topic " + topic + " at the " + name_;
  rd_kafka_ConfigResource_t* const wanted = changed.get();
  const auto event = Ask(what, [&](const auto* options, auto* queue) {
    rd_kafka_ConfigResource_t* resources[] = {wanted};
    rd_kafka_AlterConfigs(client_.get(), resources, 1, options, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_AlterConfigs_result_resources(
      rd_kafka_event_AlterConfigs_result(event->get()), &count);
  if (count != 1) return Status(StatusCode::kUnavailable, what + ": no answer about it");
  return ErrorOf(rd_kafka_ConfigResource_error(resources[0]), what,
                 rd_kafka_ConfigResource_error_string(resources[0]));
}

StatusOr<Cluster::Bounds> Cluster::BoundsOf(const std::string& topic, std::int32_t partition) {
  Bounds bounds;
  const Status status = Retrying([&](rd_kafka_resp_err_t& error) {
    error = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition, &bounds.start,
                                             &bounds.end, kPatienceMillis);
    return ErrorOf(error, "asking the " + name_ + " for the offsets of partition " +
                              std::to_string(partition) + " of topic " + topic);
  });
  if (!status.ok()) return status;
  return bounds;
}

StatusOr<std::vector<std::string>> Cluster::Groups() {
  const auto event =
      Ask("listing the groups of the " + name_, [&](const auto* options, auto* queue) {
        rd_kafka_ListConsumerGroups(client_.get(), options, queue);
      });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* const* valid = rd_kafka_ListConsumerGroups_result_valid(
      rd_kafka_event_ListConsumerGroups_result(event->get()), &count);
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < count; ++i) {
    groups.emplace_back(rd_kafka_ConsumerGroupListing_group_id(valid[i]));
  }
  return groups;
}

StatusOr<std::vector<Cluster::CommittedOffset>> Cluster::CommittedOffsets(
    const std::string& group) {
  const std::string what = "reading the offsets of group " + group;
  auto* request = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr);
  const auto event = Ask(what, [&](const auto* options, auto* queue) {
    rd_kafka_ListConsumerGroupOffsets(client_.get(), &request, 1, options, queue);
  });
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* const* results = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  std::vector<CommittedOffset> offsets;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* error = rd_kafka_group_result_error(results[i]); error != nullptr) {
      return ErrorOf(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
    }
    const auto* const list = rd_kafka_group_result_partitions(results[i]);
    for (int p = 0; list != nullptr && p < list->cnt; ++p) {
      const rd_kafka_topic_partition_t& entry = list->elems[p];
      if (entry.offset < 0) continue;
      offsets.push_back({entry.topic, entry.partition, entry.offset,
                         std::string(static_cast<const char*>(entry.metadata),
                                     entry.metadata == nullptr ? 0 : entry.metadata_size)});
    }
  }
  return offsets;
}

Status Cluster::Commit(const std::string& group, const std::vector<CommittedOffset>& offsets) {
  return Retrying(
      [&](rd_kafka_resp_err_t& error) { return TryCommit(group, offsets, error); });
}

Status Cluster::TryCommit(const std::string& group, const std::vector<CommittedOffset>& offsets,
                          rd_kafka_resp_err_t& error) {
  const std::string what = "committing the offsets of group " + group + " at the " + name_;
  const Owned<rd_kafka_topic_partition_list_t> list = ListOf(offsets);
  auto* request = rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get());
  const auto event = Ask(what, [&](const auto* options, auto* queue) {
    rd_kafka_AlterConsumerGroupOffsets(client_.get(), &request, 1, options, queue);
  });
  rd_kafka_AlterConsumerGroupOffsets_destroy(request);
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* const* results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* failed = rd_kafka_group_result_error(results[i]); failed != nullptr) {
      error = rd_kafka_error_code(failed);
      return ErrorOf(error, what, rd_kafka_error_string(failed));
    }
    const auto* const partitions = rd_kafka_group_result_partitions(results[i]);
    for (int p = 0; partitions != nullptr && p < partitions->cnt; ++p) {
      error = partitions->elems[p].err;
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorOf(error, what);
    }
  }
  return Status();
}

}  // namespace wherry::exporting
