// Who may do what, by Kafka's rules.
#include <future>

#include <gtest/gtest.h>

#include "broker/kafka/security/authorizer.h"
#include "storage/memory_log_store.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::kafka {
namespace {

using Op = AclOperation;
using Type = AclResourceType;
constexpr auto kAllow = AclPermission::kAllow;
constexpr auto kDeny = AclPermission::kDeny;
constexpr auto kLiteral = AclPatternType::kLiteral;
constexpr auto kPrefixed = AclPatternType::kPrefixed;

const Requester kAnn = {Principal::User("ann"), "10.0.0.1"};
const Requester kBob = {Principal::User("bob"), "10.0.0.2"};
const Requester kAdmin = {Principal::User("admin"), "10.0.0.3"};

AclBinding Entry(AclPermission permission, const std::string& principal, Op operation,
                 const std::string& topic, AclPatternType pattern = kLiteral,
                 const std::string& host = "*") {
  return {Type::kTopic, pattern, topic, principal, host, operation, permission};
}

class AuthorizerTest : public core::ShardFixture {
 protected:
  AuthorizerTest() {
    commits_.Start();
    Open();
  }
  ~AuthorizerTest() override {
    On([this] { authorizer_.reset(); });
    commits_.Stop();
    shard_.Stop();
  }

  void Open(bool allow_everyone = false) {
    auto settings = SecuritySettings::Make({.authorizer = true,
                                            .super_users = {"User:admin"},
                                            .allow_everyone_if_no_acl_found = allow_everyone})
                        .value();
    On([&] {
      authorizer_.reset();
      authorizer_ = Authorizer::Open({"default"}, store_, commits_, settings).value();
    });
  }
  void Change(void (Authorizer::*change)(std::vector<AclBinding>, Authorizer::Done),
              std::vector<AclBinding> bindings) {
    std::promise<absl::Status> done;
    On([&] {
      ((*authorizer_).*change)(std::move(bindings),
                               [&done](const absl::Status& status) { done.set_value(status); });
    });
    EXPECT_TRUE(done.get_future().get().ok());
  }
  void Create(std::vector<AclBinding> bindings) {
    Change(&Authorizer::Create, std::move(bindings));
  }
  void Delete(std::vector<AclBinding> bindings) {
    Change(&Authorizer::Delete, std::move(bindings));
  }
  bool Allows(const Requester& who, Op operation, const std::string& topic) {
    bool allows = false;
    On([&] { allows = authorizer_->Allows(who, operation, Type::kTopic, topic); });
    return allows;
  }
  bool AllowsSome(const Requester& who) {
    bool allows = false;
    On([&] { allows = authorizer_->AllowsSome(who, Op::kWrite, Type::kTopic); });
    return allows;
  }

