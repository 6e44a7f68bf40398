#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace wherry::embed {

// One value that a thread waits for and the broker's shard gives: like std::promise, but one that
// is dropped unkept makes the wait end with nothing instead of an exception.
// Threads: Keep and the destructor on one, Wait on another.
template <typename T>
class Promise {
 public:
  struct Shared {
    // nullopt: nobody is left who could give the value.
    std::optional<T> Wait() {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [this] { return value.has_value() || dropped; });
      return std::move(value);
    }
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<T> value;
    bool dropped = false;
  };

  explicit Promise(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&&) = delete;
  ~Promise() {
    if (shared_ == nullptr) return;
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->dropped = true;
    shared_->changed.notify_one();
  }

  void Keep(T value) {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->value = std::move(value);
    shared_->changed.notify_one();
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace wherry::embed
