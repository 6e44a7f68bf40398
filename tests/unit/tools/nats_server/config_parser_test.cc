#include "tools/nats_server/config_parser.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::nats_server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A world of a few files and variables.
struct World {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;

  ConfigSources Sources() const {
    return {[this](const std::string& path) -> StatusOr<std::string> {
              const auto file = files.find(path);
              if (file != files.end()) return file->second;
              return Status(StatusCode::kNotFound, "open " + path + ": no such file or directory");
            },
            [this](const std::string& name) -> std::optional<std::string> {
              const auto variable = variables.find(name);
              if (variable == variables.end()) return std::nullopt;
              return variable->second;
            }};
  }
};

StatusOr<ConfigMap> Parse(const std::string& text, const World& world = {}) {
  return ParseConfig(text, "conf/nats.conf", world.Sources());
}

std::string ErrorOf(const std::string& text, const World& world = {}) {
  const StatusOr<ConfigMap> parsed = Parse(text, world);
  return parsed.ok() ? "" : parsed.status().message();
}

std::int64_t IntegerOf(const std::string& text, const World& world = {}) {
  const StatusOr<ConfigMap> parsed = Parse("x: " + text, world);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return -1;
  const std::int64_t* value = parsed->at("x").AsInteger();
  EXPECT_NE(value, nullptr) << text << " is " << TypeName(parsed->at("x"));
  return value == nullptr ? -1 : *value;
}

std::string StringOf(const std::string& text, const World& world = {}) {
  const StatusOr<ConfigMap> parsed = Parse("x: " + text, world);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return "";
  const std::string* value = parsed->at("x").AsString();
  EXPECT_NE(value, nullptr) << text << " is " << TypeName(parsed->at("x"));
  return value == nullptr ? "" : *value;
}

