#include "broker/nats/connection_permissions.h"

#include <utility>

namespace wherry::nats {

void GrantedReplies::Grant(std::string_view reply, runtime::Instant now) {
  while (!replies_.empty() && IsOver(replies_.front(), now)) Remove(replies_.begin());
  // A second message with the same reply begins anew.
  if (const auto known = by_subject_.find(reply); known != by_subject_.end()) {
    Remove(known->second);
  }
  replies_.push_back({std::string(reply), now, limits_.max});
  bytes_ += reply.size();
  const auto granted = std::prev(replies_.end());
  by_subject_.emplace(granted->subject, granted);
  while (replies_.size() > kMaxReplies || bytes_ > kMaxBytes) Remove(replies_.begin());
}

bool GrantedReplies::Use(std::string_view subject, runtime::Instant now) {
  const auto found = by_subject_.find(subject);
  if (found == by_subject_.end()) return false;
  const Replies::iterator reply = found->second;
  if (IsOver(*reply, now)) {
    Remove(reply);
    return false;
  }
  if (reply->left > 0 && --reply->left == 0) Remove(reply);
  return true;
}

void GrantedReplies::Remove(Replies::iterator reply) {
  bytes_ -= reply->subject.size();
  by_subject_.erase(reply->subject);
  replies_.erase(reply);
}

ConnectionPermissions::ConnectionPermissions(std::shared_ptr<const Permissions> permissions)
    : permissions_(std::move(permissions)) {
  if (const auto& responses = permissions_->allow_responses(); responses.has_value()) {
    replies_ = std::make_unique<GrantedReplies>(*responses);
  }
}

bool ConnectionPermissions::ListsAllowPublish(std::string_view subject) {
  if (permissions_->may_publish_all()) return true;
  return publish_.Get(subject,
                      [this](std::string_view asked) { return permissions_->MayPublish(asked); });
}

ConnectionPermissions::Verdict ConnectionPermissions::MayPublish(std::string_view subject,
                                                                 runtime::Instant now) {
  if (ListsAllowPublish(subject)) return {true, true};
  if (replies_ == nullptr) return {false, true};
  return {replies_->Use(subject, now), false};
}

bool ConnectionPermissions::MayDeliver(std::string_view subject, std::string_view queue) {
  if (!queue.empty() && !permissions_->delivery_ignores_queue()) {
    return permissions_->MayDeliver(subject, queue);
  }
  return deliver_.Get(
      subject, [this](std::string_view asked) { return permissions_->MayDeliver(asked, {}); });
}

void ConnectionPermissions::Delivered(std::string_view reply, runtime::Instant now) {
  // What the lists allow needs no leave.
  if (replies_ == nullptr || reply.empty() || ListsAllowPublish(reply)) return;
  replies_->Grant(reply, now);
}

}  // namespace wherry::nats
