#include "tests/conformance/kafka/kafka_server.h"

#include <array>
#include <optional>
#include <utility>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "tests/conformance/support/environment.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

class WherryServer final : public KafkaServer {
 public:
  WherryServer(Kind kind, const KafkaOptions& options) {
    options_.kafka = options;
    options_.listen = {"kafka://127.0.0.1:0"};
    if (kind == Kind::kDisk) options_.data_dir = folder_.File("data");
    Start();
    if (broker_.has_value()) options_.listen = {broker_->Url("kafka")};
  }

  std::string bootstrap() const override {
    return broker_.has_value() ? broker_->Address("kafka") : "";
  }

  void Restart() override {
    EXPECT_TRUE(broker_->Stop().ok());
    broker_.reset();
    Start();
  }

  void PrepareTopic(const std::string&, int) override {}

 private:
  void Start() {
    StatusOr<Broker> started = Broker::Start(options_);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }

  TempFolder folder_;
  Options options_;
  std::optional<Broker> broker_;
};

class MockServer final : public KafkaServer {
 public:
  MockServer() {
    std::array<char, 256> error;
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error.data(), error.size());
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
  }
  ~MockServer() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }

  std::string bootstrap() const override { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void Restart() override { ADD_FAILURE() << "the mock cluster cannot be restarted"; }
  void PrepareTopic(const std::string& topic, int partitions) override {
    rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
  }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

class RemoteServer final : public KafkaServer {
 public:
  std::string bootstrap() const override { return Environment("WHERRY_TEST_KAFKA_BOOTSTRAP"); }
  void Restart() override { ADD_FAILURE() << "a remote broker cannot be restarted from here"; }
  void PrepareTopic(const std::string&, int) override {}
};

}  // namespace

KafkaServer::Kind KafkaServer::Wanted(Kind wherry) {
  const std::string bootstrap = Environment("WHERRY_TEST_KAFKA_BOOTSTRAP");
  if (bootstrap.empty()) return wherry;
  return bootstrap == "mock" ? Kind::kMock : Kind::kRemote;
}

std::unique_ptr<KafkaServer> KafkaServer::Start(Kind kind, const KafkaOptions& options) {
  std::unique_ptr<KafkaServer> server;
  if (kind == Kind::kMock) {
    server = std::make_unique<MockServer>();
  } else if (kind == Kind::kRemote) {
    server = std::make_unique<RemoteServer>();
  } else {
    server = std::make_unique<WherryServer>(kind, options);
  }
  return ::testing::Test::HasFatalFailure() ? nullptr : std::move(server);
}

}  // namespace wherry::conformance
