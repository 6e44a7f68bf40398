#include "tools/export/reader.h"

#include <chrono>
#include <utility>

namespace wherry::exporting {

namespace {

constexpr int kPollMillis = 100;

}  // namespace

StatusOr<Reader> Reader::Open(std::string cluster, Properties properties) {
  // No group is joined and nothing committed; a consumer must name one all the same.
  properties.emplace("group.id", "wherry-export");
  properties["enable.auto.commit"] = "false";
  properties["enable.auto.offset.store"] = "false";
  properties["enable.partition.eof"] = "true";
  properties["isolation.level"] = "read_committed";
  // What retention takes away while we read is gone: go on with what is left.
  properties["auto.offset.reset"] = "earliest";
  properties["check.crcs"] = "true";
  properties.emplace("queued.max.messages.kbytes", "65536");
  StatusOr<Owned<rd_kafka_conf_t>> conf = MakeConf(properties);
  if (!conf.ok()) return conf.status();
  StatusOr<Owned<rd_kafka_t>> client = MakeClient(RD_KAFKA_CONSUMER, std::move(conf).value());
  if (!client.ok()) return client.status();
  rd_kafka_poll_set_consumer(client->get());
  return Reader(std::move(cluster), std::move(client).value());
}

Status Reader::Read(const Ranges& ranges, const Visit& visit, const Idle& idle) {
  left_.clear();
  for (const auto& [partition, range] : ranges) {
    if (range.start < range.end) left_[partition] = range;
  }
  if (Status status = Assign(left_); !status.ok()) return status;
  auto last = std::chrono::steady_clock::now();
  while (!left_.empty()) {
    if (Status status = idle(); !status.ok()) return status;
    const Owned<rd_kafka_message_t> message(rd_kafka_consumer_poll(client_.get(), kPollMillis));
    const auto now = std::chrono::steady_clock::now();
    if (message == nullptr) {
      if (now - last < std::chrono::seconds(kPatienceSeconds)) continue;
      return Status(StatusCode::kDeadlineExceeded,
                    "the " + cluster_ + " has sent nothing for " +
                        std::to_string(kPatienceSeconds) + " s, and topic " +
                        left_.begin()->first.first + " is not read to its end");
    }
    last = now;
    if (Status status = Take(*message, visit); !status.ok()) return status;
  }
  return Assign({});
}

Status Reader::Take(const rd_kafka_message_t& message, const Visit& visit) {
  if (message.rkt == nullptr) {
    return ErrorOf(message.err, "reading from the " + cluster_, rd_kafka_message_errstr(&message));
  }
  const TopicPartition partition(rd_kafka_topic_name(message.rkt), message.partition);
  const auto left = left_.find(partition);
  if (left == left_.end()) return Status();  // came before its partition was paused
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // Offsets may end in a gap: a transaction's marker, records that compaction took.
    return message.offset >= left->second.end ? Finish(partition) : Status();
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ErrorOf(message.err,
                   "reading partition " + std::to_string(partition.second) + " of topic " +
                       partition.first + " from the " + cluster_,
                   rd_kafka_message_errstr(&message));
  }
  if (message.offset < left->second.end) {
    if (Status status = visit(partition, message); !status.ok()) return status;
  }
  return message.offset + 1 >= left->second.end ? Finish(partition) : Status();
}

Status Reader::Finish(const TopicPartition& partition) {
  left_.erase(partition);
  const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second);
  return ErrorOf(rd_kafka_pause_partitions(client_.get(), list.get()), "pausing a partition");
}

Status Reader::Assign(const Ranges& ranges) {
  const Owned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(ranges.size())));
  for (const auto& [partition, range] : ranges) {
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
        ->offset = range.start;
  }
  return ErrorOf(rd_kafka_assign(client_.get(), ranges.empty() ? nullptr : list.get()),
                 "reading from the " + cluster_);
}

}  // namespace wherry::exporting
