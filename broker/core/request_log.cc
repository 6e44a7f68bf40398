#include "broker/core/request_log.h"

namespace wherry::core {

std::uint64_t RequestLog::Add(LoggedRequest request) {
  if (request.payload.size() > LoggedRequest::kMaxPayload) {
    request.payload.resize(LoggedRequest::kMaxPayload);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  request.sequence = next_++;
  requests_.push_back(std::move(request));
  if (requests_.size() > capacity_) requests_.pop_front();
  return next_ - 1;
}

std::vector<LoggedRequest> RequestLog::All() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {requests_.begin(), requests_.end()};
}

void RequestLog::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  requests_.clear();
}

std::uint64_t RequestLog::added() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return next_ - 1;
}

}  // namespace wherry::core
