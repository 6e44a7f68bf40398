#include "broker/core/background_thread.h"

#include <limits>
#include <utility>

namespace wherry::core {

void BackgroundThread::Run(absl::AnyInvocable<void()> task) {
  TryRun(std::numeric_limits<std::size_t>::max(), std::move(task));
}

bool BackgroundThread::TryRun(std::size_t limit, absl::AnyInvocable<void()> task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_ || tasks_.size() >= limit) return false;
  tasks_.push_back(std::move(task));
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
  changed_.notify_one();
  return true;
}

void BackgroundThread::Stop() {
  std::deque<absl::AnyInvocable<void()>> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void BackgroundThread::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    if (stopped_) return;
    absl::AnyInvocable<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace wherry::core