TEST(ConfigParser, SeparatesKeysAndValuesInEveryWay) {
  for (const char* text : {"a: 1\nb: 2", "a = 1\nb = 2\n", "a 1;b 2", "a: 1, b: 2", "{a: 1, b: 2}",
                           "{\n\"a\": 1,\n'b': 2\n}\n", "a=1 # one\nb=2 // two", "{{a: 1},\nb: 2}",
                           "\n\n  a\n  : 1\n b\n=\t2"}) {
    const StatusOr<ConfigMap> parsed = Parse(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    ASSERT_EQ(parsed->size(), 2u) << text;
    EXPECT_EQ(*parsed->at("a").AsInteger(), 1) << text;
    EXPECT_EQ(*parsed->at("b").AsInteger(), 2) << text;
  }
}

TEST(ConfigParser, CountsBytesWithSuffixes) {
  EXPECT_EQ(IntegerOf("1k"), 1000);
  EXPECT_EQ(IntegerOf("1kb"), 1024);
  EXPECT_EQ(IntegerOf("64MB"), 64 * 1024 * 1024);
  EXPECT_EQ(IntegerOf("2Mi"), 2 * 1024 * 1024);
  EXPECT_EQ(IntegerOf("2GiB"), 2ll * 1024 * 1024 * 1024);
  EXPECT_EQ(IntegerOf("1t"), 1'000'000'000'000);
  EXPECT_EQ(IntegerOf("-5"), -5);
  EXPECT_EQ(IntegerOf("1E"), 1'000'000'000'000'000'000);
  EXPECT_EQ(ErrorOf("x: 99999999999999999999"),
            "integer '99999999999999999999' is out of the range");
}

TEST(ConfigParser, TellsStringsFromNumbers) {
  EXPECT_EQ(StringOf("127.0.0.1:4222"), "127.0.0.1:4222");
  EXPECT_EQ(StringOf("10x"), "10x");
  EXPECT_EQ(StringOf("1k5"), "1k5");
  EXPECT_EQ(StringOf("5s"), "5s");
  EXPECT_EQ(StringOf("'on'"), "on");
  EXPECT_EQ(StringOf("\"a\\tb\\x41\\\"\\\\\""), "a\tbA\"\\");
  EXPECT_EQ(StringOf("a\\x41b"), "aAb");
  EXPECT_EQ(StringOf("(\n one\n two\n)\n"), "\n one\n two\n");
  EXPECT_EQ(StringOf("$2a$11$abc"), "$2a$11$abc");
  EXPECT_EQ(StringOf(""), "");
}

TEST(ConfigParser, KnowsTruthFloatsAndTimes) {
  const StatusOr<ConfigMap> parsed =
      Parse("a: on\nb: NO\nc: 2.5\nd: -0.25\ne: 2026-08-21T14:50:11Z\nf: yes");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(*parsed->at("a").AsBool());
  EXPECT_FALSE(*parsed->at("b").AsBool());
  EXPECT_EQ(*parsed->at("c").AsFloat(), 2.5);
  EXPECT_EQ(*parsed->at("d").AsFloat(), -0.25);
  EXPECT_EQ(TypeName(parsed->at("e")), "time.Time");
  EXPECT_TRUE(*parsed->at("f").AsBool());
  EXPECT_THAT(ErrorOf("x: 2026-02-30T14:50:11Z"), HasSubstr("expected Zulu formatted DateTime"));
}

TEST(ConfigParser, ArraysTakeCommasOrLines) {
  for (const char* text : {"x: [a, b, c]", "x: [\n a\n b\n c\n]", "x = [ 'a', \"b\"\n c ]",
                           "x [ # letters\n a // one\n b, c ]"}) {
    const StatusOr<ConfigMap> parsed = Parse(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    std::vector<std::string> texts;
    for (const ConfigValue& value : *parsed->at("x").AsArray()) texts.push_back(*value.AsString());
    EXPECT_THAT(texts, ElementsAre("a", "b", "c")) << text;
  }
  // A bracket right behind a number is part of it, in nats-server too.
  EXPECT_THAT(ErrorOf("x: [1]\n"), HasSubstr("Expected an array value terminator"));
}

TEST(ConfigParser, PlacesAreNatsServers) {
  const StatusOr<ConfigMap> parsed =
      Parse("a: 1\n  b: 2\n\tc {\n    d: [\n      x, {e: 1} ]\n  }\n\"f\": 1\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->at("a").place.ToString(), "conf/nats.conf:1:0");
  EXPECT_EQ(parsed->at("b").place.ToString(), "conf/nats.conf:2:3");
  EXPECT_EQ(parsed->at("c").place.ToString(), "conf/nats.conf:3:2");
  const ConfigValue& d = parsed->at("c").AsMap()->at("d");
  EXPECT_EQ(d.place.ToString(), "conf/nats.conf:4:5");
  EXPECT_EQ((*d.AsArray())[0].place.ToString(), "conf/nats.conf:5:7");
  // A map in an array stands where it ends.
  EXPECT_EQ((*d.AsArray())[1].place.ToString(), "conf/nats.conf:5:16");
  EXPECT_EQ(parsed->at("f").place.ToString(), "conf/nats.conf:7:2");
}

TEST(ConfigParser, VariablesAreLookedUpFromTheInside) {
  const World world{{}, {{"PORT", "4333"}, {"LIST", "[a, b]"}, {"A", "$B"}, {"B", "$A"}}};
  EXPECT_EQ(IntegerOf("$y", {{}, {{"y", "7"}}}), 7);
  EXPECT_EQ(IntegerOf("$PORT", world), 4333);
  const StatusOr<ConfigMap> parsed = Parse("v: 1\no { v: 2, x: $v }\nx: $v\nl: $LIST", world);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed->at("o").AsMap()->at("x").AsInteger(), 2);
  EXPECT_EQ(*parsed->at("x").AsInteger(), 1);
  EXPECT_TRUE(parsed->at("v").is_variable);
  EXPECT_FALSE(parsed->at("x").is_variable);
  EXPECT_EQ(parsed->at("l").AsArray()->size(), 2u);
  EXPECT_EQ(ErrorOf("\nx: $NONE"), "variable reference for 'NONE' on line 2 can not be found");
  EXPECT_EQ(ErrorOf("x: $A", world),
            "variable reference for 'A' on line 1 could not be parsed: variable reference for 'B' "
            "on line 1 could not be parsed: variable reference for 'A' on line 1 could not be "
            "parsed: variable reference cycle for 'A'");
}

TEST(ConfigParser, IncludesAreRelativeAndKeepTheirPlaces) {
  const World world{{{"conf/more.conf", "\n  b: 2\n"},
                     {"conf/sub/users.conf", "include deeper.conf"},
                     {"conf/sub/deeper.conf", "c: 3"},
                     {"conf/bad.conf", "\n}x y"},
                     {"conf/loop.conf", "include loop.conf"}},
                    {}};
  const StatusOr<ConfigMap> parsed =
      Parse("a: 1\ninclude more.conf\nm { include 'sub/users.conf' }\ninclude: word", world);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->at("b").place.ToString(), "conf/more.conf:2:3");
  EXPECT_EQ(*parsed->at("m").AsMap()->at("c").AsInteger(), 3);
  EXPECT_EQ(parsed->at("m").AsMap()->at("c").place.ToString(), "conf/sub/deeper.conf:1:0");
  EXPECT_EQ(*parsed->at("include").AsString(), "word");
  EXPECT_EQ(ErrorOf("include none.conf"),
            "error parsing include file 'none.conf', open conf/none.conf: no such file or "
            "directory");
  EXPECT_THAT(ErrorOf("include loop.conf", world), HasSubstr("nest deeper than 32"));
}

TEST(ConfigParser, ErrorsNameTheLine) {
  EXPECT_EQ(ErrorOf("a: 1\nb: {\n"), "Parse error on line 3: 'Unexpected EOF processing map.'");
  EXPECT_EQ(ErrorOf("a: 1 b"),
            "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or "
            "EOF, but got 'b' instead.'");
  EXPECT_EQ(ErrorOf("= 1"), "Parse error on line 1: 'Unexpected key separator '=''");
  EXPECT_EQ(ErrorOf("a"), "config is invalid (conf/nats.conf:1:1)");
  EXPECT_EQ(ErrorOf("x: \"\\q\""),
            "Parse error on line 1: 'Invalid escape character 'q'. Only the following escape "
            "characters are allowed: \\xXX, \\t, \\n, \\r, \\\", \\\\.'");
  EXPECT_THAT(ErrorOf("include ["), HasSubstr("Expected include value"));
}

TEST(ConfigParser, OddTextsMeanWhatTheyMeanToNatsServer) {
  // A map's end takes the last key for its own.
  const StatusOr<ConfigMap> stolen = Parse("a { b }\n");
  ASSERT_TRUE(stolen.ok()) << stolen.status();
  EXPECT_TRUE(stolen->contains("b"));
  EXPECT_FALSE(stolen->contains("a"));
  // An unknown suffix leaves the key without a value.
  const StatusOr<ConfigMap> dropped = Parse("a: 1kbb\nb: 1\n");
  ASSERT_TRUE(dropped.ok()) << dropped.status();
  EXPECT_FALSE(dropped->contains("a"));
  EXPECT_TRUE(Parse("}").ok());
}

TEST(ConfigParser, HasLimitsWhereNatsServerDies) {
  std::string deep = "x: ";
  for (std::size_t i = 0; i <= kMaxConfigDepth; ++i) deep += '[';
  EXPECT_THAT(ErrorOf(deep), HasSubstr("nest deeper than"));
  // A file that includes itself within arrays would add up to many times that.
  const World world{{{"conf/again", "x: [[[[[[[[[[{\ninclude again\n"}}, {}};
  EXPECT_THAT(ErrorOf("include again", world),
              HasSubstr("nest deeper than " + std::to_string(kMaxConfigDepth)));
  // Each line doubles the one before: a few of them would fill every memory.
  std::string doubling = "v0: [a, a]\n";
  for (int i = 1; i < 64; ++i) {
    const std::string before = "$v" + std::to_string(i - 1);
    doubling += "v" + std::to_string(i) + ": [" + before + " , " + before + " ]\n";
  }
  EXPECT_THAT(ErrorOf(doubling), HasSubstr("values"));
}

TEST(ConfigDigest, IsNatsServers) {
  const auto digest = [](const std::string& text) { return ConfigDigest(Parse(text).value()); };
  EXPECT_EQ(digest("port: 4222\n"),
            "sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e");
  EXPECT_EQ(digest("debug: false\nhttp: \"127.0.0.1:-1\"\n"),
            "sha256:08da2e32357417820a9b0e1cd26f3b41b27a0c624d125da6a5fe9c353b87a60d");
  EXPECT_NE(digest("a: [1, x, 1.5]"), digest("a: [1, x, 2.5]"));
  EXPECT_THAT(digest(""), StartsWith("sha256:"));
}

}  // namespace
}  // namespace wherry::nats_server
