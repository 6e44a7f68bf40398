// The part of ConsumerGroup that has members of the classic protocol among the others: they join by
// JoinGroup and fetch their share by SyncGroup, while the server assigns. So a group moves from one
// protocol to the other member by member.
//
// A classic member is told by its heartbeat that it is to join again, whenever it is to let go of
// partitions or may have more; what it owns then stands in its subscription.

#include <algorithm>
#include <utility>

#include "broker/core/consumer_group.h"

namespace wherry::core {

namespace {

constexpr char kProtocolType[] = "consumer";

}  // namespace

PartitionsOfTopics ConsumerGroup::Identified(const ClassicCodec::Partitions& named) const {
  PartitionsOfTopics all;
  for (const auto& [name, partitions] : named) {
    const std::optional<TopicDirectory::Entry> entry = services_.topics.Find(name);
    if (!entry.has_value() || partitions.empty()) continue;
    all[entry->id].insert(partitions.begin(), partitions.end());
  }
  return all;
}

bool ConsumerGroup::Adopt(const GroupRecord& group) {
  for (const GroupRecord::Member& kept : group.members) {
    if (kept.protocols.empty()) return false;
    const GroupProtocol* protocol = &kept.protocols.front();
    for (const GroupProtocol& supported : kept.protocols) {
      if (supported.name == group.protocol_name) protocol = &supported;
    }
    const auto subscription = services_.codec.parse_subscription(protocol->metadata);
    const auto assignment = services_.codec.parse_assignment(kept.assignment);
    if (!subscription.has_value() || !assignment.has_value()) return false;
    ConsumerMemberRecord record;
    record.instance_id = kept.instance_id;
    record.rack_id = subscription->rack_id;
    record.client_id = kept.client_id;
    record.client_host = kept.client_host;
    record.rebalance_timeout = kept.rebalance_timeout;
    record.topics = subscription->topics;
    record.has.epoch = record.has.previous_epoch = group.generation;
    record.has.assigned = record.target = Identified(*assignment);
    record.classic = {kept.session_timeout, kept.protocols};
    RestoreMember(kept.member_id, std::move(record));
    dirty_members_.insert(kept.member_id);
  }
  record_.epoch = record_.assignment_epoch = group.generation;
  record_.topics_hash = ResolveTopics();
  dirty_ = true;
  return true;
}

bool ConsumerGroup::OnlyClassicLeft() const {
  return !members_.empty() &&
         std::all_of(members_.begin(), members_.end(), [](const auto& member) {
           return member.second.record.classic.has_value();
         });
}

GroupRecord ConsumerGroup::AsClassic() const {
  GroupRecord group;
  group.generation = record_.epoch;
  group.protocol_type = kProtocolType;
  for (const auto& [id, member] : members_) {
    const ConsumerMemberRecord& record = member.record;
    const std::string& metadata = record.classic->protocols.front().metadata;
    group.members.push_back({id, record.instance_id, record.client_id, record.client_host,
                             record.classic->session_timeout, record.rebalance_timeout,
                             services_.codec.make_assignment(Named(record.target), metadata),
                             record.classic->protocols});
  }
  for (const GroupProtocol& protocol : group.members.front().protocols) {
    if (SupportsProtocol(protocol.name)) {
      group.protocol_name = protocol.name;
      break;
    }
  }
  return group;
}

bool ConsumerGroup::SupportsProtocol(std::string_view name) const {
  return std::all_of(members_.begin(), members_.end(), [name](const auto& member) {
    const auto& classic = member.second.record.classic;
    return !classic.has_value() ||
           std::any_of(classic->protocols.begin(), classic->protocols.end(),
                       [name](const GroupProtocol& protocol) { return protocol.name == name; });
  });
}

GroupError ConsumerGroup::CheckJoin(const JoinRequest& request) const {
  if (request.session_timeout < services_.settings.min_session_timeout ||
      request.session_timeout > services_.settings.max_session_timeout) {
    return GroupError::kInvalidSessionTimeout;
  }
  const bool known =
      members_.contains(request.member_id) ||
      (request.instance_id.has_value() && static_members_.contains(*request.instance_id));
  if (!known && members_.size() >= services_.settings.max_group_size) {
    return GroupError::kGroupFull;
  }
  const bool supported = request.protocol_type == kProtocolType &&
                         std::any_of(request.protocols.begin(), request.protocols.end(),
                                     [this](const GroupProtocol& protocol) {
                                       return SupportsProtocol(protocol.name);
                                     });
  return supported ? GroupError::kNone : GroupError::kInconsistentProtocol;
}

GroupError ConsumerGroup::AdmitClassic(JoinRequest& request, Member*& member) {
  const bool is_new = request.member_id.empty();
  if (is_new) request.member_id = NewMemberId();
  if (!request.instance_id.has_value()) {
    if (is_new && request.require_member_id) return GroupError::kMemberIdRequired;
    const auto found = members_.find(request.member_id);
    member = found == members_.end() ? &Add(request.member_id) : &found->second;
    return GroupError::kNone;
  }
  const auto known = static_members_.find(*request.instance_id);
  if (known == static_members_.end()) {
    if (!is_new) return GroupError::kUnknownMember;
    member = &Add(request.member_id);
    member->record.instance_id = request.instance_id;
    static_members_[*request.instance_id] = member->id;
    return GroupError::kNone;
  }
  if (is_new) {
    member = &Replace(known->second, request.member_id);
    return GroupError::kNone;
  }
  if (known->second != request.member_id) return GroupError::kFencedInstance;
  member = &members_.find(request.member_id)->second;
  return GroupError::kNone;
}

void ConsumerGroup::Join(JoinRequest request, JoinDone done) {
  JoinResult result;
  Member* member = nullptr;
  result.error = CheckJoin(request);
  std::optional<ClassicCodec::Subscription> subscription;
  if (result.error == GroupError::kNone) {
    subscription = services_.codec.parse_subscription(request.protocols.front().metadata);
    result.error = subscription.has_value() ? AdmitClassic(request, member)
                                            : GroupError::kInconsistentProtocol;
  }
  result.member_id = request.member_id;
  if (result.error != GroupError::kNone) return AnswerJoin(std::move(done), std::move(result));

  HearFrom(*member, request.connection);
  ConsumerMemberRecord& record = member->record;
  const bool changed = record.topics != subscription->topics || !record.pattern.empty();
  record.client_id = std::move(request.client_id);
  record.client_host = std::move(request.client_host);
  record.rebalance_timeout = request.rebalance_timeout;
  record.topics = std::move(subscription->topics);
  record.pattern.clear();
  record.rack_id = std::move(subscription->rack_id);
  record.assignor.reset();
  record.classic = {request.session_timeout, std::move(request.protocols)};
  dirty_members_.insert(member->id);
  Advance(changed);
  Step(*member, Identified(subscription->owned));
  RestartSession(*member);
  // Until then it must have asked for its share.
  member->deadline.Arm(record.rebalance_timeout, [this, id = member->id] { Remove(id); });
  result.generation = record.has.epoch;
  result.protocol_type = kProtocolType;
  result.protocol_name = record.classic->protocols.front().name;
  AnswerJoin(std::move(done), std::move(result));
  if (OnlyClassicLeft()) services_.classic_alone();
}

void ConsumerGroup::AnswerJoin(JoinDone done, JoinResult result) {
  Keep([done = std::move(done),
        result = std::move(result)](const absl::Status& status) mutable {
    if (!status.ok()) {
      JoinResult failed;
      failed.error = GroupError::kStorage;
      failed.member_id = std::move(result.member_id);
      result = std::move(failed);
    }
    done(std::move(result));
  });
}

GroupError ConsumerGroup::FindClassic(const MemberClaim& claim, Member*& member) {
  if (claim.instance_id.has_value()) {
    const auto known = static_members_.find(*claim.instance_id);
    if (known == static_members_.end()) return GroupError::kUnknownMember;
    if (known->second != claim.member_id) return GroupError::kFencedInstance;
  }
  const auto found = members_.find(claim.member_id);
  if (found == members_.end() || !found->second.record.classic.has_value()) {
    return GroupError::kUnknownMember;
  }
  member = &found->second;
  HearFrom(*member, claim.connection);
  return claim.generation == member->record.has.epoch ? GroupError::kNone
                                                      : GroupError::kIllegalGeneration;
}

// Whether joining again would get it further.
bool ConsumerGroup::IsToJoinAgain(const Member& member) const {
  const MemberAssignment& has = member.record.has;
  if (has.epoch < record_.epoch || has.state == MemberState::kUnrevoked) return true;
  if (has.state != MemberState::kUnreleased) return false;
  for (const auto& [topic, partitions] : member.record.target) {
    for (const std::int32_t partition : partitions) {
      if (!IsFreeFor(member, topic, partition)) return false;
    }
  }
  return true;
}

GroupError ConsumerGroup::Heartbeat(const MemberClaim& claim) {
  Member* member = nullptr;
  const GroupError error = FindClassic(claim, member);
  if (error != GroupError::kNone) return error;
  RestartSession(*member);
  if (!IsToJoinAgain(*member)) return GroupError::kNone;
  if (!member->deadline.armed()) {
    member->deadline.Arm(member->record.rebalance_timeout,
                         [this, id = member->id] { Remove(id); });
  }
  return GroupError::kRebalanceInProgress;
}

void ConsumerGroup::Sync(const SyncRequest& request, SyncDone done) {
  Member* member = nullptr;
  SyncResult result;
  result.error = FindClassic(request.claim, member);
  if (result.error == GroupError::kNone) {
    const std::string& protocol = member->record.classic->protocols.front().name;
    const MemberAssignment& has = member->record.has;
    if ((request.protocol_type.has_value() && *request.protocol_type != kProtocolType) ||
        (request.protocol_name.has_value() && *request.protocol_name != protocol)) {
      result.error = GroupError::kInconsistentProtocol;
    } else if (has.epoch < record_.epoch && has.state != MemberState::kUnrevoked) {
      result.error = GroupError::kRebalanceInProgress;
    } else {
      member->deadline.Cancel();
      RestartSession(*member);
      result.protocol_type = kProtocolType;
      result.protocol_name = protocol;
      result.assignment = services_.codec.make_assignment(
          Named(has.assigned), member->record.classic->protocols.front().metadata);
    }
  }
  Keep([done = std::move(done),
        result = std::move(result)](const absl::Status& status) mutable {
    if (!status.ok()) {
      result = SyncResult();
      result.error = GroupError::kStorage;
    }
    done(std::move(result));
  });
}

GroupError ConsumerGroup::Leave(const LeavingMember& leaving) {
  std::string member_id = leaving.member_id;
  if (leaving.instance_id.has_value()) {
    const auto known = static_members_.find(*leaving.instance_id);
    if (known == static_members_.end()) return GroupError::kUnknownMember;
    if (member_id.empty()) member_id = known->second;  // an administrator does that
    if (known->second != member_id) return GroupError::kFencedInstance;
  }
  const auto member = members_.find(member_id);
  if (member == members_.end() || !member->second.record.classic.has_value()) {
    return GroupError::kUnknownMember;
  }
  Remove(member_id);
  return GroupError::kNone;
}

}  // namespace wherry::core
