#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/shard.h"

namespace wherry::embed {

// Runs `task` on a running shard and waits for it. Not from that shard's thread.
template <typename Task>
void RunAndWait(runtime::Shard& shard, Task&& task) {
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  shard.Post([&] {
    task();
    // Notified under the lock: the waiter's variables end as soon as it sees `done`.
    const std::lock_guard<std::mutex> lock(mutex);
    done = true;
    finished.notify_one();
  });
  std::unique_lock<std::mutex> lock(mutex);
  finished.wait(lock, [&] { return done; });
}

// How the public classes reach the broker's shard from any thread, and stop doing so when it stops;
// they may outlive the broker. Threads: any. Shared by the broker and the objects it handed out.
class ShardLink {
 public:
  explicit ShardLink(runtime::Shard& shard) : shard_(&shard) {}

  bool OnShardThread() const { return shard_thread_.load() == std::this_thread::get_id(); }

  // Runs `task` on the shard and waits for it; on the shard itself, at once. False: the broker
  // stopped.
  template <typename Task>
  bool Run(Task&& task) {
    if (OnShardThread()) {
      task();
      return true;
    }
    const std::shared_lock<std::shared_mutex> running(mutex_);
    if (shard_ == nullptr) return false;
    RunAndWait(*shard_.load(), task);
    return true;
  }

  // Runs `task` on the shard, later. False: the broker stopped.
  bool Post(absl::AnyInvocable<void()> task) {
    if (OnShardThread()) {
      shard_.load()->Post(std::move(task));
      return true;
    }
    const std::shared_lock<std::shared_mutex> running(mutex_);
    if (shard_ == nullptr) return false;
    shard_.load()->Post(std::move(task));
    return true;
  }

  // On the shard's thread, when it begins to serve.
  void Begin() { shard_thread_.store(std::this_thread::get_id()); }
  // Waits for calls under way, runs `stop_shard`, and refuses calls from then on: whoever is
  // refused knows that nothing runs on the shard any more.
  template <typename StopShard>
  void End(StopShard&& stop_shard) {
    const std::unique_lock<std::shared_mutex> alone(mutex_);
    stop_shard();
    shard_ = nullptr;
  }

 private:
  std::shared_mutex mutex_;
  std::atomic<runtime::Shard*> shard_;
  std::atomic<std::thread::id> shard_thread_;
};

}  // namespace wherry::embed
