#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "tests/unit/storage/store_makers.h"
#include "wherry/broker.h"

namespace wherry {

// Longer than anything takes that is going to happen.
inline constexpr std::chrono::seconds kPatience(20);

enum class Store { kMemory, kDisk };

// A broker on either store. Threads: the test's. Owned by GoogleTest.
class EmbedTest : public ::testing::TestWithParam<Store> {
 protected:
  void SetUp() override { Start(); }

  void Start() {
    if (GetParam() == Store::kDisk) options_.data_dir = folder_.path() + "/data";
    StatusOr<Broker> started = Broker::Start(options_);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }
  void Restart() {
    broker_.reset();
    Start();
  }

  Broker& broker() { return *broker_; }
  Kafka& kafka() { return broker_->kafka(); }

  Options options_;

 private:
  storage::TestFolder folder_;
  std::optional<Broker> broker_;
};

inline std::string StoreName(const ::testing::TestParamInfo<Store>& info) {
  return info.param == Store::kDisk ? "Disk" : "Memory";
}

// The code of a Status or a StatusOr.
inline StatusCode CodeOf(const Status& status) { return status.code(); }
template <typename T>
StatusCode CodeOf(const StatusOr<T>& result) {
  return result.status().code();
}

}  // namespace wherry
