#include "broker/nats/connection_permissions.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::nats {
namespace {

using std::chrono::seconds;

runtime::Instant At(runtime::Duration since_start) { return runtime::Instant(since_start); }

ConnectionPermissions With(const UserPermissions& rules) {
  auto permissions = Permissions::Compile(rules);
  EXPECT_TRUE(permissions.ok()) << permissions.status();
  return ConnectionPermissions(*permissions);
}

TEST(VerdictCacheTest, AsksOnceWhileItRemembers) {
  VerdictCache cache;
  int asked = 0;
  const auto decide = [&](std::string_view subject) {
    ++asked;
    return subject == "yes";
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(cache.Get("yes", decide));
    EXPECT_FALSE(cache.Get("no", decide));
  }
  EXPECT_EQ(asked, 2);
  const std::string longer(VerdictCache::kMaxSubjectBytes + 1, 'x');
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(cache.Get(longer, decide));
  EXPECT_EQ(asked, 5) << "not remembered";
}

RC_GTEST_PROP(VerdictCacheTest, NeverTellsAnothersVerdict, ()) {
  VerdictCache cache;
  const auto numbers =
      *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
  for (const int number : numbers) {
    const bool verdict = cache.Get("s." + std::to_string(number), [](std::string_view subject) {
      return subject.back() % 2 == 0;
    });
    RC_ASSERT(verdict == (number % 2 == 0));
  }
}

TEST(GrantedRepliesTest, AsManyAnswersAsAllowed) {
  GrantedReplies one({.max = 1}), three({.max = 3}), any({.max = -1});
  for (GrantedReplies* replies : {&one, &three, &any}) {
    EXPECT_FALSE(replies->Use("r", At({}))) << "nothing was received";
    replies->Grant("r", At({}));
    EXPECT_FALSE(replies->Use("s", At({})));
  }
  EXPECT_TRUE(one.Use("r", At({})));
  EXPECT_FALSE(one.Use("r", At({})));
  EXPECT_EQ(one.size(), 0u) << "what is used up is forgotten";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(three.Use("r", At({})));
  EXPECT_FALSE(three.Use("r", At({})));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(any.Use("r", At({})));
}

TEST(GrantedRepliesTest, AnswersMustComeInTime) {
  GrantedReplies replies({.max = -1, .expires = seconds(10)});
  replies.Grant("r", At(seconds(1)));
  EXPECT_TRUE(replies.Use("r", At(seconds(11))));
  EXPECT_FALSE(replies.Use("r", At(seconds(11) + runtime::Duration(1))));
  EXPECT_EQ(replies.size(), 0u);
  GrantedReplies never({.max = 1, .expires = runtime::Duration(-1)});
  never.Grant("r", At({}));
  EXPECT_TRUE(never.Use("r", At(seconds(1'000'000))));
}

TEST(GrantedRepliesTest, EachDeliveryBeginsAnew) {
  GrantedReplies replies({.max = 1, .expires = seconds(10)});
  replies.Grant("r", At({}));
  EXPECT_TRUE(replies.Use("r", At({})));
  replies.Grant("r", At(seconds(5)));
  replies.Grant("r", At(seconds(8)));
  EXPECT_EQ(replies.size(), 1u);
  EXPECT_TRUE(replies.Use("r", At(seconds(18)))) << "ten seconds from the latest";
  EXPECT_FALSE(replies.Use("r", At(seconds(18))));
}

TEST(GrantedRepliesTest, WhatIsOverIsForgotten) {
  GrantedReplies replies({.max = 1, .expires = seconds(10)});
  for (int i = 0; i < 100; ++i) replies.Grant("r" + std::to_string(i), At(seconds(i)));
  EXPECT_EQ(replies.size(), 11u);
}

TEST(GrantedRepliesTest, ItsMemoryIsBounded) {
  GrantedReplies many({.max = -1, .expires = runtime::Duration(-1)});
  for (std::size_t i = 0; i < GrantedReplies::kMaxReplies + 10; ++i) {
    many.Grant("r" + std::to_string(i), At({}));
  }
  EXPECT_EQ(many.size(), GrantedReplies::kMaxReplies);
  EXPECT_FALSE(many.Use("r9", At({}))) << "the oldest went";
  EXPECT_TRUE(many.Use("r10", At({})));
  GrantedReplies large({.max = -1, .expires = runtime::Duration(-1)});
  for (int i = 0; i < 100; ++i) {
    large.Grant(std::string(1024 * 1024, 'x') + std::to_string(i), At({}));
  }
  EXPECT_LE(large.size(), 8u);
}

// Against a map, without the bounds: few subjects, so that they meet again and again.
RC_GTEST_PROP(GrantedRepliesTest, AgreesWithANaiveModel, ()) {
  const AllowResponses limits{*rc::gen::inRange(-1, 4), seconds(*rc::gen::inRange(-1, 6))};
  RC_PRE(limits.max != 0 && limits.expires.count() != 0);
  GrantedReplies replies(limits);
  std::map<std::string, std::pair<runtime::Instant, int>> model;  // granted when, used how often
  runtime::Instant now{};
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(0, 4)));
  for (const auto& [step, which] : steps) {
    const std::string subject = "r" + std::to_string(which);
    now += seconds(step == 0 ? which : 0);
    if (step == 1) {
      replies.Grant(subject, now);
      model[subject] = {now, 0};
    } else if (step == 2) {
      const auto found = model.find(subject);
      const bool expected = found != model.end() &&
                            (limits.expires.count() < 0 ||
                             now - found->second.first <= limits.expires) &&
                            (limits.max < 0 || found->second.second < limits.max);
      if (expected) ++found->second.second;
      RC_ASSERT(replies.Use(subject, now) == expected);
    }
  }
}

