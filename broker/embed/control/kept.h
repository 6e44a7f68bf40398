#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "wherry/status.h"

namespace wherry::embed {
struct NamespaceState;
}

namespace wherry::embed::control {

// What one operation made and later ones use by its number: held until it is dropped, or its
// namespace is reset or removed. Threads: any; each is used by one at a time. Owned by Control.
template <typename T>
class Kept {
 public:
  // `what` it is, for people: "subscription".
  explicit Kept(std::string what) : what_(std::move(what)) {}

  std::int64_t Keep(const NamespaceState& space, T value) {
    auto kept = std::make_shared<One>(&space, std::move(value));
    const std::lock_guard<std::mutex> lock(mutex_);
    all_.emplace(++last_, std::move(kept));
    return last_;
  }

  // Answers use(value), which may wait. kNotFound: there is none of that number.
  template <typename Use>
  auto With(std::int64_t number, Use&& use) -> decltype(use(std::declval<T&>())) {
    const std::shared_ptr<One> one = Find(number);
    if (one == nullptr) return NotFound(number);
    const std::lock_guard<std::mutex> lock(one->mutex);
    return use(one->value);
  }

  // Ends it, when its last use is over.
  Status Drop(std::int64_t number) {
    const std::shared_ptr<One> one = Find(number);
    if (one == nullptr) return NotFound(number);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      all_.erase(number);
    }
    const std::lock_guard<std::mutex> until_unused(one->mutex);
    return {};
  }

  void Forget(const NamespaceState& space) {
    // They end outside the lock: that may wait for the shard.
    std::vector<std::shared_ptr<One>> forgotten;
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase_if(all_, [&](auto& kept) {
      if (kept.second->space != &space) return false;
      forgotten.push_back(std::move(kept.second));
      return true;
    });
  }

 private:
  struct One {
    One(const NamespaceState* space, T value) : space(space), value(std::move(value)) {}
    const NamespaceState* const space;  // to compare
    std::mutex mutex;                   // held by whoever uses `value`
    T value;
  };

  std::shared_ptr<One> Find(std::int64_t number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = all_.find(number);
    return found == all_.end() ? nullptr : found->second;
  }
  Status NotFound(std::int64_t number) const {
    return {StatusCode::kNotFound, absl::StrCat("there is no ", what_, " ", number)};
  }

  const std::string what_;
  std::mutex mutex_;
  std::int64_t last_ = 0;
  std::map<std::int64_t, std::shared_ptr<One>> all_;
};

}  // namespace wherry::embed::control
