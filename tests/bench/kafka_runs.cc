#include "tests/bench/kafka_runs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/delivery_check.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr int kPollEvery = 1000;
constexpr std::size_t kConsumeBatch = 1000;

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Destroy>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy>;
using Setting = std::pair<const char*, std::string>;

// What delivery reports say; librdkafka calls it from rd_kafka_poll.
struct Reports {
  std::vector<std::int64_t> next;  // offset, by partition
  std::uint64_t count = 0;
  std::string failure;
};

void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  Reports& reports = *static_cast<Reports*>(opaque);
  ++reports.count;
  if (!reports.failure.empty()) return;
  std::int64_t& next = reports.next[message->partition];
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    reports.failure = absl::StrCat("a record was not delivered: ", rd_kafka_err2str(message->err));
  } else if (message->offset != next) {
    reports.failure = absl::StrCat("partition ", message->partition, ": a record got offset ",
                                   message->offset, " while ", next, " was due");
  }
  ++next;
}

absl::StatusOr<Client> Connect(rd_kafka_type_t type, const KafkaLoad& load,
                               std::initializer_list<Setting> settings,
                               Reports* reports = nullptr) {
  char error[512] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  std::vector<Setting> all(settings);
  all.emplace_back("bootstrap.servers", load.bootstrap);
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(error);
    }
  }
  if (reports != nullptr) {
    rd_kafka_conf_set_opaque(conf, reports);
    rd_kafka_conf_set_dr_msg_cb(conf, OnReport);
  }
  rd_kafka_t* const client = rd_kafka_new(type, conf, error, sizeof error);
  if (client == nullptr) return absl::InternalError(error);
  return Client(client);
}

absl::Status FromKafka(rd_kafka_resp_err_t error, std::string what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(what, ": ", rd_kafka_err2str(error)));
}

absl::StatusOr<int> CountPartitions(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client, 0, topic, &metadata, kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(error, "metadata");
  const int count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  return count;
}

// How many partitions a topic has that was asked for just now: Apache Kafka answers the one who
// asked before its metadata tell of the topic.
absl::StatusOr<int> AwaitPartitions(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  for (;;) {
    const absl::StatusOr<int> count = CountPartitions(client, topic);
    if (!count.ok() || *count > 0 || std::chrono::steady_clock::now() > deadline) return count;
    rd_kafka_poll(client, 5);
  }
}

// One record after the other, to the partitions in turn, each with its own sequence.
class Producing {
 public:
  explicit Producing(const KafkaLoad& load)
      : load_(load),
        payload_(load.payload, '\0'),
        reports_{std::vector<std::int64_t>(load.partitions, 0)} {
    WritePayload(payload_.data(), payload_.size(), {});
  }

  absl::Status Open(std::initializer_list<Setting> settings) {
    auto client = Connect(RD_KAFKA_PRODUCER, load_, settings, &reports_);
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    topic_.reset(rd_kafka_topic_new(client_.get(), load_.topic.c_str(), nullptr));
    return CountPartitions(client_.get(), topic_.get()).status();  // connected, leaders known
  }

  absl::Status Send(std::uint64_t record) {
    const auto partition = static_cast<std::int32_t>(record % load_.partitions);
    const Stamp stamp{static_cast<std::uint32_t>(partition), record / load_.partitions};
    std::memcpy(payload_.data(), &stamp.publisher, sizeof stamp.publisher);
    Restamp(payload_.data(), payload_.size(), stamp);
    while (rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, payload_.data(),
                            payload_.size(), nullptr, 0, nullptr) != 0) {
      const rd_kafka_resp_err_t error = rd_kafka_last_error();
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return FromKafka(error, "produce");
      rd_kafka_poll(client_.get(), 5);
    }
    if (record % kPollEvery == 0) rd_kafka_poll(client_.get(), 0);
    return reports_.failure.empty() ? absl::OkStatus() : absl::DataLossError(reports_.failure);
  }

  // Waits for every delivery report.
  absl::Status Finish() {
    absl::Status status = FromKafka(
        rd_kafka_flush(client_.get(), static_cast<int>(load_.stall_seconds * 1000)), "flush");
    if (!reports_.failure.empty()) return absl::DataLossError(reports_.failure);
    if (!status.ok()) return status;
    if (reports_.count == load_.records()) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat(reports_.count, " of ", load_.records(), " delivery reports came"));
  }

  rd_kafka_t* client() const { return client_.get(); }

 private:
  const KafkaLoad load_;
  std::string payload_;
  Reports reports_;
  Client client_;
  Topic topic_;  // before client_ in destruction
};

