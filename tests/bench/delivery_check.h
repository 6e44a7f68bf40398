#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {

// Who got which message: proves that every message arrived exactly as often as it should, in order.
// Threads: one at a time. Owned by a run.
//
// A subscriber in kEvery must see 0, 1, 2 ... of each publisher it hears. The members of one
// kShared group must together see each sequence once, each member in rising order:
//   2 members, 4 messages: {0, 2} and {1, 3} is right; {0, 2} and {1, 2} gave 2 twice and lost 3.
class DeliveryCheck {
 public:
  enum class Share { kEvery, kShared };
  static constexpr int kAllPublishers = -1;

  // Each publisher will send the sequences [0, per_publisher).
  DeliveryCheck(int publishers, std::uint64_t per_publisher);

  // A group of `members` subscribers; returns the number of its first, the others follow.
  int AddGroup(Share share, int members, int publisher = kAllPublishers);

  // One delivery. False once anything is wrong; failure() then says what.
  bool Deliver(int subscriber, Stamp stamp) {
    if (stamp.publisher >= publishers_) return Fail(subscriber, stamp, 0);
    const std::size_t slot = subscriber * publishers_ + stamp.publisher;
    const std::uint64_t next = next_[slot];
    if (shared_of_[subscriber] < 0 ? stamp.sequence != next
                                   : !TakeShared(subscriber, stamp, next)) {
      return Fail(subscriber, stamp, next);
    }
    next_[slot] = stamp.sequence + 1;
    ++delivered_[stamp.publisher];
    return true;
  }

  // How often each message of this publisher is to be delivered.
  std::uint64_t copies(int publisher) const { return copies_[publisher]; }
  // Deliveries of this publisher's messages so far, to all subscribers.
  std::uint64_t delivered(int publisher) const { return delivered_[publisher]; }
  std::uint64_t delivered() const;
  std::uint64_t expected() const;
  // Whether the last delivery is in.
  bool all_delivered() const { return delivered() >= expected(); }

  // Ok if everything arrived and nothing else did.
  absl::Status Complete() const;
  const std::string& failure() const { return failure_; }

 private:
  // Who has sequence s of a publisher: one bit each, since members of a group share them in any
  // pattern.
  struct Shared {
    std::vector<std::vector<std::uint64_t>> taken;  // by publisher
  };

  bool TakeShared(int subscriber, Stamp stamp, std::uint64_t next);
  bool Fail(int subscriber, Stamp stamp, std::uint64_t next);

  const std::uint32_t publishers_;
  const std::uint64_t per_publisher_;
  std::vector<std::uint64_t> next_;  // [subscriber * publishers_ + publisher]
  std::vector<int> shared_of_;       // by subscriber: its place in shared_, or -1
  std::vector<Shared> shared_;
  std::vector<std::uint64_t> copies_;     // by publisher
  std::vector<std::uint64_t> delivered_;  // by publisher
  std::string failure_;
};

}  // namespace wherry::bench
