// The part of ConsumerGroup that says who is in: joining, coming back, leaving.

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/core/consumer_group.h"

namespace wherry::core {

namespace {

bool IsSubset(const PartitionsOfTopics& some, const PartitionsOfTopics& all) {
  for (const auto& [topic, partitions] : some) {
    const auto of_topic = all.find(topic);
    for (const std::int32_t partition : partitions) {
      if (of_topic == all.end() || !of_topic->second.contains(partition)) return false;
    }
  }
  return true;
}

std::string NotAMember(const std::string& member, const std::string& group) {
  return absl::StrCat("Member ", member, " is not a member of group ", group, ".");
}

}  // namespace

GroupError ConsumerGroup::CheckRequest(const ConsumerHeartbeat& request, std::string& message) {
  if (request.assignor.has_value() && FindAssignor(*request.assignor) == nullptr) {
    std::vector<std::string> names;
    for (const Assignor& assignor : Assignors()) names.emplace_back(assignor.name);
    message = absl::StrCat("ServerAssignor ", *request.assignor,
                           " is not supported. Supported assignors: ", absl::StrJoin(names, ", "),
                           ".");
    return GroupError::kUnsupportedAssignor;
  }
  if (request.topics.has_value()) {
    std::size_t size = request.topics->size();
    for (const std::string& topic : *request.topics) size += topic.size();
    if (size > services_.settings.max_subscription) {
      message = absl::StrCat("SubscribedTopicNames are ", size, " topics and bytes; ",
                             services_.settings.max_subscription, " are allowed.");
      return GroupError::kInvalidRequest;
    }
  }
  const bool has_pattern = request.pattern.has_value() && !request.pattern->empty();
  if (!has_pattern || patterns_.contains(*request.pattern)) return GroupError::kNone;
  if (const auto compiled = NamePattern::Compile(*request.pattern); !compiled.ok()) {
    message = absl::StrCat("SubscribedTopicRegex `", *request.pattern,
                           "` is not a valid regular expression: ",
                           std::string(compiled.status().message()), ".");
    return GroupError::kInvalidPattern;
  }
  return GroupError::kNone;
}

GroupError ConsumerGroup::Admit(ConsumerHeartbeat& request, Member*& member,
                                std::string& message) {
  const bool joins = request.epoch == kJoinEpoch;
  const bool replaces =
      request.instance_id.has_value() && static_members_.contains(*request.instance_id);
  if (joins && !replaces && !members_.contains(request.member_id) &&
      members_.size() >= services_.settings.max_group_size) {
    message = absl::StrCat("The consumer group has reached its maximum capacity of ",
                           services_.settings.max_group_size, " members.");
    return GroupError::kGroupFull;
  }
  if (joins && request.member_id.empty()) request.member_id = NewMemberId();
  if (request.instance_id.has_value()) return AdmitStatic(request, member, message);
  const auto found = members_.find(request.member_id);
  if (found == members_.end()) {
    if (joins) {
      member = &Add(request.member_id);
      return GroupError::kNone;
    }
    message = NotAMember(request.member_id, services_.id);
    return GroupError::kUnknownMember;
  }
  member = &found->second;
  return CheckEpoch(*member, request, message);
}

GroupError ConsumerGroup::AdmitStatic(const ConsumerHeartbeat& request, Member*& member,
                                      std::string& message) {
  const auto known = static_members_.find(*request.instance_id);
  const bool joins = request.epoch == kJoinEpoch;
  if (known == static_members_.end()) {
    if (!joins) {
      message = absl::StrCat("Instance id ", *request.instance_id, " is unknown.");
      return GroupError::kUnknownMember;
    }
    member = &Add(request.member_id);
    member->record.instance_id = request.instance_id;
    static_members_[*request.instance_id] = member->id;
    return GroupError::kNone;
  }
  Member& owner = members_.find(known->second)->second;
  if (owner.id == request.member_id && owner.record.has.epoch != kLeaveForNowEpoch) {
    member = &owner;
    return CheckEpoch(owner, request, message);
  }
  if (joins && (owner.record.has.epoch == kLeaveForNowEpoch || owner.record.classic.has_value())) {
    member = &Replace(owner.id, request.member_id);
    return GroupError::kNone;
  }
  message = absl::StrCat("Static member ", request.member_id, " with instance id ",
                         *request.instance_id,
                         joins ? " cannot join the group because the instance id is owned by "
                               : " was fenced by member ",
                         owner.id, joins ? " member." : ".");
  return joins ? GroupError::kUnreleasedInstance : GroupError::kFencedInstance;
}

GroupError ConsumerGroup::CheckEpoch(const Member& member, const ConsumerHeartbeat& request,
                                     std::string& message) {
  const MemberAssignment& has = member.record.has;
  // One that joins again says that it has nothing any more, whatever it had.
  if (request.epoch == has.epoch || request.epoch == kJoinEpoch) return GroupError::kNone;
  // The answer with the new epoch may have been lost.
  if (request.epoch == has.previous_epoch && request.epoch < has.epoch &&
      request.owned.has_value() && IsSubset(*request.owned, has.assigned)) {
    return GroupError::kNone;
  }
  message = absl::StrCat("The consumer group member has a ",
                         request.epoch > has.epoch ? "greater" : "smaller", " member epoch (",
                         request.epoch, ") than the one known by the group coordinator (",
                         has.epoch,
                         "). The member must abandon all its partitions and rejoin.");
  return GroupError::kFencedMemberEpoch;
}

GroupError ConsumerGroup::FindLeaving(const ConsumerHeartbeat& request, Member*& member,
                                      std::string& message) {
  if (request.instance_id.has_value()) {
    const auto known = static_members_.find(*request.instance_id);
    if (known == static_members_.end()) {
      message = absl::StrCat("Instance id ", *request.instance_id, " is unknown.");
      return GroupError::kUnknownMember;
    }
    if (known->second != request.member_id) {
      message = absl::StrCat("Static member ", request.member_id, " with instance id ",
                             *request.instance_id, " was fenced by member ", known->second, ".");
      return GroupError::kFencedInstance;
    }
  }
  const auto found = members_.find(request.member_id);
  if (found == members_.end()) {
    message = NotAMember(request.member_id, services_.id);
    return GroupError::kUnknownMember;
  }
  member = &found->second;
  return GroupError::kNone;
}

void ConsumerGroup::Leave(const ConsumerHeartbeat& request, ConsumerHeartbeatDone done) {
  ConsumerHeartbeatResult result;
  Member* member = nullptr;
  result.error = FindLeaving(request, member, result.message);
  if (result.error != GroupError::kNone) return Answer(std::move(done), std::move(result));
  result.member_id = request.member_id;
  result.epoch = request.epoch;
  if (request.epoch == kLeaveForNowEpoch) {
    // It keeps its partitions, and its session goes on: who comes back in time finds them.
    MemberAssignment left = member->record.has;
    left.epoch = kLeaveForNowEpoch;
    left.revoking.clear();
    SetAssignment(*member, std::move(left));
    member->deadline.Cancel();
    member->session.SetPeerGone(true);
  } else {
    Erase(request.member_id);
  }
  Answer(std::move(done), std::move(result));
}

void ConsumerGroup::RestoreMember(const std::string& id, ConsumerMemberRecord record) {
  Member& member = Add(id);
  MemberAssignment has = std::exchange(record.has, {});
  member.record = std::move(record);
  SetAssignment(member, std::move(has));
  if (member.record.instance_id.has_value()) static_members_[*member.record.instance_id] = id;
  dirty_members_.erase(id);
  RestartSession(member);
  if (member.record.has.state == MemberState::kUnrevoked) {
    member.deadline.Arm(member.record.rebalance_timeout, [this, id] { Remove(id); });
  }
}

ConsumerGroup::Member& ConsumerGroup::Add(const std::string& id) {
  dirty_members_.insert(id);
  return members_.try_emplace(id, services_.home, services_.id, id).first->second;
}

ConsumerGroup::Member& ConsumerGroup::Replace(std::string old_id,
                                              const std::string& new_id) {
  Member& old = members_.find(old_id)->second;
  ConsumerMemberRecord record = old.record;
  MemberAssignment has = std::exchange(record.has, {});
  has.epoch = has.previous_epoch = kJoinEpoch;
  SetAssignment(old, {});
  members_.erase(old_id);
  dirty_members_.insert(old_id);
  Member& member = Add(new_id);
  member.record = std::move(record);
  member.record.classic.reset();
  SetAssignment(member, std::move(has));
  static_members_[*member.record.instance_id] = new_id;
  return member;
}

void ConsumerGroup::Erase(std::string id) {
  const auto member = members_.find(id);
  SetAssignment(member->second, {});
  if (member->second.record.instance_id.has_value()) {
    static_members_.erase(*member->second.record.instance_id);
  }
  members_.erase(member);
  dirty_members_.insert(std::move(id));
  record_.topics_hash = ResolveTopics();
  // Who is left joins again anyway, in the epoch that it knows.
  if (OnlyClassicLeft()) return services_.classic_alone();
  // The next heartbeat finds that the target assignment is of an older epoch.
  ++record_.epoch;
  dirty_ = true;
}

void ConsumerGroup::Remove(std::string id) {
  if (!members_.contains(id)) return;
  Erase(std::move(id));
  Keep([](const absl::Status&) {});
}

bool ConsumerGroup::Update(Member& member, const ConsumerHeartbeat& request) {
  const ConsumerMemberRecord before = member.record;
  ConsumerMemberRecord& record = member.record;
  record.client_id = request.client_id;
  record.client_host = request.client_host;
  if (request.rack_id.has_value()) record.rack_id = request.rack_id;
  if (request.rebalance_timeout.has_value()) record.rebalance_timeout = *request.rebalance_timeout;
  if (request.topics.has_value()) record.topics = *request.topics;
  if (request.pattern.has_value()) record.pattern = *request.pattern;
  if (request.assignor.has_value()) record.assignor = request.assignor;
  record.classic.reset();
  if (!(record == before)) dirty_members_.insert(member.id);
  return record.topics != before.topics || record.pattern != before.pattern;
}

GroupError ConsumerGroup::CheckMember(const MemberClaim& claim) const {
  // Whoever uses the group to keep offsets, and assigns partitions by hand.
  if (claim.generation < 0 && members_.empty()) return GroupError::kNone;
  // Old versions of a transaction's commit say nothing of the member.
  if (claim.transactional && claim.generation < 0 && claim.member_id.empty()) {
    return GroupError::kNone;
  }
  const auto member = members_.find(claim.member_id);
  if (member == members_.end()) return GroupError::kUnknownMember;
  const bool classic = member->second.record.classic.has_value();
  if (!classic && !claim.transactional && !claim.knows_member_epochs) {
    return GroupError::kUnsupportedVersion;
  }
  if (claim.generation == member->second.record.has.epoch) return GroupError::kNone;
  return classic ? GroupError::kIllegalGeneration : GroupError::kStaleMemberEpoch;
}

void ConsumerGroup::HearFrom(Member& member, ConnectionId connection) {
  if (member.connection == connection && connection != 0) return;
  member.connection = connection;
  member.session.SetPeerGone(connection == 0);
  if (connection != 0) services_.heard(connection);
}

void ConsumerGroup::OnConnectionClosed(ConnectionId connection) {
  for (auto& [id, member] : members_) {
    if (member.connection == connection) HearFrom(member, 0);
  }
}

void ConsumerGroup::RestartSession(Member& member) {
  const runtime::Duration timeout = member.record.classic.has_value()
                                        ? member.record.classic->session_timeout
                                        : services_.times().session_timeout;
  member.session.Arm(timeout, [this, id = member.id] { Remove(id); });
}

// As Kafka writes a UUID: 22 characters of base64.
std::string ConsumerGroup::NewMemberId() {
  std::string bytes;
  for (int i = 0; i < 16; ++i) {
    bytes.push_back(static_cast<char>(services_.home.random().Next()));
  }
  return absl::WebSafeBase64Escape(bytes);
}

}  // namespace wherry::core
