#pragma once

#include <map>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "wherry/status.h"

// Ownership of librdkafka's objects, and its errors as ours.
namespace wherry::exporting {

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

template <typename T>
using Owned = std::unique_ptr<T, Destroy>;

// librdkafka's configuration properties by name.
using Properties = std::map<std::string, std::string>;

// A configuration of `properties`. kInvalidArgument: librdkafka's word on one that it refuses.
StatusOr<Owned<rd_kafka_conf_t>> MakeConf(const Properties& properties);

// A client, which takes `conf`.
StatusOr<Owned<rd_kafka_t>> MakeClient(rd_kafka_type_t type, Owned<rd_kafka_conf_t> conf);

// "<what>: <why>", in the class that fits.
Status ErrorOf(rd_kafka_resp_err_t error, const std::string& what, const char* why = nullptr);

}  // namespace wherry::exporting
