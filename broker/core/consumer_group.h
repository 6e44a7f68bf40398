#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "broker/core/assignor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/consumer_group_record.h"
#include "broker/core/consumer_group_types.h"
#include "broker/core/group_record.h"
#include "broker/core/name_pattern.h"
#include "broker/runtime/shard.h"
#include "storage/log_store.h"

namespace wherry::core {

// One group whose assignment the server makes (KIP-848). Each heartbeat does up to four things: a
// changed subscription, or changed topics, raise the group epoch; a group epoch above that of the
// target assignment has the assignor work that out anew; the member is led one step towards it
// (Reconcile); what has changed is committed, and the answer goes out behind that.
//
// What a commit fails to keep is written again with the next one: what is in memory stands, and
// nobody has heard of it.
//
// Threads: the home shard only. Owned by its GroupCoordinator; shared with commits under way.
class ConsumerGroup : public std::enable_shared_from_this<ConsumerGroup> {
 public:
  struct Services {
    std::string id;
    runtime::Shard& home;
    CommitQueue& commits;
    const TopicDirectory& topics;
    const GroupSettings& settings;
    const ClassicCodec& codec;
    std::string key_prefix;  // of everything that is kept of the group
    std::function<ConsumerGroupTimes()> times;
    // A member speaks by this connection; OnConnectionClosed is to follow.
    std::function<void(ConnectionId)> heard;
    // The last member that used this protocol has gone, others have not.
    std::function<void()> classic_alone;
  };

  explicit ConsumerGroup(Services services);
  ConsumerGroup(const ConsumerGroup&) = delete;
  ConsumerGroup& operator=(const ConsumerGroup&) = delete;

  // Take over what was kept. Sessions begin anew.
  void Restore(const ConsumerGroupRecord& record) { record_ = record; }
  void RestoreMember(const std::string& id, ConsumerMemberRecord record);

  // Joins, stays or leaves, by the epoch. `done` runs as a later task.
  void Heartbeat(ConsumerHeartbeat request, ConsumerHeartbeatDone done);

  // consumer_group_classic.cc: members of the classic protocol among the others.
  // Takes over a classic group's. False: it cannot, what they tell one another is something else.
  bool Adopt(const GroupRecord& group);
  bool OnlyClassicLeft() const;
  // As a classic group would have been kept; only classic members must be left.
  GroupRecord AsClassic() const;
  void Join(JoinRequest request, JoinDone done);
  void Sync(const SyncRequest& request, SyncDone done);
  GroupError Heartbeat(const MemberClaim& claim);
  GroupError Leave(const LeavingMember& leaving);

  // May the sender commit, or fetch, offsets now?
  GroupError CheckMember(const MemberClaim& claim) const;
  void OnConnectionClosed(ConnectionId connection);

  GroupState state() const;
  bool empty() const { return members_.empty(); }
  std::size_t size() const { return members_.size(); }
  // Nobody ever got in.
  bool Abandoned() const { return members_.empty() && record_.epoch == 0; }
  bool IsSubscribed(std::string_view topic) const;
  ConsumerGroupDescription Describe() const;
  GroupDescription DescribeShortly() const;

  // Adds to `batch` what deletes everything that is kept of it.
  void AddDeletes(storage::CommitBatch& batch) const;
  // Has its next commit delete a key that it takes the place of.
  void DeleteWithNext(std::string key) { also_delete_.push_back(std::move(key)); }
  void Close();

 private:
  struct Member {
    Member(runtime::Shard& home, const std::string& group, const std::string& member_id)
        : id(member_id),
          session_label("session of member " + id + " of group " + group),
          deadline_label("rebalance of member " + id + " of group " + group),
          session(home.timers(), runtime::TimerKind::kLiveness, session_label),
          deadline(home.timers(), runtime::TimerKind::kTransaction, deadline_label) {
      session.SetPeerGone(true);  // until it is heard
    }

    const std::string id;
    ConsumerMemberRecord record;
    ConnectionId connection = 0;
    const std::string session_label;
    const std::string deadline_label;
    runtime::Timer session;
    runtime::Timer deadline;  // until when it must have let go of partitions, or joined again
  };
  using Members = std::map<std::string, Member, std::less<>>;
  struct Pattern {
    std::shared_ptr<const NamePattern> expression;
    std::set<std::string> topics;  // that match, as of seen_version_
  };

  // consumer_group_members.cc: who is in.
  GroupError Admit(ConsumerHeartbeat& request, Member*& member, std::string& message);
  GroupError AdmitStatic(const ConsumerHeartbeat& request, Member*& member, std::string& message);
  GroupError CheckRequest(const ConsumerHeartbeat& request, std::string& message);
  static GroupError CheckEpoch(const Member& member, const ConsumerHeartbeat& request,
                               std::string& message);
  GroupError FindLeaving(const ConsumerHeartbeat& request, Member*& member, std::string& message);
  void Leave(const ConsumerHeartbeat& request, ConsumerHeartbeatDone done);
  Member& Add(const std::string& id);
  // The same static member under a new id.
  Member& Replace(std::string old_id, const std::string& new_id);
  void Erase(std::string id);
  void Remove(std::string id);
  // True: its subscription is another one now.
  bool Update(Member& member, const ConsumerHeartbeat& request);
  void HearFrom(Member& member, ConnectionId connection);
  void RestartSession(Member& member);
  std::string NewMemberId();

  // consumer_group_classic.cc.
  GroupError CheckJoin(const JoinRequest& request) const;
  GroupError AdmitClassic(JoinRequest& request, Member*& member);
  GroupError FindClassic(const MemberClaim& claim, Member*& member);
  bool SupportsProtocol(std::string_view name) const;
  bool IsToJoinAgain(const Member& member) const;
  void AnswerJoin(JoinDone done, JoinResult result);
  PartitionsOfTopics Identified(const ClassicCodec::Partitions& named) const;

  // consumer_group.cc: who gets what.
  void Advance(bool subscriptions_changed);
  std::uint64_t ResolveTopics();
  void ResolvePatterns();
  void Assign();
  AssignorInput InputForAssignor() const;
  const Assignor& PreferredAssignor() const;
  void Step(Member& member, const std::optional<PartitionsOfTopics>& owned);
  void SetAssignment(Member& member, MemberAssignment next);
  bool IsFreeFor(const Member& member, const TopicId& topic, std::int32_t partition) const;
  std::map<std::string, std::vector<std::int32_t>> Named(const PartitionsOfTopics& all) const;
  std::string MemberKey(const std::string& id) const;
  // Commits what has changed; `done` runs as a later task, at once if nothing has.
  void Keep(CommitQueue::Done done);
  void Answer(ConsumerHeartbeatDone done, ConsumerHeartbeatResult result);

  const Services services_;
  ConsumerGroupRecord record_;
  Members members_;
  std::map<std::string, std::string> static_members_;  // instance id -> member id
  // Who has each partition, or was not yet heard to have let go of it.
  std::map<TopicId, std::map<std::int32_t, std::string>> owners_;

  std::optional<std::uint64_t> seen_version_;  // of the topics, as what follows stands for
  std::map<std::string, TopicDirectory::Entry> subscribed_;  // that somebody does, and that exist
  std::map<std::string, Pattern> patterns_;                  // of members' subscriptions

  // Not committed yet: whether the group's own record, and which members'.
  bool dirty_ = false;
  std::set<std::string> dirty_members_;
  std::vector<std::string> also_delete_;
  int under_way_ = 0;  // commits
};

}  // namespace wherry::core
