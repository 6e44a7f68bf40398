// The server as a process that is killed, or loses its power, while producers, transactions and a
// group write. WHERRY_KILLS and WHERRY_POWER_LOSSES say how many times at least, WHERRY_SEED with
// which history to begin.
#include <string>

#include <gtest/gtest.h>

#include "tests/conformance/support/temp_folder.h"
#include "tests/crash/environment_number.h"
#include "tests/crash/fetched_log.h"
#include "tests/crash/history.h"
#include "tests/crash/load.h"
#include "tests/crash/lost_power.h"
#include "tests/crash/server_process.h"
#include "tests/crash/write_record.h"

namespace wherry::crash {
namespace {

constexpr int kSteps = 150;
constexpr int kProducers = 3;

struct Toll {
  int crashes = 0;
  std::size_t acknowledged = 0;  // under load
};

// A history of the server beside producers at full speed.
Toll RunUnderLoad(ServerProcess& server, int seed) {
  Load load(server, kProducers);
  History history(load, static_cast<std::uint32_t>(seed));
  history.Run(kSteps);
  load.StopAndCheck();
  return {history.crashes(), load.acknowledged()};
}

// By --sync: a kill takes nothing that was acknowledged from any of them.
class KilledServer : public testing::TestWithParam<const char*> {};

TEST_P(KilledServer, KeepsWhatItAcknowledged) {
  const int wanted = NumberFrom("WHERRY_KILLS", 4);
  int kills = 0;
  std::size_t acknowledged = 0;
  for (int seed = NumberFrom("WHERRY_SEED", 1); kills < wanted; ++seed) {
    SCOPED_TRACE("WHERRY_SEED=" + std::to_string(seed));
    conformance::TempFolder folder;
    ServerProcess server(folder.File("data"), GetParam());
    const Toll toll = RunUnderLoad(server, seed);
    if (HasFailure()) return;
    kills += toll.crashes;
    acknowledged += toll.acknowledged;
  }
  RecordProperty("kills", kills);
  EXPECT_GT(acknowledged, static_cast<std::size_t>(kills));
}

INSTANTIATE_TEST_SUITE_P(Sync, KilledServer, testing::Values("commit", "interval", "os"),
                         [](const auto& info) { return std::string(info.param); });

TEST(ServerWithoutPower, KeepsWhatItAcknowledged) {
  const int wanted = NumberFrom("WHERRY_POWER_LOSSES", 6);
  int losses = 0;
  std::uint64_t lost_bytes = 0;
  for (int seed = NumberFrom("WHERRY_SEED", 1); losses < wanted; ++seed) {
    SCOPED_TRACE("WHERRY_SEED=" + std::to_string(seed));
    conformance::TempFolder folder;
    LostPower power(folder.File("record"), static_cast<std::uint32_t>(seed));
    ServerProcess server(folder.File("data"), "commit", &power);
    const Toll toll = RunUnderLoad(server, seed);
    if (HasFailure()) return;
    losses += toll.crashes;
    lost_bytes += power.lost_bytes();
  }
  RecordProperty("losses", losses);
  // A disk that never lost anything would prove nothing.
  EXPECT_GT(lost_bytes, 0u);
}

// The control: without a sync before the answer, the same loss takes what was acknowledged. If it
// did not, the test above would be blind.
TEST(ServerWithoutPower, LosesWhatItDidNotSync) {
  bool lost = false;
  for (int seed = 1; seed <= 20 && !lost; ++seed) {
    conformance::TempFolder folder;
    LostPower power(folder.File("record"), static_cast<std::uint32_t>(seed));
    ServerProcess server(folder.File("data"), "os", &power);
    KafkaCaller caller(server.address());
    constexpr std::size_t kRecords = 50;
    for (std::size_t i = 0; i < kRecords; ++i) {
      ASSERT_TRUE(WriteRecord(caller, "unsynced", "v").has_value());
    }
    caller.Disconnect();
    server.Crash();
    lost = FetchedLog::Fetch(caller, "unsynced", 0, false).entries.size() < kRecords;
  }
  EXPECT_TRUE(lost);
}

}  // namespace
}  // namespace wherry::crash
