#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/kafka/kafka_client.h"
#include "wherry/broker.h"

// Clients that must say who they are, or speak TLS.
namespace wherry::conformance {

// A broker in this process with these Kafka listeners ("kafka+ssl", ...) on free ports. Fails the
// test if it does not start.
std::optional<Broker> StartSecured(const KafkaSecurityOptions& security,
                                   const std::vector<std::string>& protocols,
                                   const Options& options = {});

// librdkafka's settings for SASL without TLS.
Settings Sasl(const std::string& mechanism, const std::string& user, const std::string& password);

// What such a client is told before it can do anything: its first error, as librdkafka names and
// words it.
struct ClientError {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string text;
};
ClientError FirstError(const std::string& bootstrap, const Settings& settings);

// Whether the client gets an answer: how many topics it sees, nullopt if none comes.
std::optional<std::vector<std::string>> TopicsSeenBy(const std::string& bootstrap,
                                                     const Settings& settings);

}  // namespace wherry::conformance
