#include "broker/embed/control/call_threads.h"

#include <utility>

namespace wherry::embed::control {

void CallThreads::Run(absl::AnyInvocable<void()> call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return;
  waiting_.push_back(std::move(call));
  if (waiting_.size() > idle_ && threads_.size() < kMaxThreads) {
    threads_.emplace_back([this] { Loop(); });
  }
  changed_.notify_one();
}

void CallThreads::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    --idle_;
    if (stopped_) return;
    {
      absl::AnyInvocable<void()> call = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      call();
    }
    lock.lock();
  }
}

void CallThreads::Stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
    changed_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  waiting_.clear();
}

}  // namespace wherry::embed::control