TEST(ConnectionPermissionsTest, WithoutAnswersVerdictsLast) {
  ConnectionPermissions permissions = With({.publish = SubjectRules{.allow = {"a"}}});
  EXPECT_FALSE(permissions.tracks_replies());
  permissions.Delivered("r", At({}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(permissions.MayPublish("a", At({})).allowed);
    EXPECT_TRUE(permissions.MayPublish("a", At({})).lasting);
    EXPECT_FALSE(permissions.MayPublish("r", At({})).allowed);
    EXPECT_TRUE(permissions.MayPublish("r", At({})).lasting);
  }
}

TEST(ConnectionPermissionsTest, AnswersAreCountedAndNeverKept) {
  ConnectionPermissions permissions =
      With({.publish = SubjectRules{.allow = {"a"}, .deny = {"no.>"}},
            .allow_responses = AllowResponses{}});
  EXPECT_TRUE(permissions.tracks_replies());
  EXPECT_FALSE(permissions.MayPublish("no.r", At({})).allowed);
  permissions.Delivered("no.r", At({}));
  permissions.Delivered("", At({}));
  const auto verdict = permissions.MayPublish("no.r", At({}));
  EXPECT_TRUE(verdict.allowed) << "an answer passes a deny";
  EXPECT_FALSE(verdict.lasting);
  const auto again = permissions.MayPublish("no.r", At({}));
  EXPECT_FALSE(again.allowed || again.lasting) << "the next delivery may allow it";
  permissions.Delivered("a", At({}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(permissions.MayPublish("a", At({})).allowed) << "allowed anyway, not counted";
    EXPECT_TRUE(permissions.MayPublish("a", At({})).lasting);
  }
}

TEST(ConnectionPermissionsTest, DeliveriesDependOnTheQueueWhereEntriesNameOne) {
  ConnectionPermissions permissions =
      With({.subscribe = SubjectRules{.deny = {"a.b", "a.c v1"}}});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(permissions.MayDeliver("a.b", ""));
    EXPECT_FALSE(permissions.MayDeliver("a.b", "v1"));
    EXPECT_TRUE(permissions.MayDeliver("a.c", ""));
    EXPECT_FALSE(permissions.MayDeliver("a.c", "v1"));
    EXPECT_TRUE(permissions.MayDeliver("a.c", "v2"));
  }
}

}  // namespace
}  // namespace wherry::nats
