#include "tests/bench/delivery_check.h"

#include <numeric>

#include "absl/strings/str_cat.h"

namespace wherry::bench {

DeliveryCheck::DeliveryCheck(int publishers, std::uint64_t per_publisher)
    : publishers_(static_cast<std::uint32_t>(publishers)),
      per_publisher_(per_publisher),
      copies_(publishers, 0),
      delivered_(publishers, 0) {}

int DeliveryCheck::AddGroup(Share share, int members, int publisher) {
  const int first = static_cast<int>(shared_of_.size());
  const bool shared = share == Share::kShared;
  if (shared) {
    shared_.emplace_back();
    const std::size_t words = (per_publisher_ + 63) / 64;
    shared_.back().taken.assign(publishers_, std::vector<std::uint64_t>(words, 0));
  }
  for (int member = 0; member < members; ++member) {
    shared_of_.push_back(shared ? static_cast<int>(shared_.size()) - 1 : -1);
  }
  next_.resize(shared_of_.size() * publishers_, 0);
  for (std::uint32_t p = 0; p < publishers_; ++p) {
    const bool heard = publisher == kAllPublishers || publisher == static_cast<int>(p);
    if (heard) {
      copies_[p] += shared ? 1 : members;
    } else {
      // A publisher that must not be heard: no sequence is ever the next one.
      for (int member = 0; member < members; ++member) {
        next_[(first + member) * publishers_ + p] = ~0ull;
      }
    }
  }
  return first;
}

bool DeliveryCheck::TakeShared(int subscriber, Stamp stamp, std::uint64_t next) {
  if (stamp.sequence < next || stamp.sequence >= per_publisher_) return false;
  std::uint64_t& word = shared_[shared_of_[subscriber]].taken[stamp.publisher][stamp.sequence / 64];
  const std::uint64_t bit = 1ull << (stamp.sequence % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  return true;
}

bool DeliveryCheck::Fail(int subscriber, Stamp stamp, std::uint64_t next) {
  if (!failure_.empty()) return false;
  const std::string where = absl::StrCat("subscriber ", subscriber, ", publisher ", stamp.publisher,
                                         ": message ", stamp.sequence);
  if (stamp.publisher >= publishers_ || next == ~0ull) {
    failure_ = absl::StrCat(where, " was not meant for it");
  } else if (stamp.sequence >= per_publisher_) {
    failure_ = absl::StrCat(where, " was never sent");
  } else if (stamp.sequence < next) {
    failure_ = absl::StrCat(where, " is a duplicate or out of order, ", next, " was due");
  } else if (shared_of_[subscriber] >= 0) {
    failure_ = absl::StrCat(where, " had gone to another member of the group");
  } else {
    failure_ = absl::StrCat(where, " arrived while ", next, " was due: lost or out of order");
  }
  return false;
}

std::uint64_t DeliveryCheck::delivered() const {
  return std::accumulate(delivered_.begin(), delivered_.end(), std::uint64_t{0});
}

std::uint64_t DeliveryCheck::expected() const {
  return per_publisher_ * std::accumulate(copies_.begin(), copies_.end(), std::uint64_t{0});
}

absl::Status DeliveryCheck::Complete() const {
  if (!failure_.empty()) return absl::DataLossError(failure_);
  for (std::uint32_t p = 0; p < publishers_; ++p) {
    if (delivered_[p] != per_publisher_ * copies_[p]) {
      return absl::DataLossError(absl::StrCat("publisher ", p, ": ", delivered_[p], " of ",
                                              per_publisher_ * copies_[p], " deliveries arrived"));
    }
  }
  return absl::OkStatus();
}

}  // namespace wherry::bench
