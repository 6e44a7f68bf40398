#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "tests/conformance/kafka/kafka_client.h"

namespace wherry::conformance {

// librdkafka's administration of topics and groups, one call at a time.
// Threads: one at a time. Owned by the test.
class Admin {
 public:
  explicit Admin(const std::string& bootstrap);
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  rd_kafka_resp_err_t CreateTopic(
      const std::string& topic, int partitions,
      const std::vector<std::pair<std::string, std::string>>& configs = {});
  rd_kafka_resp_err_t DeleteTopic(const std::string& topic);
  // A topic's settings by name; nothing if the topic is unknown.
  std::optional<std::map<std::string, std::string>> DescribeTopicConfigs(const std::string& topic);

  // Sets these of a topic, and takes back all others that were set.
  rd_kafka_resp_err_t AlterTopicConfigs(
      const std::string& topic, const std::vector<std::pair<std::string, std::string>>& configs);
  // How many partitions the topic is to have.
  rd_kafka_resp_err_t CreatePartitions(const std::string& topic, std::size_t total);
  // Deletes the records below `offset` (RD_KAFKA_OFFSET_END: all); the new start, or the error.
  struct Deleted {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::int64_t low_watermark = -1;
  };
  Deleted DeleteRecords(const std::string& topic, std::int32_t partition, std::int64_t offset);

  std::vector<std::string> ListGroups();
  struct Group {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_consumer_group_state_t state = RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN;
    std::string assignor;
    std::vector<std::string> client_ids;      // one per member
    std::vector<TopicPartition> assignments;  // of all members, in order
  };
  Group DescribeGroup(const std::string& group);
  rd_kafka_resp_err_t DeleteGroup(const std::string& group);

  // Partitions of a topic as the cluster's metadata tells, 0 if it is unknown. Does not create it.
  int CountPartitions(const std::string& topic);

 private:
  using Event = std::unique_ptr<rd_kafka_event_t, RdKafkaDeleter>;
  // Starts a request by `start` and waits for its result; fails the test if none comes.
  Event Ask(rd_kafka_admin_op_t operation,
            const std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& start);

  Producer client_;
  std::unique_ptr<rd_kafka_queue_t, RdKafkaDeleter> queue_;
};

}  // namespace wherry::conformance
