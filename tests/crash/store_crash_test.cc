// The store alone, with journals that are sealed all the time, in a process that is killed or loses
// its power. WHERRY_KILLS and WHERRY_POWER_LOSSES say how many times, WHERRY_SEED the first script.
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/conformance/support/child_process.h"
#include "tests/conformance/support/temp_folder.h"
#include "tests/crash/environment_number.h"
#include "tests/crash/lost_power.h"
#include "tests/crash/store_limits.h"
#include "tests/crash/store_script.h"

namespace wherry::crash {
namespace {

using storage::Durability;

constexpr int kMaxStepsPerLife = 400;
// Steps in a row that are no commits: this many never come.
constexpr int kMaxUntold = 30;

// The last whole line's number.
int LastStep(const std::string& output) {
  const std::size_t end = output.rfind('\n');
  if (end == output.npos) return 0;
  const std::size_t begin = output.rfind('\n', end - 1);
  return std::stoi(output.substr(begin == output.npos ? 0 : begin + 1, end));
}

// One script in one folder, through many crashes.
class Lives {
 public:
  Lives(std::uint32_t seed, std::string durability, bool power_lost)
      : seed_(seed), durability_(std::move(durability)), random_(seed) {
    if (power_lost) power_.emplace(folder_.File("record"), seed);
  }

  // Lets the program work for some steps, ends it, and looks at what it left.
  void Live() {
    const int wanted = made_ + 1 + static_cast<int>(random_() % kMaxStepsPerLife);
    conformance::ChildProcess writer(
        {WHERRY_STORE_WRITER, folder_.File("data"), std::to_string(seed_), std::to_string(made_),
         durability_, std::to_string(wanted), conformance::ChildProcess::kReadyFd},
        power_.has_value() ? power_->Environment() : std::vector<std::string>{});
    ASSERT_EQ(writer.AwaitReady(), "\n") << writer.Errors();
    writer.Kill();
    EXPECT_EQ(writer.Errors(), "");
    const int told = LastStep(writer.Output());
    if (power_.has_value()) power_->Lose();
    // What was told is kept, where that was promised; steps behind it may have been made and not
    // told.
    const bool may_lose = power_.has_value() && durability_ == "kernel";
    Look(may_lose ? 0 : told, told + kMaxUntold);
  }

  std::uint64_t lost_bytes() const { return power_.has_value() ? power_->lost_bytes() : 0; }

 private:
  void Look(int least, int most) {
    const auto store = storage::OpenDiskLogStore(folder_.File("data"), kSmallJournals);
    ASSERT_TRUE(store.ok()) << store.status();
    const auto found = StoreScript::Describe(**store);
    ASSERT_TRUE(found.ok()) << found.status();
    StoreScript script(seed_);
    for (; script.steps() <= most; static_cast<void>(script.Step(nullptr, Durability::kKernel))) {
      if (script.steps() < least || script.Describe() != *found) continue;
      made_ = script.steps();
      return;
    }
    StoreScript told(seed_);
    while (told.steps() < least) static_cast<void>(told.Step(nullptr, Durability::kKernel));
    FAIL() << "this is nothing that " << least << " to " << most << " steps make:\n"
           << *found << "\nwhere " << least << " make:\n"
           << told.Describe();
  }

  const std::uint32_t seed_;
  const std::string durability_;
  std::mt19937 random_;
  conformance::TempFolder folder_;
  std::optional<LostPower> power_;
  int made_ = 0;
};

constexpr int kLivesPerScript = 10;

void LiveMany(int wanted, const std::string& durability, bool power_lost) {
  std::uint64_t lost_bytes = 0;
  int lives = 0;
  for (int seed = NumberFrom("WHERRY_SEED", 1); lives < wanted; ++seed) {
    SCOPED_TRACE("WHERRY_SEED=" + std::to_string(seed));
    Lives script(static_cast<std::uint32_t>(seed), durability, power_lost);
    for (int life = 0; life < kLivesPerScript && lives < wanted; ++life, ++lives) {
      script.Live();
      if (testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure()) return;
    }
    lost_bytes += script.lost_bytes();
  }
  // A disk that never lost anything would prove nothing.
  EXPECT_EQ(lost_bytes > 0, power_lost);
}

TEST(KilledStore, KeepsWhatTheKernelHad) {
  LiveMany(NumberFrom("WHERRY_KILLS", 10), "kernel", false);
}

TEST(StoreWithoutPower, KeepsWhatWasSynced) {
  LiveMany(NumberFrom("WHERRY_POWER_LOSSES", 10), "synced", true);
}

// What was not synced may be lost, but only from the end on.
TEST(StoreWithoutPower, LosesOnlyTheLastOfWhatWasNotSynced) {
  LiveMany(NumberFrom("WHERRY_POWER_LOSSES", 10), "kernel", true);
}

}  // namespace
}  // namespace wherry::crash
