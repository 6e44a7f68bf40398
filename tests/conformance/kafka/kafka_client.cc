#include "tests/conformance/kafka/kafka_client.h"

#include <array>

#include <gtest/gtest.h>

namespace wherry::conformance {
namespace {

constexpr rd_kafka_resp_err_t kOk = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr int kQueueFullPollMs = 100;

void ExpectOk(rd_kafka_resp_err_t error, std::string_view what) {
  EXPECT_EQ(error, kOk) << what << ": " << rd_kafka_err2str(error);
}

void Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 256> error{};
  EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()),
            RD_KAFKA_CONF_OK)
      << error.data();
}

// librdkafka writes what it meets to standard error, which only distracts where it is expected.
void Drop(const rd_kafka_t*, int, const char*, const char*) {}

rd_kafka_t* NewClient(rd_kafka_type_t type, rd_kafka_conf_t* conf, const std::string& bootstrap,
                      const Settings& settings) {
  Set(conf, "bootstrap.servers", bootstrap);
  // A broker that is being restarted is looked for again at once.
  Set(conf, "reconnect.backoff.ms", "10");
  Set(conf, "reconnect.backoff.max.ms", "100");
  for (const auto& [name, value] : settings) Set(conf, name, value);
  rd_kafka_conf_set_log_cb(conf, Drop);
  std::array<char, 256> error{};
  rd_kafka_t* client = rd_kafka_new(type, conf, error.data(), error.size());
  EXPECT_NE(client, nullptr) << error.data();
  return client;
}

std::optional<std::string> Bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

Record ToRecord(const rd_kafka_message_t& message) {
  Record record{.partition = message.partition,
                .offset = message.offset,
                .key = Bytes(message.key, message.key_len),
                .value = Bytes(message.payload, message.len)};
  rd_kafka_timestamp_type_t type;
  record.timestamp = rd_kafka_message_timestamp(&message, &type);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != kOk) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == kOk; ++i) {
    record.headers.emplace_back(name, Bytes(value, size));
  }
  return record;
}

}  // namespace

PartitionList List(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

Producer::Producer(const std::string& bootstrap, const Settings& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_dr_msg_cb(conf, OnDelivery);
  rd_kafka_conf_set_opaque(conf, this);
  client_ = NewClient(RD_KAFKA_PRODUCER, conf, bootstrap, settings);
}

Producer::~Producer() {
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_destroy(client_);
}

rd_kafka_resp_err_t Producer::Send(const std::string& topic, const Record& record) {
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()),
                        value.has_value() ? value->data() : nullptr,
                        value.has_value() ? static_cast<ssize_t>(value->size()) : 0);
  }
  char* const key = record.key.has_value() ? const_cast<char*>(record.key->data()) : nullptr;
  char* const value = record.value.has_value() ? const_cast<char*>(record.value->data()) : nullptr;
  const std::size_t key_size = record.key.has_value() ? record.key->size() : 0;
  const std::size_t value_size = record.value.has_value() ? record.value->size() : 0;
  const Deadline deadline;
  while (true) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
        RD_KAFKA_V_VALUE(value, value_size),
        RD_KAFKA_V_TIMESTAMP((record.timestamp == -1 ? 0 : record.timestamp)),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(deliveries_.size())),
        RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !deadline.Passed()) {
      rd_kafka_poll(client_, kQueueFullPollMs);
      continue;
    }
    if (error == kOk) {
      deliveries_.emplace_back();
    } else if (headers != nullptr) {
      rd_kafka_headers_destroy(headers);
    }
    return error;
  }
}

void Producer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto* producer = static_cast<Producer*>(self);
  producer->deliveries_.at(reinterpret_cast<std::size_t>(message->_private)) = {
      message->err, message->partition, message->offset};
  ++producer->settled_;
}

std::vector<Delivery> Producer::Flush(std::chrono::milliseconds patience) {
  ExpectOk(rd_kafka_flush(client_, static_cast<int>(patience.count())), "flush");
  EXPECT_EQ(settled_, deliveries_.size()) << "not every record got an answer";
  settled_ = 0;
  return std::exchange(deliveries_, {});
}

std::vector<Delivery> Producer::FlushWell(std::chrono::milliseconds patience) {
  std::vector<Delivery> deliveries = Flush(patience);
  for (const Delivery& delivery : deliveries) ExpectOk(delivery.error, "delivery");
  return deliveries;
}

