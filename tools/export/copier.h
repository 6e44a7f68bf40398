#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tools/export/progress.h"
#include "tools/export/rdkafka.h"
#include "tools/export/reader.h"
#include "wherry/status.h"

namespace wherry::exporting {

// Writes records to the target, each partition's in their order and each once (an idempotent
// producer), and notes in `progress` where each went.
//
// Threads: one at a time. Owned by main.
class Copier {
 public:
  // `properties`: librdkafka's, with bootstrap.servers. `progress` must outlive it.
  static StatusOr<std::unique_ptr<Copier>> Open(Properties properties, Progress& progress);
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  // The next record of a partition: sent or, where the target has it from a run that was
  // interrupted, noted. Waits while too much is under way.
  Status Copy(const TopicPartition& partition, const rd_kafka_message_t& record);
  // How many of the partition's next records the target has already.
  void SetDelivered(const TopicPartition& partition, std::int64_t count);
  // Lets what came back be noted. An error of any record so far.
  Status Poll();
  // Waits until all is delivered.
  Status Flush();

  std::uint64_t records() const { return records_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Partition {
    TopicPartition name;
    PartitionProgress* progress = nullptr;
    std::deque<std::int64_t> under_way;  // source offsets
    std::int64_t delivered_before = 0;   // of an interrupted run, still to be met
  };

  explicit Copier(Progress& progress);
  Status Send(Partition& partition, const rd_kafka_message_t& record);
  void OnDelivery(const rd_kafka_message_t& message);

  std::map<TopicPartition, Partition> partitions_;
  Status failed_;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  Owned<rd_kafka_t> client_;  // first to go: its callbacks use the rest
};

}  // namespace wherry::exporting
