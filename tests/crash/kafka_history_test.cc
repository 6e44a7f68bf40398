// Random histories of the log and of groups against a model, with crashes that lose what was not
// synced. WHERRY_HISTORIES says how many seeds each test takes, WHERRY_SEED with which to begin.
#include <string>

#include <gtest/gtest.h>

#include "tests/conformance/support/temp_folder.h"
#include "tests/crash/environment_number.h"
#include "tests/crash/history.h"
#include "wherry/broker.h"

namespace wherry::crash {
namespace {

constexpr int kSteps = 150;

class KafkaHistory : public testing::TestWithParam<bool> {};

TEST_P(KafkaHistory, KeepsWhatItPromised) {
  const int first = NumberFrom("WHERRY_SEED", 1);
  const int histories = NumberFrom("WHERRY_HISTORIES", GetParam() ? 5 : 20);
  int crashes = 0, transactions = 0;
  std::size_t acknowledged = 0;
  for (int seed = first; seed < first + histories; ++seed) {
    SCOPED_TRACE("WHERRY_SEED=" + std::to_string(seed));
    conformance::TempFolder folder;
    Options options;
    if (GetParam()) {
      options.data_dir = folder.File("data");
    } else {
      options.simulated_disk = true;
    }
    StatusOr<Broker> broker = Broker::Start(options);
    ASSERT_TRUE(broker.ok()) << broker.status();
    CrashableBroker server(*broker);
    History history(server, static_cast<std::uint32_t>(seed));
    history.Run(kSteps);
    if (HasFailure()) return;
    crashes += history.crashes();
    transactions += history.transactions();
    acknowledged += history.acknowledged();
  }
  EXPECT_GT(crashes, histories);
  EXPECT_GT(transactions, histories);
  EXPECT_GT(acknowledged, static_cast<std::size_t>(50 * histories));
}

INSTANTIATE_TEST_SUITE_P(Stores, KafkaHistory, testing::Bool(),
                         [](const auto& info) { return info.param ? "RocksDb" : "SimulatedDisk"; });

}  // namespace
}  // namespace wherry::crash
