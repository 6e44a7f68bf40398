#include "tools/nats_server/text.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "tools/nats_server/paths.h"
#include "tools/nats_server/ports_json.h"
#include "tools/nats_server/subjects.h"

namespace wherry::nats_server {
namespace {

using namespace std::chrono_literals;

TEST(Durations, AreReadAsGoReadsThem) {
  const auto parsed = [](std::string_view text) { return ParseDuration(text).value(); };
  EXPECT_EQ(parsed("5s"), 5s);
  EXPECT_EQ(parsed("1h30m"), 90min);
  EXPECT_EQ(parsed("1.5s"), 1500ms);
  EXPECT_EQ(parsed("-2ms"), -2ms);
  EXPECT_EQ(parsed("+3us"), 3us);
  EXPECT_EQ(parsed("4\u00b5s"), 4us);
  EXPECT_EQ(parsed(".5m"), 30s);
  EXPECT_EQ(parsed("0"), 0s);
  const auto error = [](std::string_view text) { return ParseDuration(text).status().message(); };
  EXPECT_EQ(error(""), "time: invalid duration \"\"");
  EXPECT_EQ(error("x"), "time: invalid duration \"x\"");
  EXPECT_EQ(error("5"), "time: missing unit in duration \"5\"");
  EXPECT_EQ(error("5x"), "time: unknown unit \"x\" in duration \"5x\"");
  EXPECT_EQ(error("9999999h"), "time: invalid duration \"9999999h\"");
}

TEST(Durations, AreWrittenAsGoWritesThem) {
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(90s), "1m30s");
  EXPECT_EQ(FormatDuration(2min), "2m0s");
  EXPECT_EQ(FormatDuration(90min), "1h30m0s");
  EXPECT_EQ(FormatDuration(1500ms), "1.5s");
  EXPECT_EQ(FormatDuration(-10ms), "-10ms");
  EXPECT_EQ(FormatDuration(1500ns), "1.5\u00b5s");
  EXPECT_EQ(FormatDuration(7ns), "7ns");
}

TEST(Texts, AreQuotedAsGoQuotesThem) {
  EXPECT_EQ(Quoted("a\"b\\\n\x01\xff\u00e9"), "\"a\\\"b\\\\\\n\\x01\\xff\u00e9\"");
  EXPECT_EQ(JsonString("<a>&\n\x01\u2028"), "\"\\u003ca\\u003e\\u0026\\n\\u0001\\u2028\"");
  EXPECT_EQ(JsonString("\xff"), "\"\\ufffd\"");
  EXPECT_EQ(SystemError(ENOENT), "no such file or directory");
  EXPECT_EQ(JoinHostPort("::1", 5), "[::1]:5");
}

TEST(Subjects, AreChecked) {
  for (const char* good : {"a", "a.b", "a.*.>", ">", "*", "a>b", "$SYS.x"})
    EXPECT_TRUE(IsValidSubject(good)) << good;
  for (const char* bad : {"", ".", "a.", ".a", "a..b", ">.a", "a b", "a\t"})
    EXPECT_FALSE(IsValidSubject(bad)) << bad;
}

TEST(Nkeys, AreChecked) {
  const std::string user = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
  EXPECT_TRUE(IsUserNkey(user));
  EXPECT_FALSE(IsAccountNkey(user));
  EXPECT_FALSE(IsUserNkey(user.substr(1)));
  std::string wrong = user;
  wrong[10] = wrong[10] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(IsUserNkey(wrong));
}

TEST(Addresses, AreSplit) {
  std::string host;
  std::string port;
  EXPECT_TRUE(SplitHostPort("[::1]:4222", host, port));
  EXPECT_EQ(host, "::1");
  EXPECT_EQ(port, "4222");
  EXPECT_TRUE(SplitHostPort(":-1", host, port));
  EXPECT_EQ(host, "");
  EXPECT_FALSE(SplitHostPort("a", host, port));
  EXPECT_FALSE(SplitHostPort("::1:4222", host, port));
}

TEST(Paths, AreGos) {
  EXPECT_EQ(JoinPath(FolderOf("a/b.conf"), "../c.conf"), "c.conf");
  EXPECT_EQ(JoinPath(FolderOf("b.conf"), "./c.conf"), "c.conf");
  EXPECT_EQ(JoinPath(FolderOf("/a/b.conf"), "/c.conf"), "/a/c.conf");
  EXPECT_EQ(FolderOf(""), ".");
}

TEST(PortsFileJson, IsNatsServers) {
  EXPECT_EQ(PortsFileJson({"nats://127.0.0.1:1", "http://[::1]:2"}, false, {}),
            R"({"nats":["nats://127.0.0.1:1"],"monitoring":["http://[::1]:2"]})");
  EXPECT_EQ(PortsFileJson({"nats://*:1"}, true, {"127.0.0.1", "::1"}),
            R"({"nats":["tls://127.0.0.1:1","tls://[::1]:1"]})");
}

}  // namespace
}  // namespace wherry::nats_server
