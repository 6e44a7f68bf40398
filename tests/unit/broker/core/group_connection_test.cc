// Members by their connections, under a clock that a test advances.
#include <memory>
#include <vector>

#include <gmock/gmock.h>

#include "broker/core/group_coordinator.h"
#include "broker/runtime/virtual_clock.h"
#include "storage/memory_log_store.h"
#include "tests/unit/broker/core/fake_topics.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::core {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr ConnectionId kFirst = 7;
constexpr ConnectionId kSecond = 8;

class GroupConnectionTest : public ShardFixtureWith<runtime::VirtualClock> {
 protected:
  GroupConnectionTest() {
    commits_.Start();
    On([this] {
      offsets_ = OffsetStore::Open(space_, store_, commits_).value();
      groups_ = GroupCoordinator::Open(
                    space_, {store_, commits_, shard_, *offsets_, topics_, kTextCodec, nullptr}, {})
                    .value();
    });
  }
  ~GroupConnectionTest() override {
    On([this] { groups_.reset(); });
    On([this] { offsets_.reset(); });
    commits_.Stop();
    shard_.Stop();
  }

  JoinResult Join(ConnectionId connection, bool require_member_id = false) {
    JoinRequest request;
    request.group_id = "g";
    request.client_id = "client";
    request.protocol_type = "consumer";
    request.protocols = {{"range", "topics"}};
    request.session_timeout = seconds(10);
    request.rebalance_timeout = seconds(60);
    request.require_member_id = require_member_id;
    request.connection = connection;
    JoinResult result;
    On([&] { groups_->Join(request, [&](JoinResult joined) { result = std::move(joined); }); });
    Settle();
    return result;
  }
  // A group of one member that has synced, so that only its session is armed.
  JoinResult Member(ConnectionId connection) {
    const JoinResult joined = Join(connection);
    On([&] {
      SyncRequest sync;
      sync.claim = Claim(joined, connection);
      groups_->Sync(sync, [](SyncResult) {});
    });
    Settle();
    return joined;
  }
  static MemberClaim Claim(const JoinResult& joined, ConnectionId connection) {
    return {"g", joined.generation, joined.member_id, std::nullopt, connection};
  }
  GroupError Heartbeat(const JoinResult& joined, ConnectionId connection) {
    GroupError error{};
    On([&] { error = groups_->Heartbeat(Claim(joined, connection)); });
    return error;
  }
  void Close(ConnectionId connection) {
    On([&] { groups_->OnConnectionClosed(connection); });
  }
  // The labels of what fired.
  std::vector<std::string> Advance(seconds by) {
    std::vector<std::string> labels;
    clock_.Advance(by, false);
    On([&] {
      std::vector<runtime::Timers::Info> fired;
      shard_.timers().RunDue(&fired);
      for (const runtime::Timers::Info& info : fired) labels.push_back(info.label);
    });
    Settle();
    return labels;
  }
  std::size_t MemberCount() {
    std::size_t count = 0;
    On([&] { count = groups_->Describe("g").members.size(); });
    return count;
  }

  const Namespace space_{"default"};
  storage::MemoryLogStore store_;
  CommitQueue commits_{store_, SyncPolicy::kCommit, shard_};
  FakeTopics topics_;
  std::unique_ptr<OffsetStore> offsets_;
  std::unique_ptr<GroupCoordinator> groups_;
};

TEST_F(GroupConnectionTest, AdvancingSparesAMemberWhileItIsConnected) {
  const JoinResult joined = Member(kFirst);
  EXPECT_THAT(Advance(seconds(100)), IsEmpty());
  EXPECT_EQ(MemberCount(), 1u);
  Close(kSecond);  // somebody else's
  EXPECT_THAT(Advance(seconds(100)), IsEmpty());
  Close(kFirst);
  EXPECT_THAT(Advance(seconds(10)),
              ElementsAre("session of member " + joined.member_id + " of group g"));
  EXPECT_EQ(MemberCount(), 0u);
}

TEST_F(GroupConnectionTest, AMemberThatSpeaksByAnotherConnectionIsConnected) {
  const JoinResult joined = Member(kFirst);
  Close(kFirst);
  EXPECT_EQ(Heartbeat(joined, kSecond), GroupError::kNone);
  EXPECT_THAT(Advance(seconds(100)), IsEmpty());
  // The old one's end, heard late, says nothing any more.
  Close(kFirst);
  EXPECT_THAT(Advance(seconds(100)), IsEmpty());
  Close(kSecond);
  EXPECT_EQ(Advance(seconds(10)).size(), 1u);
}

TEST_F(GroupConnectionTest, OneWhoseConnectionIsNotKnownIsNotSpared) {
  Member(0);
  EXPECT_EQ(Advance(seconds(10)).size(), 1u);
}

TEST_F(GroupConnectionTest, ThoseAboutToJoinAreMembersInThis) {
  EXPECT_EQ(Join(kFirst, /*require_member_id=*/true).error, GroupError::kMemberIdRequired);
  EXPECT_THAT(Advance(seconds(100)), IsEmpty());
  Close(kFirst);
  EXPECT_THAT(Advance(seconds(10)), ElementsAre(StartsWith("second join of member client-")));
}

}  // namespace
}  // namespace wherry::core
