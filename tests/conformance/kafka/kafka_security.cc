#include "tests/conformance/kafka/kafka_security.h"

#include <array>
#include <utility>

#include <gtest/gtest.h>

namespace wherry::conformance {

std::optional<Broker> StartSecured(const KafkaSecurityOptions& security,
                                   const std::vector<std::string>& protocols,
                                   const Options& options) {
  Options all = options;
  all.kafka.security = security;
  all.listen.clear();
  for (const std::string& protocol : protocols) all.listen.push_back(protocol + "://127.0.0.1:0");
  StatusOr<Broker> started = Broker::Start(all);
  EXPECT_TRUE(started.ok()) << started.status();
  if (!started.ok()) return std::nullopt;
  return std::move(started).value();
}

Settings Sasl(const std::string& mechanism, const std::string& user, const std::string& password) {
  return {{"security.protocol", "sasl_plaintext"},
          {"sasl.mechanisms", mechanism},
          {"sasl.username", user},
          {"sasl.password", password}};
}

ClientError FirstError(const std::string& bootstrap, const Settings& settings) {
  ClientError first;
  std::array<char, 512> error{};
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), error.data(), error.size());
  for (const auto& [name, value] : settings) {
    EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()),
              RD_KAFKA_CONF_OK)
        << error.data();
  }
  rd_kafka_conf_set_opaque(conf, &first);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    auto& found = *static_cast<ClientError*>(opaque);
    if (found.error != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    found = {static_cast<rd_kafka_resp_err_t>(code), reason};
  });
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size());
  EXPECT_NE(client, nullptr) << error.data();
  if (client == nullptr) return first;
  const Deadline deadline;
  while (first.error == RD_KAFKA_RESP_ERR_NO_ERROR && !deadline.Passed()) {
    rd_kafka_poll(client, deadline.Left());
  }
  rd_kafka_destroy(client);
  return first;
}

std::optional<std::vector<std::string>> TopicsSeenBy(const std::string& bootstrap,
                                                     const Settings& settings) {
  Producer client(bootstrap, settings);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client.client(), 1, nullptr, &metadata,
                        static_cast<int>(kPatience.count())) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  std::vector<std::string> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) topics.emplace_back(metadata->topics[i].topic);
  rd_kafka_metadata_destroy(metadata);
  return topics;
}

}  // namespace wherry::conformance
