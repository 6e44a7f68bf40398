#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "broker/nats/permissions.h"
#include "broker/runtime/clock.h"

namespace wherry::nats {

// Verdicts about subjects asked about lately: one place per hash, the newer takes it. What it holds
// is bounded, and once warm it allocates nothing, even where every subject is a new one.
// Threads: its owner's.
class VerdictCache {
 public:
  static constexpr std::size_t kPlaces = 128;  // a power of two; nats-server remembers as many
  static constexpr std::size_t kMaxSubjectBytes = 128;  // longer ones are decided each time

  // The verdict on `subject`: remembered, or what `decide(subject)` says now.
  template <typename Decide>
  bool Get(std::string_view subject, Decide&& decide) {
    if (subject.size() > kMaxSubjectBytes) return decide(subject);
    if (places_ == nullptr) places_ = std::make_unique<std::array<Place, kPlaces>>();
    const std::size_t hash = std::hash<std::string_view>{}(subject);
    Place& place = (*places_)[hash % kPlaces];
    if (place.hash == hash && place.subject == subject) return place.verdict;
    place.hash = hash;
    place.subject.assign(subject);
    place.verdict = decide(subject);
    return place.verdict;
  }

 private:
  struct Place {
    std::size_t hash = 0;
    std::string subject;  // empty: free, no subject is
    bool verdict = false;
  };
  std::unique_ptr<std::array<Place, kPlaces>> places_;
};

// Reply subjects that a connection may publish to because it received messages with them, as its
// AllowResponses has it. Bounded: the oldest are withdrawn first.
// Threads: its owner's.
class GrantedReplies {
 public:
  static constexpr std::size_t kMaxReplies = 65536;
  static constexpr std::size_t kMaxBytes = 8 * 1024 * 1024;  // of their subjects

  explicit GrantedReplies(const AllowResponses& limits) : limits_(limits) {}

  // A message with that reply was delivered at `now`.
  void Grant(std::string_view reply, runtime::Instant now);
  // Takes one of the answers that are left; false if there is none.
  bool Use(std::string_view subject, runtime::Instant now);

  std::size_t size() const { return by_subject_.size(); }

 private:
  struct Reply {
    std::string subject;
    runtime::Instant granted;
    std::int32_t left;  // negative: any number
  };
  using Replies = std::list<Reply>;

  bool IsOver(const Reply& reply, runtime::Instant now) const {
    return limits_.expires > runtime::Duration::zero() && now - reply.granted > limits_.expires;
  }
  void Remove(Replies::iterator reply);

  const AllowResponses limits_;
  Replies replies_;  // in the order of their granting, which is that of their expiry
  // Keys refer to the subjects in replies_.
  absl::flat_hash_map<std::string_view, Replies::iterator, std::hash<std::string_view>,
                      std::equal_to<std::string_view>>
      by_subject_;
  std::size_t bytes_ = 0;
};

// What one connection may do: its user's permissions, the answers it was granted, and caches.
// Threads: its connection's shard. Owned by its session; there is none for a user without
// permissions.
class ConnectionPermissions {
 public:
  // Whether a PUB is allowed, and whether the next one of the same subject will be, too: then the
  // verdict may be kept. One that hangs on an answer that was granted, or may be, cannot.
  struct Verdict {
    bool allowed = false;
    bool lasting = false;
  };

  explicit ConnectionPermissions(std::shared_ptr<const Permissions> permissions);

  // By the lists alone, remembered.
  bool ListsAllowPublish(std::string_view subject);
  // Takes an answer that was granted where the lists do not allow the subject.
  Verdict MayPublish(std::string_view subject, runtime::Instant now);
  bool MaySubscribe(std::string_view subject, std::string_view queue) const {
    return permissions_->MaySubscribe(subject, queue);
  }
  bool NeedsDeliveryCheck(std::string_view subject, std::string_view queue) const {
    return permissions_->NeedsDeliveryCheck(subject, queue);
  }
  bool MayDeliver(std::string_view subject, std::string_view queue);

  // Whether Delivered must be told of messages with a reply subject.
  bool tracks_replies() const { return replies_ != nullptr; }
  void Delivered(std::string_view reply, runtime::Instant now);

  const Permissions& permissions() const { return *permissions_; }

 private:
  const std::shared_ptr<const Permissions> permissions_;
  VerdictCache publish_;
  VerdictCache deliver_;
  std::unique_ptr<GrantedReplies> replies_;
};

}  // namespace wherry::nats
