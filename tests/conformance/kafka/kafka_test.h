#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/kafka/kafka_server.h"

namespace wherry::conformance {

// A fixture with a Kafka broker, on both stores (see KafkaServer::Wanted for others).
// Threads: the test's. Owned by GoogleTest.
class KafkaTest : public ::testing::TestWithParam<KafkaServer::Kind> {
 protected:
  void SetUp() override {
    kind_ = KafkaServer::Wanted(GetParam());
    if (kind_ != GetParam() && GetParam() == KafkaServer::Kind::kDisk) {
      GTEST_SKIP() << "the broker of the environment has one store only";
    }
    if (const char* reason = Unable()) GTEST_SKIP() << reason;
    server_ = KafkaServer::Start(kind_, options());
    ASSERT_NE(server_, nullptr);
  }

  virtual KafkaOptions options() const { return {}; }
  // Why the broker of the environment cannot run this test; nullptr if it can.
  virtual const char* Unable() const { return nullptr; }
  bool IsWherry() const {
    return kind_ == KafkaServer::Kind::kMemory || kind_ == KafkaServer::Kind::kDisk;
  }
  bool IsMock() const { return kind_ == KafkaServer::Kind::kMock; }

  KafkaServer& server() { return *server_; }
  std::string bootstrap() const { return server_->bootstrap(); }

  // A name of this test alone, so that a remote broker may serve many tests at once.
  static std::string Name(const std::string& name) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string unique = name + "-" + test->name() + "-" + std::to_string(::getpid());
    for (char& c : unique) {
      if (c == '/') c = '.';
    }
    return unique;
  }

  // A new topic, whose unique name is returned.
  std::string CreateTopic(const std::string& name, int partitions) {
    const std::string topic = Name(name);
    server().PrepareTopic(topic, partitions);
    if (!IsMock()) {
      EXPECT_EQ(Admin(bootstrap()).CreateTopic(topic, partitions), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return topic;
  }

 private:
  KafkaServer::Kind kind_ = KafkaServer::Kind::kMemory;
  std::unique_ptr<KafkaServer> server_;
};

inline std::string StoreName(const ::testing::TestParamInfo<KafkaServer::Kind>& info) {
  return info.param == KafkaServer::Kind::kDisk ? "Disk" : "Memory";
}
inline auto BothStores() {
  return ::testing::Values(KafkaServer::Kind::kMemory, KafkaServer::Kind::kDisk);
}

}  // namespace wherry::conformance
