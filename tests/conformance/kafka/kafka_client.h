#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "tests/conformance/support/deadline.h"

// librdkafka, with owners instead of destroy calls.
namespace wherry::conformance {

struct RdKafkaDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, RdKafkaDeleter>;

// Names and values of librdkafka's own settings.
using Settings = std::vector<std::pair<std::string, std::string>>;

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// A record as a client sees it. No key (or value) is not the empty key.
struct Record {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::int64_t timestamp = -1;
};

// Where a record came to lie, as the broker acknowledged it.
struct Delivery {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

// A producer that remembers what became of each record.
// Threads: one at a time. Owned by the test.
class Producer {
 public:
  explicit Producer(const std::string& bootstrap, const Settings& settings = {});
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  ~Producer();

  // Queues a record, waiting while the queue is full. Partition -1: by the key. Timestamp -1: now.
  // Returns why librdkafka refuses it itself, or no error.
  rd_kafka_resp_err_t Send(const std::string& topic, const Record& record);
  rd_kafka_resp_err_t Send(const std::string& topic, const std::string& key,
                           const std::string& value) {
    return Send(topic, Record{.key = key, .value = value});
  }
  // Waits until everything sent was acknowledged or failed, and returns that in the order of Send.
  std::vector<Delivery> Flush(std::chrono::milliseconds patience = kPatience);
  // As Flush, and fails the test unless all went well.
  std::vector<Delivery> FlushWell(std::chrono::milliseconds patience = kPatience);
  // Serves what has arrived, without waiting.
  void Poll() { rd_kafka_poll(client_, 0); }
  // How many records have been acknowledged or have failed.
  std::size_t settled() const { return settled_; }

  rd_kafka_t* client() { return client_; }

 private:
  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);

  rd_kafka_t* client_ = nullptr;
  std::vector<Delivery> deliveries_;
  std::size_t settled_ = 0;
};

// A consumer, in a group or with partitions assigned by hand.
// Threads: one at a time. Owned by the test.
class Consumer {
 public:
  // An empty `group`: one that has no members and commits nothing.
  Consumer(const std::string& bootstrap, const std::string& group, const Settings& settings = {});
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  ~Consumer();

  void Subscribe(const std::string& topic);
  // Starts at `offset`, or RD_KAFKA_OFFSET_BEGINNING, _END or _STORED.
  void Assign(const std::string& topic, std::int32_t partition,
              std::int64_t offset = RD_KAFKA_OFFSET_BEGINNING);
  // The next record, or nothing after `patience`. Errors that librdkafka reports are kept.
  std::optional<Record> Next(std::chrono::milliseconds patience = kPatience);
  // Reads and drops what is there until an assigned partition is at its end.
  void AwaitEnd();
  // Reads `count` records, fewer if they do not come in time.
  std::vector<Record> Read(std::size_t count, std::chrono::milliseconds patience = kPatience);

  // Commits the offset after this record and waits for the answer.
  rd_kafka_resp_err_t Commit(const std::string& topic, const Record& record);
  // What the group committed, -1001 (RD_KAFKA_OFFSET_INVALID) for nothing.
  std::int64_t Committed(const std::string& topic, std::int32_t partition);
  void Seek(const std::string& topic, std::int32_t partition, std::int64_t offset);
  // The first offset with at least this timestamp, RD_KAFKA_OFFSET_END if there is none.
  std::int64_t OffsetForTime(const std::string& topic, std::int32_t partition,
                             std::int64_t timestamp);
  struct Watermarks {
    std::int64_t low = -1;
    std::int64_t high = -1;
    friend bool operator==(const Watermarks&, const Watermarks&) = default;
  };
  Watermarks QueryWatermarks(const std::string& topic, std::int32_t partition);
  std::vector<TopicPartition> Assignment();
  // Leaves the group and closes; the destructor does it too.
  void Close();

  // Errors other than the end of a partition, in the order they came.
  const std::vector<rd_kafka_resp_err_t>& errors() const { return errors_; }
  rd_kafka_t* client() { return client_; }

 private:
  rd_kafka_t* client_ = nullptr;
  std::vector<rd_kafka_resp_err_t> errors_;
};

PartitionList List(const std::string& topic, std::int32_t partition, std::int64_t offset);

}  // namespace wherry::conformance