// Assigned to all partitions from the start; checks what comes.
class Consuming {
 public:
  explicit Consuming(const KafkaLoad& load)
      : load_(load), check_(load.partitions, load.per_partition) {
    check_.AddGroup(DeliveryCheck::Share::kEvery, 1);
  }

  absl::Status Open() {
    auto client = Connect(
        RD_KAFKA_CONSUMER, load_,
        {{"group.id", "bench"}, {"enable.auto.commit", "false"}, {"auto.offset.reset", "error"}});
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    rd_kafka_poll_set_consumer(client_.get());
    PartitionList list(rd_kafka_topic_partition_list_new(load_.partitions));
    for (int p = 0; p < load_.partitions; ++p) {
      rd_kafka_topic_partition_list_add(list.get(), load_.topic.c_str(), p)->offset = 0;
    }
    return FromKafka(rd_kafka_assign(client_.get(), list.get()), "assign");
  }

  absl::Status Take(const rd_kafka_message_t& message) {
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(message.err, "consume");
    const std::string_view value(static_cast<const char*>(message.payload), message.len);
    Stamp stamp;
    if (value.size() != load_.payload || !ReadPayload(value, stamp) ||
        stamp.publisher != static_cast<std::uint32_t>(message.partition) ||
        stamp.sequence != static_cast<std::uint64_t>(message.offset)) {
      return absl::DataLossError(absl::StrCat("partition ", message.partition, ", offset ",
                                              message.offset, " holds another record"));
    }
    return check_.Deliver(0, stamp) ? absl::OkStatus() : absl::DataLossError(check_.failure());
  }

  // Whether the log holds what was consumed and nothing else.
  absl::Status Finish() {
    for (int p = 0; p < load_.partitions; ++p) {
      std::int64_t low = -1;
      std::int64_t high = -1;
      const auto error = rd_kafka_query_watermark_offsets(client_.get(), load_.topic.c_str(), p,
                                                          &low, &high, kTimeoutMs);
      if (absl::Status status = FromKafka(error, "watermarks"); !status.ok()) return status;
      if (low != 0 || high != static_cast<std::int64_t>(load_.per_partition)) {
        return absl::DataLossError(
            absl::StrCat("partition ", p, " reaches from ", low, " to ", high));
      }
    }
    return check_.Complete();
  }

  const DeliveryCheck& check() const { return check_; }
  rd_kafka_t* client() const { return client_.get(); }

 private:
  const KafkaLoad load_;
  DeliveryCheck check_;
  Client client_;
};

absl::Status ConsumeAll(const KafkaLoad& load, Consuming& consuming) {
  Queue queue(rd_kafka_queue_get_consumer(consuming.client()));
  std::array<rd_kafka_message_t*, kConsumeBatch> batch{};
  double progress_at = Now();
  while (!consuming.check().all_delivered()) {
    const std::uint64_t left = consuming.check().expected() - consuming.check().delivered();
    const std::size_t want = std::min<std::uint64_t>(left, batch.size());
    const ssize_t got = rd_kafka_consume_batch_queue(queue.get(), 100, batch.data(), want);
    absl::Status status;
    for (ssize_t i = 0; i < got; ++i) {
      if (status.ok()) status = consuming.Take(*batch[i]);
      rd_kafka_message_destroy(batch[i]);
    }
    if (!status.ok()) return status;
    if (got > 0) progress_at = Now();
    if (Now() - progress_at > load.stall_seconds) {
      return absl::DeadlineExceededError(absl::StrCat(
          consuming.check().delivered(), " of ", load.records(), " records came, then nothing"));
    }
  }
  return absl::OkStatus();
}

// Asks the broker to create the topic. A broker that cannot (librdkafka's mock) may have it
// already, so that what it answers does not matter: the number of partitions decides.
void RequestTopic(rd_kafka_t* client, const KafkaLoad& load) {
  char error[256] = "";
  Queue queue(rd_kafka_queue_new(client));
  rd_kafka_NewTopic_t* topic =
      rd_kafka_NewTopic_new(load.topic.c_str(), load.partitions, 1, error, sizeof error);
  rd_kafka_AdminOptions_t* const options =
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(options, kTimeoutMs, error, sizeof error);
  rd_kafka_CreateTopics(client, &topic, 1, options, queue.get());
  if (rd_kafka_event_t* const event = rd_kafka_queue_poll(queue.get(), kTimeoutMs)) {
    rd_kafka_event_destroy(event);
  }
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_NewTopic_destroy(topic);
}

}  // namespace

