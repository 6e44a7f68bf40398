#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "broker/core/group_coordinator.h"
#include "storage/memory_log_store.h"
#include "tests/unit/broker/core/fake_topics.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::core {

// Groups and offsets on a running shard over a memory store, which "restarts" keep.
class GroupFixture : public ShardFixture {
 protected:
  GroupFixture() {
    commits_.Start();
    Open();
  }
  ~GroupFixture() override {
    Close();
    commits_.Stop();
    shard_.Stop();
  }

  void Open() {
    On([this] {
      offsets_ = OffsetStore::Open(space_, store_, commits_, max_offset_bytes_).value();
      groups_ = GroupCoordinator::Open(space_,
                                       {store_, commits_, shard_, *offsets_, topics_,
                                        kTextCodec, [this](std::string_view) { return times_; }},
                                       settings_)
                    .value();
    });
  }
  void Close() {
    On([this] {
      groups_.reset();
      offsets_.reset();
    });
    Settle();
  }
  void Restart() {
    Close();
    Open();
  }

  template <typename T>
  using Later = std::shared_ptr<std::optional<T>>;

  static JoinRequest Joining(const std::string& member_id = "") {
    JoinRequest request;
    request.group_id = "g";
    request.member_id = member_id;
    request.client_id = "client";
    request.client_host = "/127.0.0.1";
    request.protocol_type = "consumer";
    request.protocols = {{"range", "topics"}};
    request.session_timeout = std::chrono::seconds(10);
    request.rebalance_timeout = std::chrono::seconds(60);
    return request;
  }
  static JoinRequest JoiningAs(const std::string& instance_id) {
    JoinRequest request = Joining();
    request.instance_id = instance_id;
    return request;
  }

  Later<JoinResult> Join(JoinRequest request) {
    auto later = std::make_shared<std::optional<JoinResult>>();
    On([&] {
      groups_->Join(std::move(request), [later](JoinResult joined) { *later = std::move(joined); });
      EXPECT_FALSE(later->has_value()) << "answered inside the call";
    });
    Settle();
    return later;
  }
  Later<SyncResult> Sync(const JoinResult& joined,
                         std::vector<SyncRequest::Assignment> assignments = {}) {
    SyncRequest request;
    request.claim = Claim(joined);
    request.assignments = std::move(assignments);
    auto later = std::make_shared<std::optional<SyncResult>>();
    On([&] {
      groups_->Sync(std::move(request), [later](SyncResult synced) { *later = std::move(synced); });
    });
    Settle();
    return later;
  }
  static MemberClaim Claim(const JoinResult& joined) {
    return {"g", joined.generation, joined.member_id, std::nullopt};
  }
  GroupError Heartbeat(const MemberClaim& claim) {
    GroupError error{};
    On([&] { error = groups_->Heartbeat(claim); });
    return error;
  }
  GroupError ValidateCommit(const MemberClaim& claim) {
    GroupError error{};
    On([&] { error = groups_->ValidateCommit(claim); });
    return error;
  }
  GroupError Leave(const LeavingMember& member) {
    GroupError error{};
    On([&] { error = groups_->Leave("g", {member}).front(); });
    Settle();
    return error;
  }
  GroupError Delete(const std::string& group_id) {
    std::optional<GroupError> error;
    On([&] { groups_->Delete(group_id, [&](GroupError answer) { error = answer; }); });
    Settle();
    return error.value();
  }
  GroupDescription Describe() {
    GroupDescription description;
    On([&] { description = groups_->Describe("g"); });
    return description;
  }
  void Commit(const std::string& group, const std::string& topic, std::int64_t offset) {
    absl::Status status = absl::UnknownError("not answered");
    On([&] {
      offsets_->Commit(group, {{topic, 0, {offset, 3, "note", 77}}},
                       [&](const absl::Status& answer) { status = answer; });
      // Not seen before it is kept.
      EXPECT_NE(offsets_->Fetch(group, topic, 0).value_or(CommittedOffset{}).offset, offset);
    });
    Settle();
    EXPECT_TRUE(status.ok()) << status;
  }
  std::optional<CommittedOffset> Fetch(const std::string& group, const std::string& topic) {
    std::optional<CommittedOffset> found;
    On([&] { found = offsets_->Fetch(group, topic, 0); });
    return found;
  }

  // A group of one member, "a", that is stable.
  JoinResult StableGroup() {
    const JoinResult joined = Join(Joining())->value();
    EXPECT_EQ(Sync(joined, {{joined.member_id, "all"}})->value().assignment, "all");
    return joined;
  }

  const Namespace space_{"default"};
  GroupSettings settings_;
  ConsumerGroupTimes times_;
  FakeTopics topics_;
  std::size_t max_offset_bytes_ = OffsetStore::kMaxBytes;
  storage::MemoryLogStore store_;
  CommitQueue commits_{store_, SyncPolicy::kCommit, shard_};
  std::unique_ptr<OffsetStore> offsets_;
  std::unique_ptr<GroupCoordinator> groups_;
};

}  // namespace wherry::core
