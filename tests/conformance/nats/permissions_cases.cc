#include "tests/conformance/nats/permissions_cases.h"

#include <utility>

namespace wherry::conformance {
namespace {

using Cases = std::vector<PermissionsCase>;

// Made of "s3cret" with Go's bcrypt, cost 4.
constexpr char kHash[] = "$2a$04$.Cc/sXqAuZ68WFdnu5fKvurg13Zojq4ktuHqS/0JA1LPtxJfmeZD6";
// A public nkey made with Go's nkeys; nobody here can sign for it.
constexpr char kNkey[] = "UBB2OLTRIQAXMLPWNNUME3P334TIFKXMT4SHJ3FEME7EESQPXL6TYSAE";

std::string Connect(const std::string& more) {
  return "CONNECT {\"verbose\":false,\"pedantic\":false" + (more.empty() ? "" : "," + more) +
         "}\r\n";
}
std::string As(const std::string& user, const std::string& password = "p",
               const std::string& more = "") {
  return Connect("\"user\":\"" + user + "\",\"pass\":\"" + password + "\"" + more);
}
const std::string kU = As("u");
const std::string kAdmin = As("admin");
const char kPresents[] = ",\"headers\":true,\"no_responders\":true";
const std::string kViolation = "-ERR 'Authorization Violation'\r\n";

std::string Pub(const std::string& subject, const std::string& body = "x") {
  return "PUB " + subject + " " + std::to_string(body.size()) + "\r\n" + body + "\r\n";
}
std::string Msg(const std::string& arguments, const std::string& body = "x") {
  return "MSG " + arguments + " " + std::to_string(body.size()) + "\r\n" + body + "\r\n";
}
std::string NoPub(const std::string& quoted) {
  return "-ERR 'Permissions Violation for Publish to " + quoted + "'\r\n";
}
std::string NoReply(const std::string& quoted) {
  return "-ERR 'Permissions Violation for Publish with Reply of " + quoted + "'\r\n";
}
std::string NoSub(const std::string& quoted) {
  return "-ERR 'Permissions Violation for Subscription to " + quoted + "'\r\n";
}

// The user u with these permissions, and admin, who may do everything.
NatsOptions WithUser(NatsPermissions permissions) {
  NatsOptions options;
  options.users = {{.user = "u", .password = "p", .permissions = std::move(permissions)},
                   {.user = "admin", .password = "p"}};
  return options;
}
NatsOptions WithUsers(std::vector<NatsUser> users, std::string no_auth_user = "") {
  NatsOptions options;
  options.users = std::move(users);
  options.no_auth_user = std::move(no_auth_user);
  return options;
}

Cases Publishing() {
  const NatsSubjectRules rules{.allow = {"a.>", "b"}, .deny = {"a.secret.*"}};
  return {
      {"PublishAllowAndDeny", WithUser({.publish = rules}),
       {{1, kU + Pub("a.b") + Pub("b") + Pub("a.secret") + Pub("a.secret.x.y"), ""},
        {1, Pub("a") + Pub("c") + Pub("a.secret.x"),
         NoPub("\"a\"") + NoPub("\"c\"") + NoPub("\"a.secret.x\"")},
        {1, Pub("a..b") + Pub("a.secret.*"), NoPub("\"a..b\"") + NoPub("\"a.secret.*\"")},
        {1, "SUB c 1\r\nSUB > 2\r\n", ""}}},
      {"PublishDenyAlone", WithUser({.publish = NatsSubjectRules{.deny = {"a.*"}}}),
       {{1, kU + Pub("a") + Pub("b.c") + Pub("a.b"), NoPub("\"a.b\"")}}},
      {"PublishVerbose", WithUser({.publish = NatsSubjectRules{.deny = {"a"}},
                                   .subscribe = NatsSubjectRules{.deny = {"a"}}}),
       {{1,
         "CONNECT {\"user\":\"u\",\"pass\":\"p\"}\r\n" + Pub("a") + Pub("b") +
             "SUB a 1\r\nSUB b 2\r\n" + Pub("a _R_.x") + Pub("b _R_.x"),
         "+OK\r\n" + NoPub("\"a\"") + "+OK\r\n" + NoSub("\"a\"") + "+OK\r\n" + NoPub("\"a\"") +
             NoReply("\"_R_.x\"")}}},
      {"PublishWithHeaders", WithUser({.publish = NatsSubjectRules{.deny = {"a"}}}),
       {{1,
         As("u", "p", ",\"headers\":true") + "HPUB a 12 13\r\nNATS/1.0\r\n\r\nx\r\n" +
             "HPUB b _R_.q 12 13\r\nNATS/1.0\r\n\r\nx\r\n",
         NoPub("\"a\"") + NoReply("\"_R_.q\"")}}},
      {"SubjectsAreQuotedAsInGo", WithUser({.publish = NatsSubjectRules{.allow = {"x"}},
                                            .subscribe = NatsSubjectRules{.allow = {"x"}}}),
       {{1, kU + Pub("a\"b\\c"), NoPub(R"("a\"b\\c")")},
        {1, Pub("a\x01\x7f"), NoPub(R"("a\x01\x7f")")},
        {1, Pub("\xc3\xa4\xff"), NoPub("\"\xc3\xa4\\xff\"")},
        {1, Pub("\xc2\xa0"), NoPub(R"("\u00a0")")},
        {1, "SUB a\"b q\\\"r 1\r\n", NoSub(R"("a\"b" using queue "q\\\"r")")}}},
      {"ReservedWithoutPermissions", {},
       {{1, Connect("") + Pub("_GR_.a"), NoPub("\"_GR_.a\"")},
        {1, Pub("a _R_.x") + Pub("a $JS.ACK.x") + Pub("a _GR_.x"),
         NoReply("\"_R_.x\"") + NoReply("\"$JS.ACK.x\"") + NoReply("\"_GR_.x\"")},
        {1, Pub("$GNR.a") + Pub("a $GNR.x") + Pub("a _R_") + Pub("a $JS.ACK."), ""},
        {1, "SUB a _sys_ 1\r\nSUB _GR_.> 2\r\n", NoSub("\"a\" using queue \"_sys_\"")}}},
      {"ReservedConsensus", {}, {{1, Connect("") + Pub("$NRG.a"), NoPub("\"$NRG.a\"")}}, true},
  };
}

Cases Subscribing() {
  return {
      {"SubscribeMustBeCovered", WithUser({.subscribe = NatsSubjectRules{.allow = {"a.*", "b.>"}}}),
       {{1, kU + "SUB a.b 1\r\nSUB a.* 2\r\nSUB b.c 3\r\nSUB b.*.c 4\r\nSUB b.c.> 5\r\n", ""},
        {1, "SUB a.b q 6\r\n", ""},
        {1, "SUB a 7\r\nSUB a.b.c 8\r\nSUB > 9\r\nSUB *.b q 10\r\n",
         NoSub("\"a\"") + NoSub("\"a.b.c\"") + NoSub("\">\"") +
             NoSub("\"*.b\" using queue \"q\"")}}},
      // Not what the rules seem to say, but what it does.
      {"SubscribeToMoreThanAStar", WithUser({.subscribe = NatsSubjectRules{.allow = {"a.*"}}}),
       {{1, kU + "SUB a.> 1\r\n", ""},
        {2, kAdmin + Pub("a.b.c"), ""},
        {1, "", Msg("a.b.c 1")}}},
      {"SubscribeDenyOverlaps", WithUser({.subscribe = NatsSubjectRules{.deny = {"a.b"}}}),
       {{1, kU + "SUB a.* 1\r\nSUB a.b 2\r\n", NoSub("\"a.b\"")},
        {2, kAdmin + Pub("a.b") + Pub("a.c"), ""},
        {1, "", Msg("a.c 1")},
        {1, "UNSUB 1\r\nSUB > 3\r\n", ""},
        {2, Pub("a.b") + Pub("d"), ""},
        {1, "", Msg("d 3")}}},
      {"DeniedDeliveriesDoNotCount", WithUser({.subscribe = NatsSubjectRules{.deny = {"a.b"}}}),
       {{1, kU + "SUB a.* 1\r\nUNSUB 1 2\r\n", ""},
        {2, kAdmin + Pub("a.b") + Pub("a.c", "1") + Pub("a.b") + Pub("a.c", "2") + Pub("a.c"), ""},
        {1, "", Msg("a.c 1", "1") + Msg("a.c 1", "2")}}},
      {"ADeniedMemberIsPassedOver", WithUser({.subscribe = NatsSubjectRules{.deny = {"a.b"}}}),
       {{1, kU + "SUB a.* q 1\r\n", ""},
        {2, kAdmin + "SUB a.b q 2\r\n", ""},
        {3, kAdmin + Pub("a.b") + Pub("a.b") + Pub("a.b") + Pub("a.b") + Pub("a.b"), ""},
        {1, "", ""},
        {2, "", Msg("a.b 2") + Msg("a.b 2") + Msg("a.b 2") + Msg("a.b 2") + Msg("a.b 2")}}},
      {"NobodyRespondsWhereAllAreDenied",
       WithUser({.subscribe = NatsSubjectRules{.deny = {"a.b"}}}),
       {{1, kU + "SUB a.* q 1\r\n", ""},
        {2, As("admin", "p", kPresents) + "SUB r 9\r\n" + Pub("a.b r"),
         "HMSG r 9 35 35\r\nNATS/1.0 503\r\nNats-Subject: a.b\r\n\r\n\r\n"},
        {1, "", ""}},
       true},
  };
}

Cases Queues() {
  const auto violation = [](const std::string& subject, const std::string& queue) {
    return NoSub("\"" + subject + "\" using queue \"" + queue + "\"");
  };
  return {
      {"QueueEntriesDecideForQueues",
       WithUser({.subscribe = NatsSubjectRules{
                     .allow = {"foo", "foo v1", "foo v2.>", "bar q*", "z >"},
                     .deny = {"foo *.no"}}}),
       {{1, kU + "SUB foo 1\r\nSUB foo v1 2\r\nSUB foo v2.a 3\r\nSUB foo v2.a.b 4\r\n", ""},
        {1, "SUB foo v2.> 5\r\nSUB bar q* 6\r\nSUB z a.b.c 7\r\nSUB z > 8\r\n", ""},
        {1, "SUB foo v2 1\r\nSUB foo * 1\r\nSUB foo x.no 1\r\n",
         violation("foo", "v2") + violation("foo", "*") + violation("foo", "x.no")},
        {1, "SUB bar 1\r\nSUB bar q 1\r\nSUB bar qq 1\r\nSUB z 1\r\nSUB none 1\r\n",
         NoSub("\"bar\"") + violation("bar", "q") + violation("bar", "qq") + NoSub("\"z\"") +
             NoSub("\"none\"")}}},
      {"QueueDenyEntries", WithUser({.subscribe = NatsSubjectRules{.deny = {"c.> v1"}}}),
       {{1, kU + "SUB c.d v1 1\r\nSUB c.* v1 2\r\nSUB c.> v1 3\r\n",
         violation("c.d", "v1") + violation("c.*", "v1") + violation("c.>", "v1")},
        {1, "SUB c.* v2 4\r\nSUB c.d 5\r\n", ""}}},
      {"QueueDenyAtDelivery", WithUser({.subscribe = NatsSubjectRules{.deny = {"c.> v1"}}}),
       {{1, kU + "SUB > v1 1\r\n", ""},
        {2, kAdmin + Pub("c.d") + Pub("d"), ""},
        {1, "", Msg("d 1")}},
       true},
  };
}

Cases Answering() {
  const std::string ask = Pub("svc rep", "q");
  const std::string asked = Msg("svc 1 rep", "q");
  const std::string answer = Pub("rep", "1");
  const std::string no = NoPub("\"rep\"");
  return {
      {"AnswerOnce", WithUser({.allow_responses = NatsAllowResponses{}}),
       {{1, kU + "SUB svc 1\r\n" + answer, no},
        {2, kAdmin + "SUB rep 1\r\n" + ask, ""},
        {1, Pub("other"), asked + NoPub("\"other\"")},
        {1, answer + answer, no},
        {2, ask, Msg("rep 1", "1")},
        {1, answer, asked}}},
      {"AnswerTwiceThroughADeny",
       WithUser({.publish = NatsSubjectRules{.deny = {"rep"}},
                 .allow_responses = NatsAllowResponses{.max = 2}}),
       {{1, kU + "SUB svc 1\r\n" + Pub("free"), NoPub("\"free\"")},
        {2, kAdmin + ask, ""},
        {1, answer + answer + answer, asked + no}}},
      {"AnswerAnyNumber",
       WithUser({.publish = NatsSubjectRules{.allow = {"free"}},
                 .allow_responses = NatsAllowResponses{.max = -1,
                                                       .expires = std::chrono::seconds(-1)}}),
       {{1, kU + "SUB svc 1\r\n" + Pub("free"), ""},
        {2, kAdmin + ask, ""},
        {1, answer + answer + answer + answer + Pub("other"), asked + NoPub("\"other\"")}}},
      {"ZeroMeansTheDefault", WithUser({.allow_responses = NatsAllowResponses{.max = 0}}),
       {{1, kU + "SUB svc 1\r\n", ""},
        {2, kAdmin + ask, ""},
        {1, answer + answer, asked + no}}},
      {"WhatIsAllowedAnywayIsNotCounted",
       WithUser({.publish = NatsSubjectRules{.allow = {"rep"}},
                 .allow_responses = NatsAllowResponses{}}),
       {{1, kU + "SUB svc 1\r\n", ""},
        {2, kAdmin + ask, ""},
        {1, answer + answer + answer, asked}}},
      {"AnswerOneself",
       WithUser({.publish = NatsSubjectRules{.allow = {"svc"}},
                 .subscribe = NatsSubjectRules{.allow = {"svc"}},
                 .allow_responses = NatsAllowResponses{}}),
       {{1, kU + "SUB svc 1\r\n" + Pub("svc rep", "q"), asked}, {1, answer + answer, no}}},
  };
}

std::string WithToken(const std::string& token) {
  return Connect("\"auth_token\":\"" + token + "\"");
}
std::string WithNkey(const std::string& nkey, const std::string& more = "") {
  return Connect("\"nkey\":\"" + nkey + "\"" + more);
}
std::vector<NatsUser> AnnAndBob() {
  return {{.user = "ann", .password = "a"}, {.user = "bob", .password = "b"}};
}

Cases Connecting() {
  NatsOptions token;
  token.token = kHash;
  return {
      {"Users", WithUsers(AnnAndBob()),
       {{1, As("ann", "a"), ""},
        {2, As("ann", "b"), kViolation, true},
        {3, As("eve", "a"), kViolation, true},
        {4, Connect(""), kViolation, true},
        {5, "", kViolation, true},
        {6, Connect("\"user\":\"ann\""), kViolation, true},
        {7, WithToken("a"), kViolation, true}}},
      {"BcryptPasswords", WithUsers({{.user = "ann", .password = kHash}}),
       {{1, As("ann", "s3cret"), ""},
        {2, As("ann", "secret") + "SUB a 1\r\n", kViolation, true},
        {3, As("ann", kHash), kViolation, true},
        {4, As("ann", "s3cret") + "SUB a 1\r\n" + Pub("a"), Msg("a 1")}}},
      {"BcryptToken", token,
       {{1, WithToken("s3cret"), ""},
        {2, WithToken("x"), kViolation, true},
        {3, WithToken(kHash), kViolation, true}}},
      {"EmptyPasswords", WithUsers({{.user = "bob"}}),
       {{1, As("bob", ""), ""},
        {2, As("bob", "x"), kViolation, true},
        {3, Connect(""), kViolation, true}}},
      {"NkeysAreSigned", WithUsers({{.nkey = kNkey}, {.user = "ann", .password = "a"}}),
       {{1, WithNkey(kNkey), kViolation, true},
        {2, WithNkey(kNkey, ",\"sig\":\"AAAA\""), kViolation, true},
        {3, As("ann", "a"), ""},
        {4, As("ann", "a", ",\"nkey\":\"UX\""), kViolation, true},
        {5, "", kViolation, true}}},
  };
}

Cases ConnectingByDefault() {
  return {
      {"NoAuthUser", WithUsers(AnnAndBob(), "ann"),
       {{1, Connect(""), ""},
        {2, "", ""},
        {3, As("ann", ""), kViolation, true},
        {4, As("bob", "b"), ""},
        {5, WithToken("x"), kViolation, true},
        {6, Connect("\"pass\":\"x\""), kViolation, true},
        {7, WithNkey(kNkey), ""}}},
      {"NoAuthUserWithBcrypt", WithUsers({{.user = "ann", .password = kHash}}, "ann"),
       {{1, Connect(""), kViolation, true}, {2, As("ann", "s3cret"), ""}}},
      {"NoAuthUserByNkey", WithUsers({{.user = "ann", .password = "a"}, {.nkey = kNkey}}, kNkey),
       {{1, Connect(""), ""},
        {2, "", kViolation, true},
        {3, WithNkey(kNkey), ""},
        {4, As("ann", "a"), ""},
        {5, As("ann", "b"), kViolation, true}},
       true},
  };
}

Cases ConnectingOtherwise() {
  return {
      {"ConnectionTypes",
       WithUsers({{.user = "ann", .password = "a", .allowed_connection_types = {"WEBSOCKET"}},
                  {.user = "bob", .password = "b", .allowed_connection_types = {"standard"}}}),
       {{1, As("ann", "a"), kViolation, true}, {2, As("bob", "b"), ""}}},
      {"ASecondConnectIsAskedAgain",
       WithUsers({{.user = "ann",
                   .password = "a",
                   .permissions = NatsPermissions{.publish = NatsSubjectRules{.allow = {"x"}}}},
                  {.user = "bob", .password = "b"}}),
       {{1, As("ann", "a") + Pub("y"), NoPub("\"y\"")},
        {1, As("bob", "b") + Pub("y"), ""},
        {1, Connect(""), ""},
        {1, As("bob", "wrong"), kViolation, true},
        {2, As("ann", "a") + "CONNECT {\"user\":\"\"}\r\n", kViolation, true}}},
  };
}

Cases Accounts() {
  NatsOptions two = WithUsers({{.user = "ann", .password = "a", .account = "A"},
                               {.user = "bob", .password = "b", .account = "B"}});
  two.accounts = {{.name = "A"}, {.name = "B"}};
  return {
      {"AccountsAreIsolated", two,
       {{1, As("ann", "a") + "SUB > 1\r\n", ""},
        {2, As("bob", "b") + "SUB > 1\r\n" + Pub("x", "b"), Msg("x 1", "b")},
        {1, Pub("x", "a"), Msg("x 1", "a")},
        {2, "", ""},
        {3, As("ann", "a", ",\"account\":\"A\""), kViolation, true}}},
      {"ASecondConnectLeavesTheSubscriptions", two,
       {{1, As("ann", "a") + "SUB x 1\r\n", ""},
        {1, As("bob", "b") + Pub("x"), ""},
        {2, As("ann", "a") + Pub("x"), ""},
        {1, "", ""}},
       true},
  };
}

}  // namespace

const std::vector<PermissionsCase>& PermissionsCases() {
  static const std::vector<PermissionsCase> cases = [] {
    Cases all;
    for (Cases (*const group)() :
         {Publishing, Subscribing, Queues, Answering, Connecting, ConnectingByDefault,
          ConnectingOtherwise, Accounts}) {
      for (PermissionsCase& one : group()) all.push_back(std::move(one));
    }
    return all;
  }();
  return cases;
}

}  // namespace wherry::conformance
