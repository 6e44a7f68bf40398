#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/export/rdkafka.h"
#include "wherry/status.h"

namespace wherry::exporting {

// What a topic was configured with, by name; what has its default is not there.
using TopicConfigs = std::map<std::string, std::string>;

// One of the two clusters: what is asked of it beside its records.
// Threads: one at a time. Owned by main.
class Cluster {
 public:
  struct Topic {
    std::string name;
    std::int32_t partitions = 0;
  };
  struct Bounds {
    std::int64_t start = 0;
    std::int64_t end = 0;  // of what read_committed readers see
  };
  struct CommittedOffset {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = -1;
    std::string metadata;
  };

  // `name`: "source", for people. `properties`: librdkafka's, with bootstrap.servers. Waits until
  // the cluster answers.
  static StatusOr<Cluster> Connect(std::string name, const Properties& properties);

  const std::string& id() const { return id_; }

  // Topics that are not internal (whose names do not begin with two underscores).
  StatusOr<std::vector<Topic>> Topics();
  StatusOr<TopicConfigs> Configs(const std::string& topic);
  // `replication_factor`: -1 for the cluster's default.
  Status CreateTopic(const Topic& topic, int replication_factor, const TopicConfigs& configs);
  // Replaces all that the topic was configured with.
  Status SetConfigs(const std::string& topic, const TopicConfigs& configs);
  StatusOr<Bounds> BoundsOf(const std::string& topic, std::int32_t partition);

  StatusOr<std::vector<std::string>> Groups();
  StatusOr<std::vector<CommittedOffset>> CommittedOffsets(const std::string& group);
  // The group must have no members. Waits while the coordinator is not ready.
  Status Commit(const std::string& group, const std::vector<CommittedOffset>& offsets);

  static constexpr int kPatienceMillis = 30'000;

 private:
  Cluster(std::string name, Owned<rd_kafka_t> client)
      : name_(std::move(name)),
        client_(std::move(client)),
        queue_(rd_kafka_queue_new(client_.get())) {}
  using Start = std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;
  StatusOr<Owned<rd_kafka_event_t>> Ask(const std::string& what, const Start& start);
  Status TryCommit(const std::string& group, const std::vector<CommittedOffset>& offsets,
                   rd_kafka_resp_err_t& error);

  std::string name_;
  std::string id_;
  Owned<rd_kafka_t> client_;
  Owned<rd_kafka_queue_t> queue_;  // destroyed before its client
};

}  // namespace wherry::exporting
