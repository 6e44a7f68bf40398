// Kafka's shell scripts as far as librdkafka's tests call them, without a JVM: speaks Kafka's admin
// protocol by librdkafka and knows nothing of our server.
//
//   kafka_scripts kafka-topics.sh --bootstrap-server HOST:PORT --create|--alter|--delete ...
//   kafka_scripts kafka-acls.sh --bootstrap-server HOST:PORT --add ... (acls.h)
//
// Exit status: 0, 1 if the broker refused, 2 if the arguments cannot be read.

#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "tests/conformance/kafka_scripts/acls.h"

namespace {

constexpr int kPatienceMillis = 30'000;

struct Arguments {
  std::string script;
  std::string bootstrap;
  std::string action;  // "--create"
  std::string topic;
  int partitions = -1;
  int replication_factor = -1;
  std::vector<std::pair<std::string, std::string>> configs;
};

bool Read(int argc, char** argv, Arguments& arguments) {
  if (argc < 2) return false;
  arguments.script = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--create" || word == "--alter" || word == "--delete") {
      arguments.action = word;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (word == "--bootstrap-server") {
      arguments.bootstrap = value;
    } else if (word == "--topic") {
      arguments.topic = value;
    } else if (word == "--partitions") {
      arguments.partitions = std::stoi(value);
    } else if (word == "--replication-factor") {
      arguments.replication_factor = std::stoi(value);
    } else if (word == "--config" && value.find('=') != value.npos) {
      arguments.configs.emplace_back(value.substr(0, value.find('=')),
                                     value.substr(value.find('=') + 1));
    } else {
      return false;
    }
  }
  return arguments.script == "kafka-topics.sh" && !arguments.action.empty() &&
         !arguments.bootstrap.empty() && !arguments.topic.empty();
}

struct Deleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};

using Results = const rd_kafka_topic_result_t* const*;

Results ResultsOf(const rd_kafka_event_t* event, std::size_t& count) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
      return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(
                                                     const_cast<rd_kafka_event_t*>(event)),
                                                 &count);
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
      return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(
                                                     const_cast<rd_kafka_event_t*>(event)),
                                                 &count);
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
      return rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(
                                                         const_cast<rd_kafka_event_t*>(event)),
                                                     &count);
    default:
      count = 0;
      return nullptr;
  }
}

bool Succeeded(const rd_kafka_event_t* event) {
  if (event == nullptr) {
    std::cerr << "no answer from the broker\n";
    return false;
  }
  if (rd_kafka_event_error(const_cast<rd_kafka_event_t*>(event)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::cerr << rd_kafka_event_error_string(const_cast<rd_kafka_event_t*>(event)) << "\n";
    return false;
  }
  std::size_t count = 0;
  const Results results = ResultsOf(event, count);
  bool succeeded = count > 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    std::cerr << rd_kafka_topic_result_name(results[i]) << ": "
              << rd_kafka_topic_result_error_string(results[i]) << "\n";
    succeeded = false;
  }
  return succeeded;
}

// Starts what the arguments say; false: they are wrong.
bool Start(const Arguments& arguments, rd_kafka_t* client, rd_kafka_queue_t* queue) {
  std::array<char, 512> error{};
  if (arguments.action == "--create") {
    rd_kafka_NewTopic_t* topic =
        rd_kafka_NewTopic_new(arguments.topic.c_str(), arguments.partitions,
                              arguments.replication_factor, error.data(), error.size());
    if (topic == nullptr) return false;
    for (const auto& [name, value] : arguments.configs) {
      rd_kafka_NewTopic_set_config(topic, name.c_str(), value.c_str());
    }
    rd_kafka_CreateTopics(client, &topic, 1, nullptr, queue);
    rd_kafka_NewTopic_destroy(topic);
  } else if (arguments.action == "--delete") {
    rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(arguments.topic.c_str());
    rd_kafka_DeleteTopics(client, &topic, 1, nullptr, queue);
    rd_kafka_DeleteTopic_destroy(topic);
  } else {
    rd_kafka_NewPartitions_t* partitions = rd_kafka_NewPartitions_new(
        arguments.topic.c_str(), static_cast<std::size_t>(arguments.partitions), error.data(),
        error.size());
    if (partitions == nullptr) return false;
    rd_kafka_CreatePartitions(client, &partitions, 1, nullptr, queue);
    rd_kafka_NewPartitions_destroy(partitions);
  }
  return true;
}

int Run(const Arguments& arguments) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", arguments.bootstrap.c_str(), error.data(),
                    error.size());
  const std::unique_ptr<rd_kafka_t, Deleter> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error.data(), error.size()));
  if (client == nullptr) {
    rd_kafka_conf_destroy(configuration);
    std::cerr << error.data() << "\n";
    return 1;
  }
  const std::unique_ptr<rd_kafka_queue_t, Deleter> queue(rd_kafka_queue_new(client.get()));
  if (!Start(arguments, client.get(), queue.get())) {
    std::cerr << "a topic needs a name and a number of partitions\n";
    return 2;
  }
  const std::unique_ptr<rd_kafka_event_t, Deleter> event(
      rd_kafka_queue_poll(queue.get(), kPatienceMillis));
  return Succeeded(event.get()) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "kafka-acls.sh") {
    return wherry::conformance::RunAcls({argv + 2, argv + argc});
  }
  Arguments arguments;
  if (!Read(argc, argv, arguments)) {
    std::cerr << "usage: kafka_scripts kafka-topics.sh --bootstrap-server HOST:PORT "
                 "--create|--alter|--delete --topic NAME [--partitions N] "
                 "[--replication-factor N] [--config NAME=VALUE]...\n";
    return 2;
  }
  return Run(arguments);
}
