#include "broker/core/group.h"

#include <algorithm>
#include <utility>

namespace wherry::core {

using runtime::Duration;
using runtime::TimerKind;

Group::Group(Services services)
    : services_(std::move(services)),
      rebalance_label_("rebalance of group " + services_.id),
      sync_label_("assignment of group " + services_.id),
      rebalance_timer_(services_.home.timers(), TimerKind::kTransaction, rebalance_label_),
      sync_timer_(services_.home.timers(), TimerKind::kTransaction, sync_label_) {}

void Group::Restore(const GroupRecord& record) {
  generation_ = record.generation;
  protocol_type_ = record.protocol_type;
  protocol_name_ = record.protocol_name;
  leader_ = record.leader;
  empty_since_ = record.empty_since;
  for (const GroupRecord::Member& kept : record.members) {
    Member& member = members_.try_emplace(kept.member_id, services_.home).first->second;
    Name(member, kept.member_id);
    member.instance_id = kept.instance_id;
    member.client_id = kept.client_id;
    member.client_host = kept.client_host;
    member.session_timeout = kept.session_timeout;
    member.rebalance_timeout = kept.rebalance_timeout;
    member.protocols = kept.protocols;
    member.assignment = kept.assignment;
    member.is_new = false;
    if (member.instance_id.has_value()) static_members_[*member.instance_id] = member.id;
    CountProtocols(member, 1);
    RestartSession(member);
  }
  state_ = members_.empty() ? GroupState::kEmpty : GroupState::kStable;
}

GroupRecord Group::Record() const {
  GroupRecord record{generation_, protocol_type_, protocol_name_, leader_, {}, empty_since_};
  for (const auto& [id, member] : members_) {
    record.members.push_back({id, member.instance_id, member.client_id, member.client_host,
                              member.session_timeout, member.rebalance_timeout, member.assignment,
                              member.protocols});
  }
  return record;
}

GroupError Group::Heartbeat(const MemberClaim& claim) {
  Member* member = nullptr;
  if (const GroupError error = Find(claim.member_id, claim.instance_id, member);
      error != GroupError::kNone) {
    return error;
  }
  HearFrom(*member, claim.connection);
  if (claim.generation != generation_) return GroupError::kIllegalGeneration;
  RestartSession(*member);
  return state_ == GroupState::kPreparingRebalance ? GroupError::kRebalanceInProgress
                                                   : GroupError::kNone;
}

GroupError Group::ValidateCommit(const MemberClaim& claim) {
  // Whoever uses the group to keep offsets, and assigns partitions by hand.
  if (claim.generation < 0 && state_ == GroupState::kEmpty) return GroupError::kNone;
  // A producer of a time before KIP-447 says nothing of the member it commits for.
  const bool anonymous =
      claim.generation < 0 && claim.member_id.empty() && !claim.instance_id.has_value();
  if (claim.transactional && anonymous) return GroupError::kNone;
  Member* member = nullptr;
  if (const GroupError error = Find(claim.member_id, claim.instance_id, member);
      error != GroupError::kNone) {
    return error;
  }
  HearFrom(*member, claim.connection);
  if (claim.generation != generation_) return GroupError::kIllegalGeneration;
  if (state_ == GroupState::kCompletingRebalance && !claim.transactional) {
    return GroupError::kRebalanceInProgress;
  }
  RestartSession(*member);
  return GroupError::kNone;
}

void Group::Sync(SyncRequest request, SyncDone done) {
  Member* member = nullptr;
  if (const GroupError error = Find(request.claim.member_id, request.claim.instance_id, member);
      error != GroupError::kNone) {
    return ReplyError(done, error);
  }
  HearFrom(*member, request.claim.connection);
  if (request.claim.generation != generation_) {
    return ReplyError(done, GroupError::kIllegalGeneration);
  }
  if ((request.protocol_type.has_value() && *request.protocol_type != protocol_type_) ||
      (request.protocol_name.has_value() && request.protocol_name != protocol_name_)) {
    return ReplyError(done, GroupError::kInconsistentProtocol);
  }
  if (state_ == GroupState::kStable) {
    Synced(*member);
    RestartSession(*member);
    return Reply(done, Assigned(*member));
  }
  if (state_ != GroupState::kCompletingRebalance) {
    return ReplyError(done, GroupError::kRebalanceInProgress);
  }
  // Sent again on another connection: the member waits for the later one only.
  ReplyError(member->sync, GroupError::kRebalanceInProgress);
  member->sync = std::move(done);
  member->session.Cancel();  // it waits for us
  Synced(*member);
  if (leader_ == member->id) KeepAssignments(std::move(request.assignments));
}

void Group::KeepAssignments(std::vector<SyncRequest::Assignment> assignments) {
  Assignments by_member;
  for (SyncRequest::Assignment& assignment : assignments) {
    by_member[std::move(assignment.member_id)] = std::move(assignment.bytes);
  }
  GroupRecord record = Record();
  for (GroupRecord::Member& member : record.members) {
    const auto found = by_member.find(member.member_id);
    member.assignment = found == by_member.end() ? std::string() : found->second;
  }
  services_.keep(record, [weak = weak_from_this(), generation = generation_,
                          by_member = std::move(by_member)](const absl::Status& status) mutable {
    const std::shared_ptr<Group> self = weak.lock();
    // Meanwhile somebody may have come or gone, and this generation is over.
    if (self == nullptr || self->generation_ != generation ||
        self->state_ != GroupState::kCompletingRebalance) {
      return;
    }
    self->OnKept(status, std::move(by_member));
  });
}

void Group::OnKept(const absl::Status& status, Assignments assignments) {
  if (!status.ok()) return FailSyncs(GroupError::kStorage);
  state_ = GroupState::kStable;
  for (auto& [id, member] : members_) {
    const auto found = assignments.find(id);
    member.assignment = found == assignments.end() ? std::string() : std::move(found->second);
    if (!member.sync) continue;
    Reply(member.sync, Assigned(member));
    RestartSession(member);
  }
}

void Group::FailSyncs(GroupError error) {
  for (auto& [id, member] : members_) {
    if (!member.sync) continue;
    ReplyError(member.sync, error);
    RestartSession(member);
  }
}

void Group::Synced(const Member& member) {
  pending_syncs_.erase(member.id);
  if (pending_syncs_.empty()) sync_timer_.Cancel();
}

void Group::OnSyncTimeout() {
  // Whoever joined and then never asked for its share blocks the others' records: it is out.
  const std::set<std::string, std::less<>> silent = std::exchange(pending_syncs_, {});
  for (const std::string& id : silent) {
    const auto member = members_.find(id);
    if (member != members_.end()) Erase(member);
  }
  PrepareRebalance();
}

SyncResult Group::Assigned(const Member& member) const {
  return {GroupError::kNone, protocol_type_, protocol_name_, member.assignment};
}

void Group::PrepareRebalance() {
  if (state_ == GroupState::kCompletingRebalance) FailSyncs(GroupError::kRebalanceInProgress);
  sync_timer_.Cancel();
  pending_syncs_.clear();
  const Duration delay = services_.settings.initial_rebalance_delay;
  initial_delay_ = state_ == GroupState::kEmpty && delay > Duration::zero();
  state_ = GroupState::kPreparingRebalance;
  if (initial_delay_) {
    joined_in_delay_ = false;
    delay_left_ = std::max(RebalanceTimeout() - delay, Duration::zero());
    rebalance_timer_.Arm(delay, [this] { OnInitialDelay(); });
    return;
  }
  rebalance_timer_.Arm(RebalanceTimeout(), [this] { CompleteJoin(); });
  TryCompleteJoin();
}

void Group::OnInitialDelay() {
  const Duration more = std::min(services_.settings.initial_rebalance_delay, delay_left_);
  if (!joined_in_delay_ || more <= Duration::zero()) return CompleteJoin();
  // Others are still arriving: wait on, at most for a rebalance timeout in all.
  joined_in_delay_ = false;
  delay_left_ -= more;
  rebalance_timer_.Arm(more, [this] { OnInitialDelay(); });
}

void Group::TryCompleteJoin() {
  if (state_ != GroupState::kPreparingRebalance || initial_delay_ || !pending_joins_.empty()) {
    return;
  }
  for (const auto& [id, member] : members_) {
    if (!member.join) return;
  }
  CompleteJoin();
}

void Group::CompleteJoin() {
  rebalance_timer_.Cancel();
  initial_delay_ = false;
  // A static member that is late keeps its place until its session ends.
  for (auto it = members_.begin(); it != members_.end();) {
    const auto member = it++;
    if (!member->second.join && !member->second.instance_id.has_value()) Erase(member);
  }
  if (!members_.empty() && !ElectJoinedLeader()) {
    rebalance_timer_.Arm(RebalanceTimeout(), [this] { CompleteJoin(); });
    return;
  }
  generation_ = generation_ == INT32_MAX ? 1 : generation_ + 1;
  if (members_.empty()) {
    protocol_name_.reset();
    state_ = GroupState::kEmpty;
    empty_since_ = services_.home.clock().UnixMillis();
    services_.keep(Record(), [](const absl::Status&) {});
    return;
  }
  protocol_name_ = ChooseProtocol();
  state_ = GroupState::kCompletingRebalance;
  for (auto& [id, member] : members_) {
    pending_syncs_.insert(id);
    member.is_new = false;
    if (member.join) Reply(member.join, Current(member, leader_ == id));
    RestartSession(member);
  }
  sync_timer_.Arm(RebalanceTimeout(), [this] { OnSyncTimeout(); });
}

bool Group::ElectJoinedLeader() {
  if (leader_.has_value() && members_.at(*leader_).join) return true;
  for (const auto& [id, member] : members_) {
    if (!member.join) continue;
    leader_ = id;
    return true;
  }
  return false;
}

// Each member votes for the first of its protocols that all support; the most votes win, among
// equals the first by name.
std::string Group::ChooseProtocol() const {
  std::map<std::string_view, int> votes;
  for (const auto& [id, member] : members_) {
    for (const GroupProtocol& protocol : member.protocols) {
      const auto supporters = supporters_.find(protocol.name);
      if (supporters == supporters_.end()) continue;
      if (static_cast<std::size_t>(supporters->second) != members_.size()) continue;
      ++votes[protocol.name];
      break;
    }
  }
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? std::string() : std::string(most->first);
}

Duration Group::RebalanceTimeout() const {
  Duration longest = services_.settings.min_rebalance_timeout;
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

GroupDescription Group::Describe() const {
  GroupDescription description{
      GroupKind::kClassic, state_, protocol_type_, {}, {}, generation_, false};
  const bool stable = state_ == GroupState::kStable;
  description.all_synced = stable && pending_syncs_.empty();
  if (stable) description.protocol_name = protocol_name_.value_or("");
  for (const auto& [id, member] : members_) {
    GroupDescription::Member shown{
        id, member.instance_id, member.client_id, member.client_host, {}, {}, {}};
    for (const GroupProtocol& protocol : member.protocols) {
      if (stable && protocol.name == protocol_name_) shown.metadata = protocol.metadata;
    }
    if (stable) shown.assignment = member.assignment;
    description.members.push_back(std::move(shown));
  }
  return description;
}

bool Group::IsSubscribed(std::string_view topic, const ClassicCodec& codec) const {
  if (protocol_type_ != "consumer") return false;
  for (const auto& [id, member] : members_) {
    for (const GroupProtocol& protocol : member.protocols) {
      if (protocol_name_.has_value() && protocol.name != *protocol_name_) continue;
      const auto subscription = codec.parse_subscription(protocol.metadata);
      if (subscription.has_value() && subscription->topics.contains(std::string(topic))) {
        return true;
      }
    }
  }
  return false;
}

bool Group::Abandoned() const {
  return state_ == GroupState::kEmpty && generation_ == 0 && pending_joins_.empty();
}

void Group::Close(GroupError error) {
  state_ = GroupState::kDead;
  rebalance_timer_.Cancel();
  sync_timer_.Cancel();
  pending_joins_.clear();
  for (auto& [id, member] : members_) {
    ReplyError(member.join, error, id);
    ReplyError(member.sync, error);
    member.session.Cancel();
  }
}

void Group::RestartSession(Member& member) {
  // Parked, it waits for us: it cannot be late.
  if (member.sync || (member.join && !member.is_new)) return member.session.Cancel();
  const Duration timeout =
      member.is_new ? services_.settings.new_member_timeout : member.session_timeout;
  member.session.Arm(timeout,
                     [this, &member] { RemoveMember(member, GroupError::kUnknownMember); });
}

void Group::Reply(JoinDone& done, JoinResult result) {
  if (!done) return;
  services_.home.Post([done = std::exchange(done, nullptr), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

void Group::Reply(SyncDone& done, SyncResult result) {
  if (!done) return;
  services_.home.Post([done = std::exchange(done, nullptr), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

void Group::ReplyError(JoinDone& done, GroupError error, const std::string& member_id) {
  if (!done) return;
  JoinResult result;
  result.error = error;
  result.member_id = member_id;
  Reply(done, std::move(result));
}

void Group::ReplyError(SyncDone& done, GroupError error) {
  if (!done) return;
  SyncResult result;
  result.error = error;
  Reply(done, std::move(result));
}

}  // namespace wherry::core
