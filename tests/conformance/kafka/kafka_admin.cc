#include "tests/conformance/kafka/kafka_admin.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

namespace wherry::conformance {
namespace {

// The outcome of a request that was about one topic.
rd_kafka_resp_err_t ErrorOf(const rd_kafka_topic_result_t* const* results, std::size_t count) {
  EXPECT_EQ(count, 1u);
  return count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
}

}  // namespace

Admin::Admin(const std::string& bootstrap)
    : client_(bootstrap), queue_(rd_kafka_queue_new(client_.client())) {}

Admin::Event Admin::Ask(
    rd_kafka_admin_op_t operation,
    const std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& start) {
  const std::unique_ptr<rd_kafka_AdminOptions_t, RdKafkaDeleter> options(
      rd_kafka_AdminOptions_new(client_.client(), operation));
  std::array<char, 256> error{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(kPatience.count()),
                                            error.data(), error.size());
  start(options.get(), queue_.get());
  Event event(rd_kafka_queue_poll(queue_.get(), 2 * static_cast<int>(kPatience.count())));
  EXPECT_NE(event, nullptr) << "no answer";
  if (event != nullptr) {
    EXPECT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR)
        << rd_kafka_event_error_string(event.get());
  }
  return event;
}

rd_kafka_resp_err_t Admin::CreateTopic(
    const std::string& topic, int partitions,
    const std::vector<std::pair<std::string, std::string>>& configs) {
  std::array<char, 256> error{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, error.data(), error.size());
  if (wanted == nullptr) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  for (const auto& [name, value] : configs) {
    rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  }
  const Event event = Ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, [&](auto* options, auto* queue) {
    rd_kafka_CreateTopics(client_.client(), &wanted, 1, options, queue);
  });
  rd_kafka_NewTopic_destroy(wanted);
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  return ErrorOf(results, count);
}

rd_kafka_resp_err_t Admin::DeleteTopic(const std::string& topic) {
  rd_kafka_DeleteTopic_t* unwanted = rd_kafka_DeleteTopic_new(topic.c_str());
  const Event event = Ask(RD_KAFKA_ADMIN_OP_DELETETOPICS, [&](auto* options, auto* queue) {
    rd_kafka_DeleteTopics(client_.client(), &unwanted, 1, options, queue);
  });
  rd_kafka_DeleteTopic_destroy(unwanted);
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  return ErrorOf(results, count);
}

std::optional<std::map<std::string, std::string>> Admin::DescribeTopicConfigs(
    const std::string& topic) {
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const Event event = Ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, [&](auto* options, auto* queue) {
    rd_kafka_DescribeConfigs(client_.client(), &resource, 1, options, queue);
  });
  rd_kafka_ConfigResource_destroy(resource);
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  EXPECT_EQ(count, 1u);
  if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  std::map<std::string, std::string> configs;
  const auto* const* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    configs[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "(null)" : value;
  }
  return configs;
}

