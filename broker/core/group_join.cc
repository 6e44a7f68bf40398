// The part of Group that says who is in: joining, renaming, leaving.

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "broker/core/group.h"

namespace wherry::core {

using runtime::Duration;

void Group::Name(Member& member, const std::string& id) {
  member.id = id;
  member.label = "session of member " + id + " of group " + services_.id;
  member.session.Relabel(member.label);
}

void Group::HearFrom(Member& member, ConnectionId connection) {
  if (member.connection == connection) return;
  member.connection = connection;
  member.session.SetPeerGone(connection == 0);
  if (connection != 0) services_.heard(connection);
}

void Group::OnConnectionClosed(ConnectionId connection) {
  for (auto& [id, member] : members_) {
    if (member.connection == connection) HearFrom(member, 0);
  }
  for (auto& [id, pending] : pending_joins_) {
    if (pending.connection == connection) pending.timer.SetPeerGone(true);
  }
}

void Group::Join(JoinRequest request, JoinDone done) {
  const GroupError error = CheckJoin(request);
  if (error != GroupError::kNone) return ReplyError(done, error, request.member_id);
  request.rebalance_timeout =
      std::clamp(request.rebalance_timeout, services_.settings.min_rebalance_timeout,
                 services_.settings.max_rebalance_timeout);
  // A name said twice would be counted twice among the supporters.
  std::set<std::string> names;
  std::erase_if(request.protocols, [&names](const GroupProtocol& protocol) {
    return !names.insert(protocol.name).second;
  });
  if (request.member_id.empty()) {
    JoinNew(std::move(request), std::move(done));
  } else {
    JoinKnown(std::move(request), std::move(done));
  }
}

GroupError Group::CheckJoin(const JoinRequest& request) const {
  if (request.session_timeout < services_.settings.min_session_timeout ||
      request.session_timeout > services_.settings.max_session_timeout) {
    return GroupError::kInvalidSessionTimeout;
  }
  const bool known =
      members_.contains(request.member_id) || pending_joins_.contains(request.member_id) ||
      (request.instance_id.has_value() && static_members_.contains(*request.instance_id));
  if (!known && members_.size() + pending_joins_.size() >= services_.settings.max_group_size) {
    return GroupError::kGroupFull;
  }
  return SupportsProtocols(request) ? GroupError::kNone : GroupError::kInconsistentProtocol;
}

bool Group::SupportsProtocols(const JoinRequest& request) const {
  if (members_.empty()) return !request.protocol_type.empty() && !request.protocols.empty();
  if (request.protocol_type != protocol_type_) return false;
  return std::any_of(request.protocols.begin(), request.protocols.end(),
                     [this](const GroupProtocol& protocol) {
                       const auto found = supporters_.find(protocol.name);
                       return found != supporters_.end() &&
                              static_cast<std::size_t>(found->second) == members_.size();
                     });
}

void Group::JoinNew(JoinRequest request, JoinDone done) {
  if (request.instance_id.has_value()) {
    if (static_members_.contains(*request.instance_id)) {
      return ReplaceStatic(std::move(request), std::move(done));
    }
    const std::string member_id = NewMemberId(request);
    return Add(member_id, std::move(request), std::move(done));
  }
  const std::string member_id = NewMemberId(request);
  if (!request.require_member_id) return Add(member_id, std::move(request), std::move(done));
  AwaitSecondJoin(request, member_id);
  ReplyError(done, GroupError::kMemberIdRequired, member_id);
}

void Group::AwaitSecondJoin(const JoinRequest& request, const std::string& member_id) {
  PendingJoin& pending =
      pending_joins_
          .try_emplace(member_id, services_.home,
                       "second join of member " + member_id + " of group " + services_.id)
          .first->second;
  pending.connection = request.connection;
  pending.timer.SetPeerGone(request.connection == 0);
  if (request.connection != 0) services_.heard(request.connection);
  pending.timer.Arm(request.session_timeout, [this, member_id] {
    pending_joins_.erase(member_id);
    TryCompleteJoin();
    if (Abandoned()) services_.abandoned();
  });
}

void Group::JoinKnown(JoinRequest request, JoinDone done) {
  const auto pending = pending_joins_.find(request.member_id);
  if (pending != pending_joins_.end() && !request.instance_id.has_value()) {
    pending_joins_.erase(pending);
    const std::string member_id = request.member_id;
    return Add(member_id, std::move(request), std::move(done));
  }
  Member* member = nullptr;
  if (const GroupError error = Find(request.member_id, request.instance_id, member);
      error != GroupError::kNone) {
    return ReplyError(done, error, request.member_id);
  }
  const bool changed = member->protocols != request.protocols;
  // Its last answer was lost on the way, or a follower made sure that nothing is new. A stable
  // group's leader who joins again wants to assign anew.
  if (!changed && (state_ == GroupState::kCompletingRebalance ||
                   (state_ == GroupState::kStable && leader_ != member->id))) {
    HearFrom(*member, request.connection);
    RestartSession(*member);
    return Reply(done, Current(*member, leader_ == member->id));
  }
  Update(*member, std::move(request));
  Park(*member, std::move(done));
  if (state_ == GroupState::kPreparingRebalance) {
    TryCompleteJoin();
  } else {
    PrepareRebalance();
  }
}

void Group::ReplaceStatic(JoinRequest request, JoinDone done) {
  const std::string old_id = static_members_.at(*request.instance_id);
  const std::string new_id = NewMemberId(request);
  const bool can_skip = request.can_skip_assignment;
  Member& member = Rename(old_id, new_id);
  Update(member, std::move(request));
  if (state_ == GroupState::kStable && ChooseProtocol() == protocol_name_) {
    const bool leads = leader_ == new_id;
    JoinResult result = Current(member, leads && can_skip);
    result.skip_assignment = leads && can_skip;
    // A client that cannot skip the assignment would assign if it were told that it leads.
    if (leads && !can_skip) result.leader = old_id;
    RestartSession(member);
    services_.keep(Record(), [result = std::move(result),
                              done = std::move(done)](const absl::Status& status) mutable {
      if (status.ok()) return done(std::move(result));
      JoinResult failed;
      failed.error = GroupError::kStorage;
      done(std::move(failed));
    });
    return;
  }
  Park(member, std::move(done));
  if (state_ == GroupState::kPreparingRebalance) {
    TryCompleteJoin();
  } else {
    PrepareRebalance();
  }
}

Group::Member& Group::Rename(const std::string& old_id, const std::string& new_id) {
  auto node = members_.extract(old_id);
  Member& member = node.mapped();
  ReplyError(member.join, GroupError::kFencedInstance, old_id);
  ReplyError(member.sync, GroupError::kFencedInstance);
  member.session.Cancel();
  Name(member, new_id);
  static_members_[*member.instance_id] = new_id;
  if (leader_ == old_id) leader_ = new_id;
  if (pending_syncs_.erase(old_id) > 0) pending_syncs_.insert(new_id);
  node.key() = new_id;
  members_.insert(std::move(node));
  return member;
}

void Group::Add(const std::string& member_id, JoinRequest request, JoinDone done) {
  if (members_.empty()) protocol_type_ = request.protocol_type;
  Member& member = members_.try_emplace(member_id, services_.home).first->second;
  Name(member, member_id);
  member.instance_id = request.instance_id;
  if (member.instance_id.has_value()) static_members_[*member.instance_id] = member_id;
  if (!leader_.has_value()) leader_ = member_id;
  Update(member, std::move(request));
  Park(member, std::move(done));
  joined_in_delay_ = true;
  if (state_ == GroupState::kPreparingRebalance) {
    TryCompleteJoin();
  } else {
    PrepareRebalance();
  }
}

void Group::Update(Member& member, JoinRequest request) {
  HearFrom(member, request.connection);
  CountProtocols(member, -1);
  member.client_id = std::move(request.client_id);
  member.client_host = std::move(request.client_host);
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.protocols = std::move(request.protocols);
  CountProtocols(member, 1);
}

void Group::CountProtocols(const Member& member, int by) {
  for (const GroupProtocol& protocol : member.protocols) {
    const auto counted = supporters_.try_emplace(protocol.name, 0).first;
    counted->second += by;
    if (counted->second == 0) supporters_.erase(counted);
  }
}

void Group::Park(Member& member, JoinDone done) {
  // Sent again on another connection: the member waits for the later one only.
  ReplyError(member.join, GroupError::kRebalanceInProgress, member.id);
  member.join = std::move(done);
  RestartSession(member);
}

GroupError Group::Leave(const LeavingMember& leaving) {
  std::string member_id = leaving.member_id;
  if (member_id.empty() && leaving.instance_id.has_value()) {
    const auto found = static_members_.find(*leaving.instance_id);
    if (found == static_members_.end()) return GroupError::kUnknownMember;
    member_id = found->second;
  }
  if (pending_joins_.erase(member_id) > 0) {
    TryCompleteJoin();
    return GroupError::kNone;
  }
  Member* member = nullptr;
  if (const GroupError error = Find(member_id, leaving.instance_id, member);
      error != GroupError::kNone) {
    return error;
  }
  RemoveMember(*member, GroupError::kUnknownMember);
  return GroupError::kNone;
}

void Group::RemoveMember(Member& member, GroupError error) {
  ReplyError(member.join, error, member.id);
  ReplyError(member.sync, error);
  Erase(members_.find(member.id));
  if (state_ == GroupState::kPreparingRebalance) {
    TryCompleteJoin();
  } else if (state_ != GroupState::kEmpty && state_ != GroupState::kDead) {
    PrepareRebalance();
  }
}

void Group::Erase(Members::iterator member) {
  CountProtocols(member->second, -1);
  if (member->second.instance_id.has_value()) static_members_.erase(*member->second.instance_id);
  pending_syncs_.erase(member->first);
  const bool led = leader_ == member->first;
  members_.erase(member);
  if (!led) return;
  leader_.reset();
  if (!members_.empty()) leader_ = members_.begin()->first;
}

GroupError Group::Find(std::string_view member_id, const std::optional<std::string>& instance_id,
                       Member*& found) {
  if (instance_id.has_value()) {
    const auto known = static_members_.find(*instance_id);
    if (known == static_members_.end()) return GroupError::kUnknownMember;
    if (known->second != member_id) return GroupError::kFencedInstance;
  }
  const auto member = members_.find(member_id);
  if (member == members_.end()) return GroupError::kUnknownMember;
  found = &member->second;
  return GroupError::kNone;
}

// The client's id (of a static member: the instance id), '-' and a random UUID.
std::string Group::NewMemberId(const JoinRequest& request) {
  const std::uint64_t high = services_.home.random().Next();
  const std::uint64_t low = services_.home.random().Next();
  return absl::StrFormat(
      "%s-%08x-%04x-4%03x-%04x-%012x", request.instance_id.value_or(request.client_id), high >> 32,
      high >> 16 & 0xffff, high & 0xfff, (low >> 48 & 0x3fff) | 0x8000, low & 0xffffffffffff);
}

JoinResult Group::Current(const Member& member, bool with_members) const {
  JoinResult result;
  result.generation = generation_;
  result.protocol_type = protocol_type_;
  result.protocol_name = protocol_name_;
  result.leader = leader_.value_or("");
  result.member_id = member.id;
  if (!with_members) return result;
  for (const auto& [id, other] : members_) {
    JoinResult::Member shown{id, other.instance_id, {}};
    for (const GroupProtocol& protocol : other.protocols) {
      if (protocol.name == protocol_name_) shown.metadata = protocol.metadata;
    }
    result.members.push_back(std::move(shown));
  }
  return result;
}

}  // namespace wherry::core
