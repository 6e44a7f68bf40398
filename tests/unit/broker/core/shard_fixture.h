#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <gmock/gmock.h>

#include "broker/runtime/shard.h"

namespace wherry::core {

// A clock that only a test moves.
class TestClock final : public runtime::Clock {
 public:
  runtime::Instant Now() const override { return runtime::Instant(runtime::Duration(now_.load())); }
  std::int64_t UnixMillis() const override { return 1000 + now_.load() / 1'000'000; }
  void Advance(runtime::Duration by) { now_ += by.count(); }

 private:
  std::atomic<runtime::Duration::rep> now_{0};
};

// A running shard. A fixture on top of it ends what lives on the shard in its own destructor.
template <typename ClockType>
class ShardFixtureWith : public ::testing::Test {
 protected:
  ShardFixtureWith() { shard_.Start(); }
  ~ShardFixtureWith() override { shard_.Stop(); }

  // Runs `step` on the shard and waits for it.
  void On(absl::AnyInvocable<void()> step) {
    // Shared: the waiter may go on while the shard is still inside set_value.
    const auto done = std::make_shared<std::promise<void>>();
    shard_.Post([&step, done] {
      step();
      done->set_value();
    });
    done->get_future().wait();
  }
  // Waits for what tasks post, and what those post: a commit's completion, then an answer.
  void Settle() {
    for (int i = 0; i < 8; ++i) On([] {});
  }
  // Waits until `condition`, looked at on the shard, holds. False: it never did.
  template <typename Condition>
  bool Await(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    bool holds = false;
    while (true) {
      On([&] { holds = condition(); });
      if (holds || std::chrono::steady_clock::now() > deadline) return holds;
      std::this_thread::yield();
    }
  }
  void Advance(runtime::Duration by) {
    clock_.Advance(by);
    shard_.ClockMoved();
    Settle();
  }

  ClockType clock_;
  runtime::Shard shard_{0, clock_, 1};
};
using ShardFixture = ShardFixtureWith<TestClock>;

}  // namespace wherry::core