absl::Status CreateTopic(const KafkaLoad& load) {
  // A consumer's metadata requests create nothing by themselves.
  auto client = Connect(RD_KAFKA_CONSUMER, load, {{"group.id", "bench"}});
  if (!client.ok()) return client.status();
  Topic handle(rd_kafka_topic_new(client->get(), load.topic.c_str(), nullptr));
  absl::StatusOr<int> partitions = CountPartitions(client->get(), handle.get());
  if (partitions.ok() && *partitions == 0) {
    RequestTopic(client->get(), load);
    partitions = AwaitPartitions(client->get(), handle.get());
  }
  if (!partitions.ok()) return partitions.status();
  if (*partitions == load.partitions) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("topic ", load.topic, " has ", *partitions,
                                                    " partitions instead of ", load.partitions));
}

absl::StatusOr<Measurement> Produce(const KafkaLoad& load) {
  Producing producing(load);
  absl::Status status = producing.Open(
      {{"acks", "all"}, {"linger.ms", "5"}, {"queue.buffering.max.messages", "500000"}});
  if (!status.ok()) return status;
  Meter meter(load.pid);
  meter.Start();
  for (std::uint64_t record = 0; record < load.records(); ++record) {
    if (status = producing.Send(record); !status.ok()) return status;
  }
  if (status = producing.Finish(); !status.ok()) return status;
  Measurement measured = meter.Stop();
  measured.operations = load.records();
  return measured;
}

absl::StatusOr<Measurement> Consume(const KafkaLoad& load) {
  Consuming consuming(load);
  Meter meter(load.pid);
  meter.Start();
  if (absl::Status status = consuming.Open(); !status.ok()) return status;
  if (absl::Status status = ConsumeAll(load, consuming); !status.ok()) return status;
  Measurement measured = meter.Stop();
  if (absl::Status status = consuming.Finish(); !status.ok()) return status;
  measured.operations = load.records();
  return measured;
}

absl::StatusOr<Measurement> MeasureLatency(const KafkaLoad& load, double rate) {
  Consuming consuming(load);
  if (absl::Status status = consuming.Open(); !status.ok()) return status;
  Producing producing(load);
  if (absl::Status status = producing.Open({{"acks", "all"}, {"linger.ms", "0"}}); !status.ok()) {
    return status;
  }
  std::vector<double> arrivals;
  arrivals.reserve(load.records());
  std::atomic<bool> stop = false;
  absl::Status consumed;
  std::thread consumer([&] {
    double progress_at = Now();
    while (!stop && consumed.ok() && !consuming.check().all_delivered()) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consuming.client(), 100);
      if (message == nullptr) {
        stop = stop || Now() - progress_at > load.stall_seconds;
        continue;
      }
      progress_at = Now();
      arrivals.push_back(progress_at);
      consumed = consuming.Take(*message);
      rd_kafka_message_destroy(message);
    }
  });
  Meter meter(load.pid);
  meter.Start();
  const double start = Now();
  const auto begin = std::chrono::steady_clock::now();
  absl::Status produced;
  for (std::uint64_t record = 0; record < load.records() && produced.ok(); ++record) {
    const std::chrono::duration<double> due(static_cast<double>(record) / rate);
    std::this_thread::sleep_until(begin +
                                  std::chrono::duration_cast<std::chrono::nanoseconds>(due));
    produced = producing.Send(record);
    rd_kafka_poll(producing.client(), 0);
  }
  if (produced.ok()) produced = producing.Finish();
  if (!produced.ok()) stop = true;
  consumer.join();
  Measurement measured = meter.Stop();
  if (!produced.ok()) return produced;
  if (!consumed.ok()) return consumed;
  if (absl::Status status = consuming.check().Complete(); !status.ok()) return status;
  measured.operations = load.records();
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    measured.latencies.push_back(arrivals[i] - start - static_cast<double>(i) / rate);
  }
  return measured;
}

}  // namespace wherry::bench