Consumer::Consumer(const std::string& bootstrap, const std::string& group,
                   const Settings& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Set(conf, "group.id", group.empty() ? "none" : group);
  Set(conf, "enable.auto.commit", "false");
  Set(conf, "auto.offset.reset", "earliest");
  Set(conf, "enable.partition.eof", "true");
  // Short waits: tests are mostly at the end of a partition.
  Set(conf, "fetch.wait.max.ms", "50");
  Set(conf, "heartbeat.interval.ms", "100");
  Set(conf, "topic.metadata.refresh.interval.ms", "500");
  client_ = NewClient(RD_KAFKA_CONSUMER, conf, bootstrap, settings);
  rd_kafka_poll_set_consumer(client_);
}

Consumer::~Consumer() {
  Close();
  rd_kafka_destroy(client_);
}

void Consumer::Close() {
  if (rd_kafka_consumer_closed(client_) == 0) rd_kafka_consumer_close(client_);
}

void Consumer::Subscribe(const std::string& topic) {
  const PartitionList topics = List(topic, RD_KAFKA_PARTITION_UA, 0);
  ExpectOk(rd_kafka_subscribe(client_, topics.get()), "subscribe");
}

void Consumer::Assign(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  const PartitionList partitions = List(topic, partition, offset);
  ExpectOk(rd_kafka_assign(client_, partitions.get()), "assign");
}

std::optional<Record> Consumer::Next(std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  do {
    const std::unique_ptr<rd_kafka_message_t, RdKafkaDeleter> message(
        rd_kafka_consumer_poll(client_, deadline.Left()));
    if (message == nullptr) continue;
    if (message->err == kOk) return ToRecord(*message);
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) errors_.push_back(message->err);
  } while (!deadline.Passed());
  return std::nullopt;
}

void Consumer::AwaitEnd() {
  const Deadline deadline;
  bool at_end = false;
  while (!at_end && !deadline.Passed()) {
    const std::unique_ptr<rd_kafka_message_t, RdKafkaDeleter> message(
        rd_kafka_consumer_poll(client_, deadline.Left()));
    at_end = message != nullptr && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  }
  EXPECT_TRUE(at_end) << "the end of the partition was not reached";
}

std::vector<Record> Consumer::Read(std::size_t count, std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  std::vector<Record> records;
  while (records.size() < count) {
    std::optional<Record> record = Next(std::chrono::milliseconds(deadline.Left()));
    if (!record.has_value()) break;
    records.push_back(*std::move(record));
  }
  return records;
}

rd_kafka_resp_err_t Consumer::Commit(const std::string& topic, const Record& record) {
  const PartitionList offsets = List(topic, record.partition, record.offset + 1);
  return rd_kafka_commit(client_, offsets.get(), /*async=*/0);
}

std::int64_t Consumer::Committed(const std::string& topic, std::int32_t partition) {
  const PartitionList list = List(topic, partition, RD_KAFKA_OFFSET_INVALID);
  ExpectOk(rd_kafka_committed(client_, list.get(), static_cast<int>(kPatience.count())),
           "committed");
  ExpectOk(list->elems[0].err, "committed");
  return list->elems[0].offset;
}

void Consumer::Seek(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  const PartitionList list = List(topic, partition, offset);
  rd_kafka_error_t* error =
      rd_kafka_seek_partitions(client_, list.get(), static_cast<int>(kPatience.count()));
  EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
  if (error != nullptr) rd_kafka_error_destroy(error);
  ExpectOk(list->elems[0].err, "seek");
}

std::int64_t Consumer::OffsetForTime(const std::string& topic, std::int32_t partition,
                                     std::int64_t timestamp) {
  const PartitionList list = List(topic, partition, timestamp);
  ExpectOk(rd_kafka_offsets_for_times(client_, list.get(), static_cast<int>(kPatience.count())),
           "offsets for times");
  ExpectOk(list->elems[0].err, "offset for time");
  return list->elems[0].offset;
}

Consumer::Watermarks Consumer::QueryWatermarks(const std::string& topic, std::int32_t partition) {
  Watermarks marks;
  ExpectOk(rd_kafka_query_watermark_offsets(client_, topic.c_str(), partition, &marks.low,
                                            &marks.high, static_cast<int>(kPatience.count())),
           "watermarks");
  return marks;
}

std::vector<TopicPartition> Consumer::Assignment() {
  rd_kafka_topic_partition_list_t* raw = nullptr;
  ExpectOk(rd_kafka_assignment(client_, &raw), "assignment");
  const PartitionList list(raw);
  std::vector<TopicPartition> assignment;
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    assignment.push_back({list->elems[i].topic, list->elems[i].partition});
  }
  return assignment;
}

}  // namespace wherry::conformance
