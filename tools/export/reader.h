#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tools/export/progress.h"
#include "tools/export/rdkafka.h"
#include "wherry/status.h"

namespace wherry::exporting {

// What a reader reads of one partition: committed records with offsets in [start, end).
struct Range {
  std::int64_t start = 0;
  std::int64_t end = 0;
};
using Ranges = std::map<TopicPartition, Range>;

// Reads ranges of many partitions, each in order.
//
// Threads: one at a time. Owned by who reads.
class Reader {
 public:
  // Called for each record; an error ends the reading.
  using Visit = std::function<Status(const TopicPartition&, const rd_kafka_message_t&)>;
  // Called now and then, also while nothing comes; an error ends the reading.
  using Idle = std::function<Status()>;

  // `cluster`: "source", for people. `properties`: librdkafka's, with bootstrap.servers.
  static StatusOr<Reader> Open(std::string cluster, Properties properties);

  // kDeadlineExceeded: nothing came for kPatience.
  Status Read(const Ranges& ranges, const Visit& visit, const Idle& idle);

  static constexpr int kPatienceSeconds = 60;

 private:
  Reader(std::string cluster, Owned<rd_kafka_t> client)
      : cluster_(std::move(cluster)), client_(std::move(client)) {}
  Status Assign(const Ranges& ranges);
  Status Finish(const TopicPartition& partition);
  Status Take(const rd_kafka_message_t& message, const Visit& visit);

  std::string cluster_;
  Owned<rd_kafka_t> client_;
  Ranges left_;  // what is not read to its end yet
};

}  // namespace wherry::exporting
