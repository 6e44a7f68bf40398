#include "broker/nats/permissions.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/nats/subject.h"

namespace wherry::nats {
namespace {

std::shared_ptr<const Permissions> Compiled(const UserPermissions& rules) {
  auto permissions = Permissions::Compile(rules);
  if (permissions.ok()) return *permissions;
  ADD_FAILURE() << permissions.status();
  return nullptr;
}
std::shared_ptr<const Permissions> Publish(SubjectRules rules) {
  return Compiled({.publish = std::move(rules)});
}
std::shared_ptr<const Permissions> Subscribe(SubjectRules rules) {
  return Compiled({.subscribe = std::move(rules)});
}

TEST(PermissionsTest, NoRulesAllowEverything) {
  const auto permissions = Compiled({});
  EXPECT_TRUE(permissions->may_publish_all());
  EXPECT_TRUE(permissions->MayPublish("a"));
  EXPECT_TRUE(permissions->MaySubscribe(">", ""));
  EXPECT_TRUE(permissions->MaySubscribe(">", "q"));
  EXPECT_FALSE(permissions->NeedsDeliveryCheck(">", ""));
}

TEST(PermissionsTest, DenyIsStrongerThanAllow) {
  const auto permissions = Publish({.allow = {"a.>", "b"}, .deny = {"a.secret.*"}});
  EXPECT_FALSE(permissions->may_publish_all());
  for (const char* yes : {"a.b", "b", "a.secret", "a.secret.x.y"}) {
    EXPECT_TRUE(permissions->MayPublish(yes)) << yes;
  }
  for (const char* no : {"a", "c", "b.c", "a.secret.x", "a..b", ""}) {
    EXPECT_FALSE(permissions->MayPublish(no)) << no;
  }
}

TEST(PermissionsTest, DenyAloneAllowsTheRest) {
  const auto permissions = Publish({.deny = {"a.*"}});
  EXPECT_FALSE(permissions->may_publish_all());
  EXPECT_TRUE(permissions->MayPublish("a"));
  EXPECT_FALSE(permissions->MayPublish("a.b"));
}

TEST(PermissionsTest, LeaveToAnswerTurnsTheBlanketAllowOff) {
  for (const auto& publish :
       {std::optional<SubjectRules>(), std::optional<SubjectRules>({.deny = {"x"}})}) {
    const auto permissions =
        Compiled({.publish = publish, .allow_responses = AllowResponses{0, runtime::Duration(0)}});
    EXPECT_FALSE(permissions->MayPublish("a"));
    EXPECT_EQ(permissions->allow_responses()->max, 1);
    EXPECT_EQ(permissions->allow_responses()->expires, std::chrono::minutes(2));
  }
  const auto permissions = Compiled(
      {.publish = SubjectRules{.allow = {"a"}}, .allow_responses = AllowResponses{-1, {}}});
  EXPECT_TRUE(permissions->MayPublish("a"));
  EXPECT_FALSE(permissions->MayPublish("b"));
  EXPECT_EQ(permissions->allow_responses()->max, -1);
}

TEST(PermissionsTest, ASubscriptionMustBeCovered) {
  const auto permissions = Subscribe({.allow = {"a.*", "b.>"}});
  for (const char* yes : {"a.b", "a.*", "b.c", "b.>", "b.*.c", "b.c.>"}) {
    EXPECT_TRUE(permissions->MaySubscribe(yes, "")) << yes;
  }
  for (const char* no : {"a", "a.b.c", "*.b", ">", "b", "*.>"}) {
    EXPECT_FALSE(permissions->MaySubscribe(no, "")) << no;
  }
  EXPECT_TRUE(permissions->MaySubscribe("a.b", "any"));
  EXPECT_TRUE(permissions->MaySubscribe("a.>", "")) << "what nats-server does, odd as it is";
}

TEST(PermissionsTest, QueuesOfAllowEntries) {
  const auto any = Subscribe({.allow = {"a"}});
  EXPECT_TRUE(any->MaySubscribe("a", ""));
  EXPECT_TRUE(any->MaySubscribe("a", "v1"));
  const auto only = Subscribe({.allow = {"a v1"}});
  EXPECT_FALSE(only->MaySubscribe("a", ""));
  EXPECT_TRUE(only->MaySubscribe("a", "v1"));
  EXPECT_FALSE(only->MaySubscribe("a", "v2"));
  const auto both = Subscribe({.allow = {"a", "a\tv1", " a  v2.* "}});
  EXPECT_TRUE(both->MaySubscribe("a", ""));
  EXPECT_TRUE(both->MaySubscribe("a", "v1"));
  EXPECT_TRUE(both->MaySubscribe("a", "v2.x"));
  EXPECT_FALSE(both->MaySubscribe("a", "v2"));
  EXPECT_FALSE(both->MaySubscribe("a", "v3"));
}

TEST(PermissionsTest, QueuesOfDenyEntries) {
  const auto permissions = Subscribe({.deny = {"a v1", "b.> v2.>"}});
  EXPECT_TRUE(permissions->MaySubscribe("a", ""));
  EXPECT_TRUE(permissions->MaySubscribe("a", "v2"));
  EXPECT_FALSE(permissions->MaySubscribe("a", "v1"));
  EXPECT_FALSE(permissions->MaySubscribe("b.c", "v2.x"));
  EXPECT_FALSE(permissions->MaySubscribe("b.c", "v2.>")) << "a queue may be called so";
  EXPECT_FALSE(permissions->delivery_ignores_queue());
}

TEST(PermissionsTest, AnOverlappingDenyIsAskedAtDelivery) {
  const auto permissions = Subscribe({.deny = {"a.b", "c.*.d", "q.x v1"}});
  for (const char* wide : {"a.*", ">", "a.>", "c.>", "*.*.d"}) {
    EXPECT_TRUE(permissions->MaySubscribe(wide, "")) << wide;
    EXPECT_TRUE(permissions->NeedsDeliveryCheck(wide, "")) << wide;
  }
  for (const char* apart : {"a.c", "a.*.b", "d.>", "q.*"}) {
    EXPECT_TRUE(permissions->MaySubscribe(apart, "")) << apart;
    EXPECT_FALSE(permissions->NeedsDeliveryCheck(apart, "")) << apart;
  }
  EXPECT_TRUE(permissions->NeedsDeliveryCheck("q.*", "v1"));
  EXPECT_FALSE(permissions->NeedsDeliveryCheck("q.*", "v2"));
  EXPECT_FALSE(permissions->MayDeliver("a.b", ""));
  EXPECT_TRUE(permissions->MayDeliver("a.c", ""));
  EXPECT_TRUE(permissions->MayDeliver("q.x", ""));
  EXPECT_FALSE(permissions->MayDeliver("q.x", "v1"));
}

TEST(PermissionsTest, WhatIsNoSubjectIsNamed) {
  const auto error = [](const UserPermissions& rules) {
    return std::string(Permissions::Compile(rules).status().message());
  };
  EXPECT_EQ(error({.publish = SubjectRules{.allow = {"a", "a..b"}}}),
            "publish allow: \"a..b\" is not a valid subject");
  EXPECT_EQ(error({.publish = SubjectRules{.deny = {"a q"}}}),
            "publish deny: \"a q\" is not a valid subject");
  EXPECT_EQ(error({.subscribe = SubjectRules{.allow = {"a b c"}}}),
            "subscribe allow: \"a b c\" is not a valid subject");
  EXPECT_EQ(error({.subscribe = SubjectRules{.deny = {"a q..r"}}}),
            "subscribe deny: queue \"q..r\" is not a valid queue");
  EXPECT_EQ(error({.subscribe = SubjectRules{.deny = {""}}}),
            "subscribe deny: \"\" is not a valid subject");
  std::string deep = "*";
  while (deep.size() < 2 * core::SubjectTrie<char>::kMaxTokens) deep += ".*";
  EXPECT_NE(error({.publish = SubjectRules{.deny = {deep}}}), "") << "it would never match";
}

TEST(PermissionsTest, TheWordsOfViolations) {
  EXPECT_EQ(PublishViolation("a.b"), "Permissions Violation for Publish to \"a.b\"");
  EXPECT_EQ(ReplyViolation("_R_.x"), "Permissions Violation for Publish with Reply of \"_R_.x\"");
  EXPECT_EQ(SubscribeViolation("a.>", ""), "Permissions Violation for Subscription to \"a.>\"");
  EXPECT_EQ(SubscribeViolation("a", "q"),
            "Permissions Violation for Subscription to \"a\" using queue \"q\"");
  EXPECT_EQ(PublishViolation("a\"b"), "Permissions Violation for Publish to \"a\\\"b\"");
}

TEST(PermissionsTest, WhatOnlyServersMayUse) {
  EXPECT_TRUE(IsReservedSubject("_GR_.a"));
  EXPECT_TRUE(IsReservedSubject("$NRG.a"));
  EXPECT_TRUE(IsReservedReply("_R_.a"));
  EXPECT_TRUE(IsReservedReply("_GR_.a"));
  EXPECT_TRUE(IsReservedReply("$JS.ACK.a"));
  for (const char* free : {"", "_GR_", "_GR_.", "$JS.ACK.", "_R_", "_INBOX.a", "a._R_.b", "$SYS"}) {
    EXPECT_FALSE(IsReservedSubject(free)) << free;
    EXPECT_FALSE(IsReservedReply(free)) << free;
  }
}

// ---- against a naive model ----

struct Entry {
  std::string subject, queue;
};

rc::Gen<std::string> Pattern() {
  const auto token = rc::gen::element<std::string>("a", "b", "*");
  return rc::gen::map(
      rc::gen::pair(
          rc::gen::resize(3,
                          rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(token))),
          rc::gen::inRange(0, 4)),
      [](const std::pair<std::vector<std::string>, int>& parts) {
        std::string text;
        for (const std::string& part : parts.first) text += (text.empty() ? "" : ".") + part;
        return parts.second == 0 ? text + ".>" : text;
      });
}
rc::Gen<std::vector<Entry>> Entries() {
  const auto queue = rc::gen::element<std::string>("", "", "q", "q.x", "q.*", ">");
  return rc::gen::resize(
      4, rc::gen::container<std::vector<Entry>>(
             rc::gen::map(rc::gen::pair(Pattern(), queue), [](const auto& parts) {
               return Entry{parts.first, parts.second};
             })));
}
std::vector<std::string> Lines(const std::vector<Entry>& entries) {
  std::vector<std::string> lines;
  for (const Entry& e : entries) {
    lines.push_back(e.queue.empty() ? e.subject : e.subject + " " + e.queue);
  }
  return lines;
}

// The rules as nats-server's documentation has them, one entry after another.
bool ModelDenies(const std::vector<Entry>& deny, std::string_view subject, std::string_view queue) {
  return std::any_of(deny.begin(), deny.end(), [&](const Entry& e) {
    if (!SubjectMatches(e.subject, subject)) return false;
    return e.queue.empty() || (!queue.empty() && SubjectMatches(e.queue, queue));
  });
}
bool ModelAllows(const std::vector<Entry>& allow, std::string_view subject,
                 std::string_view queue) {
  if (allow.empty()) return true;
  bool plain = false, about_queues = false, by_queue = false;
  for (const Entry& e : allow) {
    if (!SubjectMatches(e.subject, subject)) continue;
    if (e.queue.empty()) {
      plain = true;
    } else if (!queue.empty()) {
      about_queues = true;
      by_queue = by_queue || SubjectMatches(e.queue, queue);
    }
  }
  return about_queues ? by_queue : plain;
}

constexpr const char* kLiterals[] = {"a",     "b",     "a.a",   "a.b",   "b.a",
                                     "b.b",   "a.a.a", "a.b.a", "b.a.b", "a.a.b.b"};

RC_GTEST_PROP(PermissionsProperty, PublishingIsWhatTheListsSay, ()) {
  std::vector<Entry> allow = *Entries(), deny = *Entries();
  for (auto* list : {&allow, &deny}) {
    for (Entry& entry : *list) entry.queue.clear();
  }
  const auto permissions = Publish({.allow = Lines(allow), .deny = Lines(deny)});
  for (const char* subject : kLiterals) {
    RC_ASSERT(permissions->MayPublish(subject) ==
              (ModelAllows(allow, subject, "") && !ModelDenies(deny, subject, "")));
  }
}

RC_GTEST_PROP(PermissionsProperty, SubscribingIsWhatTheListsSay, ()) {
  const std::vector<Entry> allow = *Entries(), deny = *Entries();
  const auto permissions = Subscribe({.allow = Lines(allow), .deny = Lines(deny)});
  const std::string subject = *Pattern();
  for (const char* queue : {"", "q", "q.x", "r"}) {
    RC_ASSERT(permissions->MaySubscribe(subject, queue) ==
              (ModelAllows(allow, subject, queue) && !ModelDenies(deny, subject, queue)));
  }
}

// Nothing denied gets through: either the subscription is refused, or its deliveries are checked.
RC_GTEST_PROP(PermissionsProperty, NoDeniedMessageIsDelivered, ()) {
  const std::vector<Entry> deny = *Entries();
  const auto permissions = Subscribe({.deny = Lines(deny)});
  const std::string subscription = *Pattern();
  for (const char* queue : {"", "q", "q.x", "r"}) {
    if (!permissions->MaySubscribe(subscription, queue)) continue;
    const bool checked = permissions->NeedsDeliveryCheck(subscription, queue);
    bool any_denied = false;
    for (const char* subject : kLiterals) {
      if (!SubjectMatches(subscription, subject)) continue;
      const bool denied = ModelDenies(deny, subject, queue);
      any_denied = any_denied || denied;
      RC_ASSERT(permissions->MayDeliver(subject, queue) == !denied);
    }
    RC_ASSERT(checked || !any_denied);
  }
}

}  // namespace
}  // namespace wherry::nats
