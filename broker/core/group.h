#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/commit_queue.h"
#include "broker/core/consumer_group_types.h"
#include "broker/core/group_record.h"
#include "broker/core/group_types.h"
#include "broker/runtime/shard.h"

namespace wherry::core {

// One consumer group: Kafka's classic state machine. Members join, the group picks a protocol that
// all support, its leader assigns, everyone fetches its share; then they beat their hearts until
// somebody comes, goes or falls silent.
//
//   Empty -> PreparingRebalance -> CompletingRebalance -> Stable -> PreparingRebalance ...
//
// A join is parked until all known members have joined (or the rebalance timeout has passed), a
// sync until the leader's assignment is committed. Answers are posted to the home shard, never
// given inside the call.
//
// Threads: the home shard only. Owned by its GroupCoordinator; shared with commits under way.
class Group : public std::enable_shared_from_this<Group> {
 public:
  struct Services {
    std::string id;
    runtime::Shard& home;
    const GroupSettings& settings;
    // Commits the record; the callback as CommitQueue's.
    std::function<void(const GroupRecord&, CommitQueue::Done)> keep;
    // The group was never used and may go.
    std::function<void()> abandoned;
    // A member, or one that is about to be, speaks by this connection; OnConnectionClosed is to
    // follow.
    std::function<void(ConnectionId)> heard;
  };

  explicit Group(Services services);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Takes over what was kept: stable if it has members, whose sessions begin anew.
  void Restore(const GroupRecord& record);

  void Join(JoinRequest request, JoinDone done);
  void Sync(SyncRequest request, SyncDone done);
  GroupError Heartbeat(const MemberClaim& claim);
  GroupError Leave(const LeavingMember& leaving);
  // May the sender commit offsets now? A commit is also a sign of life.
  GroupError ValidateCommit(const MemberClaim& claim);
  // Whoever spoke by it last is not connected any more, until it speaks by another.
  void OnConnectionClosed(ConnectionId connection);

  GroupDescription Describe() const;
  const std::string& protocol_type() const { return protocol_type_; }
  GroupState state() const { return state_; }
  // When the last member went, in milliseconds since the epoch; -1: not known.
  std::int64_t empty_since() const { return empty_since_; }
  // Has no members, and nobody is about to join.
  bool Idle() const { return state_ == GroupState::kEmpty && pending_joins_.empty(); }
  // Where the members speak of topics (ClassicCodec): whether one of them reads this one.
  bool IsSubscribed(std::string_view topic, const ClassicCodec& codec) const;
  // As it is to be kept.
  GroupRecord Record() const;
  // Has everybody join again.
  void Rebalance() { PrepareRebalance(); }
  // Has no past, no members and nobody about to join.
  bool Abandoned() const;

  // Answers everything that is parked with `error` and dies.
  void Close(GroupError error);

 private:
  struct Member {
    explicit Member(runtime::Shard& home)
        : session(home.timers(), runtime::TimerKind::kLiveness, "session of a group's member") {
      session.SetPeerGone(true);  // until it is heard
    }

    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    runtime::Duration session_timeout{0};
    runtime::Duration rebalance_timeout{0};
    std::vector<GroupProtocol> protocols;
    std::string assignment;
    bool is_new = true;  // has not seen a generation yet
    JoinDone join;       // parked
    SyncDone sync;       // parked
    ConnectionId connection = 0;
    std::string label;  // of its session
    runtime::Timer session;
  };
  struct PendingJoin {
    PendingJoin(runtime::Shard& home, std::string name)
        : label(std::move(name)), timer(home.timers(), runtime::TimerKind::kLiveness, label) {}

    const std::string label;
    ConnectionId connection = 0;
    runtime::Timer timer;
  };
  using Members = std::map<std::string, Member, std::less<>>;
  using Assignments = std::map<std::string, std::string, std::less<>>;

  // group_join.cc: who is in.
  void Name(Member& member, const std::string& id);
  void HearFrom(Member& member, ConnectionId connection);
  GroupError CheckJoin(const JoinRequest& request) const;
  bool SupportsProtocols(const JoinRequest& request) const;
  void JoinNew(JoinRequest request, JoinDone done);
  void JoinKnown(JoinRequest request, JoinDone done);
  void ReplaceStatic(JoinRequest request, JoinDone done);
  Member& Rename(const std::string& old_id, const std::string& new_id);
  void AwaitSecondJoin(const JoinRequest& request, const std::string& member_id);
  void Add(const std::string& member_id, JoinRequest request, JoinDone done);
  void Update(Member& member, JoinRequest request);
  void Park(Member& member, JoinDone done);
  void RemoveMember(Member& member, GroupError error);
  void Erase(Members::iterator member);
  GroupError Find(std::string_view member_id, const std::optional<std::string>& instance_id,
                  Member*& found);
  std::string NewMemberId(const JoinRequest& request);
  JoinResult Current(const Member& member, bool with_members) const;
  void CountProtocols(const Member& member, int by);

  // group.cc: from state to state.
  void PrepareRebalance();
  void TryCompleteJoin();
  void CompleteJoin();
  bool ElectJoinedLeader();
  void OnInitialDelay();
  std::string ChooseProtocol() const;
  runtime::Duration RebalanceTimeout() const;
  void KeepAssignments(std::vector<SyncRequest::Assignment> assignments);
  void OnKept(const absl::Status& status, Assignments assignments);
  void FailSyncs(GroupError error);
  void Synced(const Member& member);
  void OnSyncTimeout();
  SyncResult Assigned(const Member& member) const;
  void RestartSession(Member& member);
  void Reply(JoinDone& done, JoinResult result);
  void Reply(SyncDone& done, SyncResult result);
  void ReplyError(JoinDone& done, GroupError error, const std::string& member_id);
  void ReplyError(SyncDone& done, GroupError error);

  const Services services_;
  GroupState state_ = GroupState::kEmpty;
  std::int32_t generation_ = 0;
  std::int64_t empty_since_ = -1;
  std::string protocol_type_;
  std::optional<std::string> protocol_name_;
  std::optional<std::string> leader_;
  Members members_;
  std::map<std::string, std::string> static_members_;  // instance id -> member id
  std::map<std::string, int> supporters_;              // protocol -> members that support it
  // Told their id, expected to join with it: a rebalance waits for them.
  std::map<std::string, PendingJoin, std::less<>> pending_joins_;
  std::set<std::string, std::less<>> pending_syncs_;  // of this generation

  const std::string rebalance_label_;
  const std::string sync_label_;
  runtime::Timer rebalance_timer_;  // members that have not joined by then are out
  runtime::Timer sync_timer_;       // members that have not synced by then are out
  bool initial_delay_ = false;      // the first members wait for others
  bool joined_in_delay_ = false;
  runtime::Duration delay_left_{0};
};

}  // namespace wherry::core
