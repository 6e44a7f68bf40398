#include "tools/export/copier.h"

#include <utility>

namespace wherry::exporting {

namespace {

constexpr int kPollMillis = 100;
constexpr int kFlushMillis = 1000;

}  // namespace

Copier::Copier(Progress& progress) {
  for (auto& [name, partition] : progress) {
    partitions_[name].name = name;
    partitions_[name].progress = &partition;
  }
}

StatusOr<std::unique_ptr<Copier>> Copier::Open(Properties properties, Progress& progress) {
  properties["enable.idempotence"] = "true";
  properties.emplace("linger.ms", "20");
  properties.emplace("compression.type", "lz4");
  // The broker's to judge.
  properties.emplace("message.max.bytes", "1000000000");
  properties.emplace("queue.buffering.max.kbytes", "131072");
  std::unique_ptr<Copier> copier(new Copier(progress));
  StatusOr<Owned<rd_kafka_conf_t>> conf = MakeConf(properties);
  if (!conf.ok()) return conf.status();
  rd_kafka_conf_set_opaque(conf->get(), copier.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(),
                              [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
                                static_cast<Copier*>(opaque)->OnDelivery(*message);
                              });
  StatusOr<Owned<rd_kafka_t>> client = MakeClient(RD_KAFKA_PRODUCER, std::move(conf).value());
  if (!client.ok()) return client.status();
  copier->client_ = std::move(client).value();
  return copier;
}

void Copier::SetDelivered(const TopicPartition& partition, std::int64_t count) {
  partitions_.at(partition).delivered_before = count;
}

Status Copier::Copy(const TopicPartition& name, const rd_kafka_message_t& record) {
  Partition& partition = partitions_.at(name);
  if (partition.delivered_before > 0) {
    --partition.delivered_before;
    partition.progress->Copied(record.offset);
    return Status();
  }
  if (Status status = Send(partition, record); !status.ok()) return status;
  return Poll();
}

Status Copier::Send(Partition& partition, const rd_kafka_message_t& record) {
  Owned<rd_kafka_headers_t> headers;
  if (rd_kafka_headers_t* found = nullptr;
      rd_kafka_message_headers(&record, &found) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    headers.reset(rd_kafka_headers_copy(found));
  }
  const std::int64_t timestamp = rd_kafka_message_timestamp(&record, nullptr);
  while (true) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client_.get(), RD_KAFKA_V_TOPIC(partition.name.first.c_str()),
        RD_KAFKA_V_PARTITION(partition.name.second), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(record.key, record.key_len), RD_KAFKA_V_VALUE(record.payload, record.len),
        RD_KAFKA_V_TIMESTAMP(timestamp < 0 ? 0 : timestamp), RD_KAFKA_V_HEADERS(headers.get()),
        RD_KAFKA_V_OPAQUE(&partition), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      static_cast<void>(headers.release());  // the producer's now
      partition.under_way.push_back(record.offset);
      bytes_ += record.len + record.key_len;
      return Status();
    }
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return ErrorOf(error, "writing to topic " + partition.name.first + " at the target");
    }
    rd_kafka_poll(client_.get(), kPollMillis);
    if (!failed_.ok()) return failed_;
  }
}

void Copier::OnDelivery(const rd_kafka_message_t& message) {
  Partition& partition = *static_cast<Partition*>(message._private);
  // A record is noted only if all before it are, so that what is noted is what to resume from.
  if (!failed_.ok()) return;
  const std::string where = "partition " + std::to_string(partition.name.second) + " of topic " +
                            partition.name.first + " at the target";
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failed_ = ErrorOf(message.err, "writing the record of source offset " +
                                       std::to_string(partition.under_way.front()) + " to " +
                                       where);
    return;
  }
  if (message.offset != partition.progress->target_next) {
    failed_ = Status(StatusCode::kFailedPrecondition,
                     "somebody else writes to " + where + ": a record came to lie at offset " +
                         std::to_string(message.offset) + ", expected was " +
                         std::to_string(partition.progress->target_next));
    return;
  }
  partition.progress->Copied(partition.under_way.front());
  partition.under_way.pop_front();
  ++records_;
}

Status Copier::Poll() {
  rd_kafka_poll(client_.get(), 0);
  return failed_;
}

Status Copier::Flush() {
  while (failed_.ok() && rd_kafka_outq_len(client_.get()) > 0) {
    rd_kafka_flush(client_.get(), kFlushMillis);
  }
  return failed_;
}

}  // namespace wherry::exporting