  storage::MemoryLogStore store_;
  core::CommitQueue commits_{store_, core::SyncPolicy::kCommit, shard_};
  std::unique_ptr<Authorizer> authorizer_;
};

TEST_F(AuthorizerTest, WhatNoEntrySpeaksOfIsDeniedOrOpen) {
  EXPECT_FALSE(Allows(kAnn, Op::kRead, "t"));
  EXPECT_TRUE(Allows(kAdmin, Op::kRead, "t"));
  Open(true);
  EXPECT_TRUE(Allows(kAnn, Op::kRead, "t"));
  // Once somebody is named, the others are not.
  Create({Entry(kAllow, "User:bob", Op::kRead, "t")});
  EXPECT_FALSE(Allows(kAnn, Op::kRead, "t"));
  EXPECT_TRUE(Allows(kBob, Op::kRead, "t"));
  EXPECT_FALSE(Allows(kBob, Op::kWrite, "t"));
  EXPECT_TRUE(Allows(kAnn, Op::kRead, "other"));
}

TEST_F(AuthorizerTest, AnEntryAllowsWhomAndWhatItNames) {
  struct Case {
    AclBinding entry;
    Requester who;
    Op operation;
    std::string topic;
    bool allowed;
  };
  const std::vector<Case> cases = {
      {Entry(kAllow, "User:ann", Op::kRead, "t"), kAnn, Op::kRead, "t", true},
      {Entry(kAllow, "User:ann", Op::kRead, "t"), kBob, Op::kRead, "t", false},
      {Entry(kAllow, "User:ann", Op::kRead, "t"), kAnn, Op::kRead, "tt", false},
      {Entry(kAllow, "User:*", Op::kRead, "t"), kBob, Op::kRead, "t", true},
      {Entry(kAllow, "Group:ann", Op::kRead, "t"), kAnn, Op::kRead, "t", false},
      {Entry(kAllow, "User:ann", Op::kAll, "t"), kAnn, Op::kAlterConfigs, "t", true},
      {Entry(kAllow, "User:ann", Op::kRead, "*"), kAnn, Op::kRead, "t", true},
      {Entry(kAllow, "User:ann", Op::kRead, "orders-", kPrefixed), kAnn, Op::kRead, "orders-1",
       true},
      {Entry(kAllow, "User:ann", Op::kRead, "orders-", kPrefixed), kAnn, Op::kRead, "orders-",
       true},
      {Entry(kAllow, "User:ann", Op::kRead, "orders-", kPrefixed), kAnn, Op::kRead, "orders",
       false},
      // As a prefix it is no wildcard.
      {Entry(kAllow, "User:ann", Op::kRead, "*", kPrefixed), kAnn, Op::kRead, "t", false},
      {Entry(kAllow, "User:ann", Op::kRead, "t", kLiteral, "10.0.0.1"), kAnn, Op::kRead, "t", true},
      {Entry(kAllow, "User:ann", Op::kRead, "t", kLiteral, "10.0.0.9"), kAnn, Op::kRead, "t",
       false},
      // What includes another.
      {Entry(kAllow, "User:ann", Op::kRead, "t"), kAnn, Op::kDescribe, "t", true},
      {Entry(kAllow, "User:ann", Op::kWrite, "t"), kAnn, Op::kDescribe, "t", true},
      {Entry(kAllow, "User:ann", Op::kDelete, "t"), kAnn, Op::kDescribe, "t", true},
      {Entry(kAllow, "User:ann", Op::kAlter, "t"), kAnn, Op::kDescribe, "t", true},
      {Entry(kAllow, "User:ann", Op::kCreate, "t"), kAnn, Op::kDescribe, "t", false},
      {Entry(kAllow, "User:ann", Op::kDescribe, "t"), kAnn, Op::kRead, "t", false},
      {Entry(kAllow, "User:ann", Op::kAlterConfigs, "t"), kAnn, Op::kDescribeConfigs, "t", true},
      {Entry(kAllow, "User:ann", Op::kDescribeConfigs, "t"), kAnn, Op::kAlterConfigs, "t", false},
      {Entry(kAllow, "User:ann", Op::kWrite, "t"), kAnn, Op::kRead, "t", false},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Create({cases[i].entry});
    EXPECT_EQ(Allows(cases[i].who, cases[i].operation, cases[i].topic), cases[i].allowed) << i;
    Delete({cases[i].entry});
    EXPECT_FALSE(Allows(cases[i].who, cases[i].operation, cases[i].topic)) << i;
  }
}

TEST_F(AuthorizerTest, DenyIsStronger) {
  Create({Entry(kAllow, "User:ann", Op::kAll, "*"), Entry(kDeny, "User:*", Op::kRead, "secret-",
                                                          kPrefixed)});
  EXPECT_TRUE(Allows(kAnn, Op::kRead, "t"));
  EXPECT_FALSE(Allows(kAnn, Op::kRead, "secret-1"));
  EXPECT_TRUE(Allows(kAnn, Op::kWrite, "secret-1"));
  // To be denied one thing denies no other.
  EXPECT_TRUE(Allows(kAnn, Op::kDescribe, "secret-1"));
  EXPECT_TRUE(Allows(kAdmin, Op::kRead, "secret-1"));
  Create({Entry(kDeny, "User:ann", Op::kAll, "t", kLiteral, "10.0.0.1")});
  EXPECT_FALSE(Allows(kAnn, Op::kDescribe, "t"));
  EXPECT_TRUE(Allows({Principal::User("ann"), "10.0.0.9"}, Op::kDescribe, "t"));
}

TEST_F(AuthorizerTest, SomeResourceOfAType) {
  EXPECT_FALSE(AllowsSome(kAnn));
  EXPECT_TRUE(AllowsSome(kAdmin));
  Create({Entry(kAllow, "User:ann", Op::kWrite, "a-1")});
  EXPECT_TRUE(AllowsSome(kAnn));
  EXPECT_FALSE(AllowsSome(kBob));
  Create({Entry(kDeny, "User:ann", Op::kWrite, "a-", kPrefixed)});
  EXPECT_FALSE(AllowsSome(kAnn));
  Create({Entry(kAllow, "User:ann", Op::kAll, "b-", kPrefixed)});
  EXPECT_TRUE(AllowsSome(kAnn));
  Create({Entry(kDeny, "User:*", Op::kWrite, "*")});
  EXPECT_FALSE(AllowsSome(kAnn));
}

TEST_F(AuthorizerTest, EntriesAreKept) {
  const AclBinding entry = Entry(kAllow, "User:ann", Op::kRead, "orders-", kPrefixed, "10.0.0.1");
  Create({entry, entry, Entry(kAllow, "User:bob", Op::kAll, "*")});
  Open();
  EXPECT_TRUE(Allows(kAnn, Op::kRead, "orders-1"));
  Delete({entry});
  Open();
  EXPECT_FALSE(Allows(kAnn, Op::kRead, "orders-1"));
  EXPECT_TRUE(Allows(kBob, Op::kRead, "orders-1"));
  On([&] { EXPECT_EQ(authorizer_->acls().size(), 1u); });
}

TEST_F(AuthorizerTest, ARecordThatIsDamagedIsNamed) {
  storage::CommitBatch commit;
  commit.Put(core::StateKey({"default"}, "acls/") + "garbage", "\x01");
  ASSERT_TRUE(store_.Commit(commit, storage::Durability::kKernel).ok());
  On([&] {
    const auto opened = Authorizer::Open({"default"}, store_, commits_,
                                         SecuritySettings::Make({.authorizer = true}).value());
    EXPECT_TRUE(absl::IsDataLoss(opened.status()));
  });
}

TEST(AclFilterTest, MatchesAsKafkasDoes) {
  const AclBinding literal = Entry(kAllow, "User:ann", Op::kRead, "orders-1");
  const AclBinding all = Entry(kAllow, "User:ann", Op::kRead, "*");
  const AclBinding prefixed = Entry(kAllow, "User:ann", Op::kRead, "orders-", kPrefixed);
  const auto matches = [&](const AclFilter& filter) {
    return std::string(filter.Matches(literal) ? "l" : "") + (filter.Matches(all) ? "*" : "") +
           (filter.Matches(prefixed) ? "p" : "");
  };
  EXPECT_EQ(matches({}), "l*p");
  EXPECT_EQ(matches({.resource_type = Type::kGroup}), "");
  EXPECT_EQ(matches({.pattern_type = kLiteral}), "l*");
  EXPECT_EQ(matches({.pattern_type = kPrefixed}), "p");
  EXPECT_EQ(matches({.resource_name = "orders-1"}), "l");
  EXPECT_EQ(matches({.pattern_type = AclPatternType::kMatch, .resource_name = "orders-1"}), "l*p");
  EXPECT_EQ(matches({.pattern_type = AclPatternType::kMatch, .resource_name = "other"}), "*");
  EXPECT_EQ(matches({.pattern_type = kPrefixed, .resource_name = "orders-"}), "p");
  EXPECT_EQ(matches({.principal = "User:bob"}), "");
  EXPECT_EQ(matches({.host = "*"}), "l*p");
  EXPECT_EQ(matches({.operation = Op::kWrite}), "");
  EXPECT_EQ(matches({.permission = kDeny}), "");
  EXPECT_FALSE(AclFilter{.operation = Op::kUnknown}.IsKnown());
  EXPECT_TRUE(AclFilter{}.IsKnown());
}

}  // namespace
}  // namespace wherry::kafka
