// From a configuration's text to the broker's options.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/nats_server/settings.h"

namespace wherry::nats_server {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kNkey = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

StatusOr<std::string> NoFile(const std::string& path) {
  return Status(StatusCode::kNotFound, "open " + path + ": no such file or directory");
}

struct Reading {
  Settings settings;
  ConfigProblems problems;
};

Reading Read(const std::string& text) {
  Reading reading;
  const StatusOr<ConfigMap> config = ParseConfig(text, "n.conf", {NoFile, {}});
  EXPECT_TRUE(config.ok()) << config.status();
  if (config.ok()) reading.problems = ReadConfig(*config, "n.conf", NoFile, reading.settings);
  return reading;
}

// The one error of a text.
std::string ErrorOf(const std::string& text) {
  const Reading reading = Read(text);
  EXPECT_THAT(reading.problems.errors, SizeIs(1)) << text;
  return reading.problems.errors.empty() ? "" : reading.problems.errors[0];
}

Options OptionsOf(const std::string& text) {
  const Reading reading = Read(text);
  EXPECT_THAT(reading.problems.errors, IsEmpty()) << text;
  StatusOr<Options> options = BrokerOptions(reading.settings);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? *options : Options();
}

std::string StartErrorOf(const std::string& text) {
  const StatusOr<Options> options = BrokerOptions(Read(text).settings);
  return options.ok() ? "" : options.status().message();
}

// Not among the files that both servers judge: which of the two the real one names is random.
TEST(NatsServerConfig, AnNkeyNeedsNoName) {
  EXPECT_THAT(ErrorOf("authorization { users: [ { nkey: " + std::string(kNkey) + ", user: a } ] }"),
              HasSubstr("Nkey users do not take usernames or passwords"));
}

TEST(NatsServerConfig, DefaultsAreNatsServers) {
  const Options options = OptionsOf("debug: false");
  EXPECT_THAT(options.listen, ElementsAre("nats://*:4222"));
  EXPECT_EQ(options.data_dir, "");
  EXPECT_EQ(options.nats.max_payload, 1024 * 1024);
  EXPECT_EQ(options.nats.max_pending, 64 * 1024 * 1024);
  EXPECT_EQ(options.nats.ping_interval, 2min);
  EXPECT_TRUE(options.nats.headers);
}

TEST(NatsServerConfig, ListensWhereItIsTold) {
  EXPECT_THAT(OptionsOf("listen: 127.0.0.1:4333\nhttp_port: 8222").listen,
              ElementsAre("nats://127.0.0.1:4333", "http://127.0.0.1:8222"));
  EXPECT_THAT(OptionsOf("host: \"::1\"\nport: -1\nhttp: \"127.0.0.1:-1\"").listen,
              ElementsAre("nats://[::1]:0", "http://127.0.0.1:0"));
  EXPECT_THAT(OptionsOf("listen: \"[::]:4222\"").listen, ElementsAre("nats://*:4222"));
  EXPECT_EQ(ErrorOf("listen: foo"), "n.conf:1:0: could not parse address string \"foo\"");
  EXPECT_EQ(ErrorOf("listen: \"a:b\""), "n.conf:1:0: could not parse port \"b\"");
  EXPECT_THAT(StartErrorOf("port: 99999"), HasSubstr("99999"));
}

TEST(NatsServerConfig, LimitsReachTheBroker) {
  const NatsOptions nats =
      OptionsOf(
          "max_payload: 2MB\nmax_pending: 4MB\nmax_control_line: 8kb\nmax_conn: 0\n"
          "max_subs: 5\nmax_sub_tokens: 7\nping_interval: \"3s\"\nping_max: 4\n"
          "write_deadline: \"1.5s\"\nlame_duck_duration: \"40s\"\n"
          "lame_duck_grace_period: \"2s\"\nmax_closed_clients: 9\n"
          "no_header_support: true\nno_fast_producer_stall: true\nserver_name: me\n"
          "client_advertise: \"a:1\"\nserver_tags: [One, two, one]\n"
          "server_metadata { k: v }\n")
          .nats;
  EXPECT_EQ(nats.max_payload, 2 * 1024 * 1024);
  EXPECT_EQ(nats.max_pending, 4 * 1024 * 1024);
  EXPECT_EQ(nats.max_control_line, 8192);
  EXPECT_EQ(nats.max_connections, INT32_MAX);
  EXPECT_EQ(nats.max_subscriptions, 5);
  EXPECT_EQ(nats.max_subscription_tokens, 7);
  EXPECT_EQ(nats.ping_interval, 3s);
  EXPECT_EQ(nats.max_pings_out, 4);
  EXPECT_EQ(nats.write_deadline, 1500ms);
  EXPECT_EQ(nats.lame_duck_duration, 40s);
  EXPECT_EQ(nats.lame_duck_grace_period, 2s);
  EXPECT_EQ(nats.max_closed_clients, 9);
  EXPECT_FALSE(nats.headers);
  EXPECT_FALSE(nats.stall_fast_producers);
  EXPECT_EQ(nats.server_name, "me");
  EXPECT_EQ(nats.client_advertise, "a:1");
  EXPECT_THAT(nats.server_tags, ElementsAre("one", "two"));
  EXPECT_EQ(nats.server_metadata.at("k"), "v");
}

TEST(NatsServerConfig, LimitsHaveLimits) {
  EXPECT_EQ(ErrorOf("max_payload: 3g"), "n.conf:1:0: max_payload value is too big");
  EXPECT_EQ(ErrorOf("max_sub_tokens: 256"), "n.conf:1:0: max_sub_tokens value is too big");
  EXPECT_EQ(ErrorOf("lame_duck_duration: \"10s\""),
            "n.conf:1:0: invalid lame_duck_duration of 10s, minimum is 30 seconds");
  EXPECT_EQ(ErrorOf("ping_interval: \"5x\""),
            "n.conf:1:0: error parsing ping_interval: time: unknown unit \"x\" in duration \"5x\"");
  EXPECT_EQ(StartErrorOf("max_payload: 2mb\nmax_pending: 1mb"),
            "max_payload (2097152) cannot be higher than max_pending (1048576)");
  EXPECT_EQ(StartErrorOf("lame_duck_grace_period: \"3m\""),
            "lame duck grace period (3m0s) should be strictly lower than lame duck duration "
            "(2m0s)");
}

TEST(NatsServerConfig, OldFormsAreWarnings) {
  const Reading reading = Read("ping_interval: 5\nauthorization { timeout: 100 }");
  EXPECT_THAT(reading.problems.errors, IsEmpty());
  EXPECT_THAT(reading.problems.warnings, SizeIs(2));
  EXPECT_EQ(reading.problems.warnings[0],
            "n.conf:1:0: invalid use of field \"ping_interval\": ping_interval should be converted "
            "to a duration");
  EXPECT_EQ(reading.settings.ping_interval, 5s);
  EXPECT_THAT(Read("").problems.warnings, ElementsAre("n.conf: config has no values or is empty"));
}

TEST(NatsServerConfig, WrongTypesAndUnknownKeysHavePlaces) {
  EXPECT_EQ(ErrorOf("port: 1\n  host: 5"),
            "n.conf:2:3: interface conversion: interface {} is int64, not string");
  EXPECT_EQ(ErrorOf("\nfoo: 1"), "n.conf:2:1: unknown field \"foo\"");
  EXPECT_EQ(ErrorOf("authorization { user: a, foo: 1 }"), "n.conf:1:25: unknown field \"foo\"");
  EXPECT_EQ(ErrorOf("accounts { A { foo: 1 } }"), "n.conf:1:15: unknown field \"foo\"");
  EXPECT_EQ(ErrorOf("tls { foo: 1 }"),
            "n.conf:1:6: error parsing tls config, unknown field \"foo\"");
  // Names that hold variables need not be known.
  EXPECT_THAT(Read("foo: 4222\nport: $foo").problems.errors, IsEmpty());
}

TEST(NatsServerConfig, WhatWherryHasNotIsRefusedByName) {
  for (const char* text : {"jetstream: enabled",
                           "jetstream { store_dir: x }",
                           "cluster { port: 1 }",
                           "gateway { name: a }",
                           "leafnodes { port: 1 }",
                           "websocket { port: 1 }",
                           "mqtt { port: 1 }",
                           "operator: a.jwt",
                           "resolver: MEM",
                           "system_account: SYS",
                           "mappings { a: b }",
                           "syslog: true",
                           "remote_syslog: x",
                           "prof_port: 1",
                           "http_base_path: x",
                           "proxy_protocol: true",
                           "ocsp: true",
                           "trusted_keys: x",
                           "store_dir: x",
                           "feature_flags { a: true }",
                           "max_traced_msg_len: 5",
                           "trace_headers: true",
                           "authorization { auth_callout { issuer: x } }",
                           "write_timeout: retry",
                           "accounts { A { imports: [{service: {account: B, subject: x}}] } }",
                           "accounts { A { exports: [{stream: x}] } }",
                           "accounts { A { jetstream: enabled } }",
                           "accounts { A { mappings { a: b } } }",
                           "accounts { $SYS { users: [{user: a}] } }",
                           "tls { ocsp_peer: true }",
                           "tls { cert_store: x }"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("Wherry does not have ")) << text;
    EXPECT_THAT(ErrorOf(text), HasSubstr("n.conf:1:")) << text;
  }
  for (const char* text :
       {"jetstream: false", "jetstream: disabled", "syslog: false", "proxy_protocol: false",
        "prof_port: 0", "accounts { A { imports: [] } }"})
    EXPECT_THAT(Read(text).problems.errors, IsEmpty()) << text;
}

TEST(NatsServerConfig, UsersAndTheirPermissions) {
  const NatsOptions nats =
      OptionsOf(
          "authorization {\n timeout: 1.5\n"
          " default_permissions { publish: \"d.>\" }\n users: [\n"
          "  {user: a, password: b}\n"
          "  {user: c, pass: d, permissions { publish { allow: [x, \"y.*\"], deny: z },\n"
          "   subscribe: \"s q.*\", allow_responses { max: 3, ttl: \"1m\" } },\n"
          "   allowed_connection_types: [standard, websocket]}\n"
          "  {nkey: " +
          std::string(kNkey) +
          ", permissions { allow_responses: true,\n"
          "   publish { deny: x } }}\n ]\n}\nno_auth_user: c\n")
          .nats;
  EXPECT_EQ(nats.auth_timeout, 1500ms);
  EXPECT_EQ(nats.no_auth_user, "c");
  ASSERT_THAT(nats.users, SizeIs(3));
  EXPECT_EQ(nats.users[0].password, "b");
  EXPECT_THAT(nats.users[0].permissions->publish->allow, ElementsAre("d.>"));
  const NatsPermissions& second = *nats.users[1].permissions;
  EXPECT_THAT(second.publish->allow, ElementsAre("x", "y.*"));
  EXPECT_THAT(second.publish->deny, ElementsAre("z"));
  EXPECT_THAT(second.subscribe->allow, ElementsAre("s q.*"));
  EXPECT_EQ(second.allow_responses->max, 3);
  EXPECT_EQ(second.allow_responses->expires, 1min);
  EXPECT_THAT(nats.users[1].allowed_connection_types, ElementsAre("STANDARD", "WEBSOCKET"));
  EXPECT_EQ(nats.users[2].nkey, kNkey);
  // To answer is all that is left of publishing.
  EXPECT_FALSE(nats.users[2].permissions->publish.has_value());
  EXPECT_TRUE(nats.users[2].permissions->allow_responses.has_value());
}

TEST(NatsServerConfig, AccountsAndTheirUsers) {
  const NatsOptions nats =
      OptionsOf(
          "accounts {\n A { default_permissions { subscribe { deny: x } },\n"
          "  users: [{user: a, password: p}], limits { max_conn: 5, max_subs: 6,\n"
          "  max_payload: 1kb } }\n B {}\n}\nauthorization { users: [{user: g}] }")
          .nats;
  ASSERT_THAT(nats.accounts, SizeIs(2));
  EXPECT_EQ(nats.accounts[0].name, "A");
  EXPECT_EQ(nats.accounts[0].max_connections, 5);
  EXPECT_EQ(nats.accounts[0].max_subscriptions, 6);
  EXPECT_EQ(nats.accounts[0].max_payload, 1024);
  EXPECT_EQ(nats.accounts[1].max_connections, -1);
  ASSERT_THAT(nats.users, SizeIs(2));
  EXPECT_EQ(nats.users[0].account, "A");
  EXPECT_THAT(nats.users[0].permissions->subscribe->deny, ElementsAre("x"));
  EXPECT_EQ(nats.users[1].account, "");
}

TEST(NatsServerConfig, UsersThatCannotBe) {
  EXPECT_EQ(ErrorOf("authorization { users: [{user: a}, {user: a}] }"),
            "n.conf:1:0: Duplicate user \"a\" detected");
  EXPECT_THAT(ErrorOf("accounts { A { users: [{user: a}] }, B { users: [{user: a}] } }"),
              HasSubstr("Duplicate user \"a\" detected"));
  EXPECT_EQ(ErrorOf("authorization { user: a, password: b, token: c }"),
            "n.conf:1:0: Cannot have a user/pass and token");
  EXPECT_EQ(ErrorOf("authorization { user: a, users: [{user: b}] }"),
            "n.conf:1:0: Can not have a single user/pass and a users array");
  EXPECT_THAT(ErrorOf("authorization { users: [{password: b}] }"),
              HasSubstr("User entry requires a user"));
  EXPECT_THAT(ErrorOf("authorization { users: [{nkey: ABC}] }"),
              HasSubstr("Not a valid public nkey for a user"));
  EXPECT_THAT(ErrorOf("authorization { users: [{user: a, permissions { publish: \"a..b\" }}] }"),
              HasSubstr("subject \"a..b\" is not a valid subject"));
  EXPECT_THAT(ErrorOf("authorization { users: [{user: a, clients: [tcp]}] }"),
              HasSubstr("invalid connection types [\"TCP\"]"));
  EXPECT_THAT(ErrorOf("accounts { \"$G\" {} }"), HasSubstr("\"$G\" is a Reserved Account"));
  EXPECT_EQ(StartErrorOf("no_auth_user: x"),
            "no_auth_user: \"x\" present, but users/nkeys are not defined");
}

TEST(NatsServerConfig, TlsBlocks) {
  const NatsOptions nats =
      OptionsOf(
          "allow_non_tls: true\ntls { verify_and_map: true, timeout: 0.5,\n"
          " handshake_first: \"250ms\", min_version: \"1.3\",\n"
          " cipher_suites: [\"TLS_AES_128_GCM_SHA256\"], curve_preferences: [X25519],\n"
          " connection_rate_limit: 10 }")
          .nats;
  ASSERT_TRUE(nats.tls.has_value());
  EXPECT_TRUE(nats.allow_non_tls);
  EXPECT_TRUE(nats.tls->verify);
  EXPECT_TRUE(nats.tls->verify_and_map);
  EXPECT_EQ(nats.tls->timeout, 500ms);
  EXPECT_EQ(nats.tls->handshake_first, TlsOptions::HandshakeFirst::kAuto);
  EXPECT_EQ(nats.tls->handshake_first_wait, 250ms);
  EXPECT_EQ(nats.tls->min_version, "1.3");
  EXPECT_THAT(nats.tls->cipher_suites, ElementsAre("TLS_AES_128_GCM_SHA256"));
  EXPECT_THAT(nats.tls->curve_preferences, ElementsAre("X25519"));
  EXPECT_EQ(nats.tls->connection_rate_limit, 10);
  EXPECT_EQ(ErrorOf("tls { cert_file: a.pem }"),
            "n.conf:1:0: missing 'key_file' in TLS configuration");
  EXPECT_EQ(ErrorOf("tls { cert_file: a.pem, key_file: b.pem }"),
            "n.conf:1:0: error parsing X509 certificate/key pair: open a.pem: no such file or "
            "directory");
  EXPECT_EQ(ErrorOf("tls { cipher_suites: [FOO] }"), "n.conf:1:22: unrecognized cipher FOO");
  EXPECT_THAT(ErrorOf("tls { cipher_suites: [TLS_RSA_WITH_RC4_128_SHA] }"),
              HasSubstr("insecure cipher suites"));
}

TEST(NatsServerConfig, LoggingKeys) {
  const Settings settings =
      Read(
          "debug: on\ntrace_verbose: on\nlogtime: off\nlogtime_utc: on\nlogfile: l\n"
          "log_size_limit: 10kb\nlog_max_num: 3\npid_file: p\nports_file_dir: d")
          .settings;
  EXPECT_TRUE(settings.log.debug);
  EXPECT_TRUE(settings.log.trace);
  EXPECT_FALSE(settings.log.times);
  EXPECT_TRUE(settings.log.utc);
  EXPECT_EQ(settings.log.file, "l");
  EXPECT_EQ(settings.log.size_limit, 10240);
  EXPECT_EQ(settings.log.max_files, 3);
  EXPECT_EQ(settings.pid_file, "p");
  EXPECT_EQ(settings.ports_file_dir, "d");
}

}  // namespace
}  // namespace wherry::nats_server