rd_kafka_resp_err_t Admin::AlterTopicConfigs(
    const std::string& topic, const std::vector<std::pair<std::string, std::string>>& configs) {
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : configs) {
    rd_kafka_ConfigResource_set_config(resource, name.c_str(), value.c_str());
  }
  const Event event = Ask(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, [&](auto* options, auto* queue) {
    rd_kafka_AlterConfigs(client_.client(), &resource, 1, options, queue);
  });
  rd_kafka_ConfigResource_destroy(resource);
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_AlterConfigs_result_resources(
      rd_kafka_event_AlterConfigs_result(event.get()), &count);
  EXPECT_EQ(count, 1u);
  return count == 1 ? rd_kafka_ConfigResource_error(resources[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
}

rd_kafka_resp_err_t Admin::CreatePartitions(const std::string& topic, std::size_t total) {
  std::array<char, 256> error{};
  rd_kafka_NewPartitions_t* wanted =
      rd_kafka_NewPartitions_new(topic.c_str(), total, error.data(), error.size());
  if (wanted == nullptr) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  const Event event = Ask(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, [&](auto* options, auto* queue) {
    rd_kafka_CreatePartitions(client_.client(), &wanted, 1, options, queue);
  });
  rd_kafka_NewPartitions_destroy(wanted);
  std::size_t count = 0;
  const auto* const* results = rd_kafka_CreatePartitions_result_topics(
      rd_kafka_event_CreatePartitions_result(event.get()), &count);
  return ErrorOf(results, count);
}

Admin::Deleted Admin::DeleteRecords(const std::string& topic, std::int32_t partition,
                                    std::int64_t offset) {
  const PartitionList list = List(topic, partition, offset);
  rd_kafka_DeleteRecords_t* unwanted = rd_kafka_DeleteRecords_new(list.get());
  const Event event = Ask(RD_KAFKA_ADMIN_OP_DELETERECORDS, [&](auto* options, auto* queue) {
    rd_kafka_DeleteRecords(client_.client(), &unwanted, 1, options, queue);
  });
  rd_kafka_DeleteRecords_destroy(unwanted);
  const rd_kafka_topic_partition_list_t* offsets = rd_kafka_DeleteRecords_result_offsets(
      rd_kafka_event_DeleteRecords_result(event.get()));
  EXPECT_EQ(offsets->cnt, 1);
  if (offsets->cnt != 1) return {RD_KAFKA_RESP_ERR__BAD_MSG, -1};
  return {offsets->elems[0].err, offsets->elems[0].offset};
}

std::vector<std::string> Admin::ListGroups() {
  const Event event = Ask(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, [&](auto* options, auto* queue) {
    rd_kafka_ListConsumerGroups(client_.client(), options, queue);
  });
  const auto* result = rd_kafka_event_ListConsumerGroups_result(event.get());
  std::size_t count = 0;
  rd_kafka_ListConsumerGroups_result_errors(result, &count);
  EXPECT_EQ(count, 0u) << "brokers that could not list their groups";
  const auto* const* listings = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < count; ++i) {
    groups.emplace_back(rd_kafka_ConsumerGroupListing_group_id(listings[i]));
  }
  return groups;
}

Admin::Group Admin::DescribeGroup(const std::string& group) {
  const char* name = group.c_str();
  const Event event =
      Ask(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, [&](auto* options, auto* queue) {
        rd_kafka_DescribeConsumerGroups(client_.client(), &name, 1, options, queue);
      });
  std::size_t count = 0;
  const auto* const* groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  EXPECT_EQ(count, 1u);
  if (count != 1) return {};
  Group described{.error = rd_kafka_error_code(rd_kafka_ConsumerGroupDescription_error(groups[0])),
                  .state = rd_kafka_ConsumerGroupDescription_state(groups[0]),
                  .assignor = rd_kafka_ConsumerGroupDescription_partition_assignor(groups[0])};
  const std::size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
  for (std::size_t i = 0; i < members; ++i) {
    const auto* member = rd_kafka_ConsumerGroupDescription_member(groups[0], i);
    described.client_ids.emplace_back(rd_kafka_MemberDescription_client_id(member));
    const auto* assigned =
        rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
    for (int p = 0; assigned != nullptr && p < assigned->cnt; ++p) {
      described.assignments.push_back({assigned->elems[p].topic, assigned->elems[p].partition});
    }
  }
  std::sort(described.assignments.begin(), described.assignments.end());
  return described;
}

rd_kafka_resp_err_t Admin::DeleteGroup(const std::string& group) {
  rd_kafka_DeleteGroup_t* unwanted = rd_kafka_DeleteGroup_new(group.c_str());
  const Event event = Ask(RD_KAFKA_ADMIN_OP_DELETEGROUPS, [&](auto* options, auto* queue) {
    rd_kafka_DeleteGroups(client_.client(), &unwanted, 1, options, queue);
  });
  rd_kafka_DeleteGroup_destroy(unwanted);
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  EXPECT_EQ(count, 1u);
  return count == 1 ? rd_kafka_error_code(rd_kafka_group_result_error(results[0]))
                    : RD_KAFKA_RESP_ERR__BAD_MSG;
}

int Admin::CountPartitions(const std::string& topic) {
  const rd_kafka_metadata_t* metadata = nullptr;
  // All topics: asking for one by name may create it.
  EXPECT_EQ(rd_kafka_metadata(client_.client(), /*all_topics=*/1, nullptr, &metadata,
                              static_cast<int>(kPatience.count())),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  int partitions = 0;
  for (int i = 0; metadata != nullptr && i < metadata->topic_cnt; ++i) {
    if (topic == metadata->topics[i].topic) partitions = metadata->topics[i].partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  return partitions;
}

}  // namespace wherry::conformance
