#pragma once

#include <string>
#include <utility>

#include "tests/unit/broker/core/group_fixture.h"

namespace wherry::core {

// A member as a client plays it: it has what it is told to have, and says so.
struct PlayedMember {
  std::string id;
  std::int32_t epoch = kJoinEpoch;
  PartitionsOfTopics owned;
  std::set<std::string> topics = {"t"};
};

// Groups whose assignment the server makes.
class ConsumerGroupFixture : public GroupFixture {
 protected:
  static ConsumerHeartbeat Joining(const std::string& member_id,
                                   std::set<std::string> topics = {"t"}) {
    ConsumerHeartbeat request;
    request.group_id = "g";
    request.member_id = member_id;
    request.client_id = "client";
    request.client_host = "/127.0.0.1";
    request.rebalance_timeout = std::chrono::seconds(60);
    request.topics = std::move(topics);
    request.owned.emplace();
    return request;
  }
  static ConsumerHeartbeat Staying(const std::string& member_id, std::int32_t epoch) {
    ConsumerHeartbeat request;
    request.group_id = "g";
    request.member_id = member_id;
    request.epoch = epoch;
    return request;
  }
  static ConsumerHeartbeat Owning(const std::string& member_id, std::int32_t epoch,
                                  PartitionsOfTopics owned) {
    ConsumerHeartbeat request = Staying(member_id, epoch);
    request.owned = std::move(owned);
    return request;
  }
  static ConsumerHeartbeat As(ConsumerHeartbeat request, const std::string& instance_id) {
    request.instance_id = instance_id;
    return request;
  }

  ConsumerHeartbeatResult Beat(ConsumerHeartbeat request) {
    auto later = std::make_shared<std::optional<ConsumerHeartbeatResult>>();
    On([&] {
      groups_->Heartbeat(std::move(request), [later](ConsumerHeartbeatResult result) {
        *later = std::move(result);
      });
      EXPECT_FALSE(later->has_value()) << "answered inside the call";
    });
    Settle();
    return later->value();
  }
  // A heartbeat as a client sends it, and what it makes of the answer.
  GroupError Beat(PlayedMember& member) {
    ConsumerHeartbeat request = Joining(member.id, member.topics);
    request.epoch = member.epoch;
    request.owned = member.owned;
    const ConsumerHeartbeatResult result = Beat(std::move(request));
    if (result.error == GroupError::kNone) {
      member.epoch = result.epoch;
      if (result.assignment.has_value()) member.owned = *result.assignment;
    } else if (result.error == GroupError::kFencedMemberEpoch ||
               result.error == GroupError::kUnknownMember) {
      member.epoch = kJoinEpoch;
      member.owned.clear();
    }
    return result.error;
  }
  ConsumerGroupDescription Described() {
    std::optional<ConsumerGroupDescription> description;
    On([&] { description = groups_->DescribeConsumer("g"); });
    return description.value_or(ConsumerGroupDescription());
  }
  TopicId SetTopic(const std::string& name, std::int32_t partitions) {
    TopicId id{};
    On([&] { id = topics_.Set(name, partitions); });
    return id;
  }
  PartitionsOfTopics Of(std::set<std::int32_t> partitions) const {
    if (partitions.empty()) return {};
    return {{t_, std::move(partitions)}};
  }

  const TopicId t_ = SetTopic("t", 4);
};

}  // namespace wherry::core
