#include "tests/unit/house/include_directions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Breaches CheckOne(const char* path, const char* text) {
  return CheckIncludes({FileOf(path, text)});
}

TEST(IncludeDirections, HoldInTheTree) {
  ASSERT_THAT(OwnTree(), ::testing::Not(SizeIs(::testing::Lt(20u)))) << "the tree was not read";
  EXPECT_THAT(CheckIncludes(OwnTree()), IsEmpty());
}

TEST(IncludeDirections, NameThePlaceOfABreach) {
  EXPECT_THAT(
      CheckOne("storage/log.cc", "#include <vector>\n#include \"broker/core/partition.h\"\n"),
      ElementsAre("storage/log.cc:2: broker/core/partition.h: this folder must not depend on "
                  "that one"));
}

struct Include {
  const char* path;
  const char* line;
};

TEST(IncludeDirections, FindEveryForbiddenOne) {
  const Include includes[] = {{"storage/log.h", "#include \"protocol/wire/crc32c.h\""},
                              {"storage/log.h", "#include \"broker/runtime/clock.h\""},
                              {"storage/memory_log.cc", "#include <rocksdb/db.h>"},
                              {"protocol/nats/parser.h", "#include \"protocol/kafka/frame.h\""},
                              {"protocol/wire/cursor.h", "#include \"protocol/kafka/frame.h\""},
                              {"protocol/kafka/frame.h", "#include \"broker/runtime/clock.h\""},
                              {"broker/runtime/shard.h", "#include \"broker/net/listener.h\""},
                              {"broker/net/listener.h", "#include \"broker/core/partition.h\""},
                              {"broker/core/partition.h", "#include \"broker/net/listener.h\""},
                              {"broker/core/partition.h", "#include <boost/asio/post.hpp>"},
                              {"broker/nats/session.h", "#include \"broker/kafka/session.h\""},
                              {"broker/nats/session.h", "#include \"protocol/kafka/frame.h\""},
                              {"broker/kafka/session.h", "#include \"broker/embed/broker.h\""},
                              {"broker/kafka/session.h", "#include \"storage/log.h\""},
                              {"broker/kafka/session.h", "#  include <boost/beast/http.hpp>"},
                              {"broker/http/varz.h", "#include \"broker/nats/session.h\""},
                              {"broker/include/wherry/nats.h", "#include \"absl/status/status.h\""},
                              {"broker/include/wherry/nats.h", "#include <sys/socket.h>"},
                              {"broker/include/wherry/nats.h", "#include <stddef.h>"},
                              {"broker/include/wherry/nats.h", "#include \"broker/core/x.h\""},
                              {"tools/wherry.cc", "#include \"broker/embed/state.h\""},
                              {"clients/c/example.c", "#include \"storage/log.h\""},
                              {"broker/net/listener.h", "#include \"connection.h\""},
                              {"broker/net/listener.h", "#include \"../core/partition.h\""}};
  for (const Include& include : includes)
    EXPECT_THAT(CheckOne(include.path, include.line), SizeIs(1))
        << include.path << ": " << include.line;
}

TEST(IncludeDirections, AllowTheOthers) {
  const Include includes[] = {
      {"storage/rocksdb_log_store.cc", "#include <rocksdb/db.h>"},
      {"protocol/nats/parser.h", "#include \"protocol/wire/cursor.h\""},
      {"broker/net/listener.cc", "#include <boost/asio/ip/tcp.hpp>"},
      {"broker/core/partition.h", "#include \"storage/log.h\""},
      {"broker/kafka/api/00_produce.cc", "#include \"protocol/kafka/frame.h\""},
      {"broker/kafka/session.h", "#include \"broker/core/partition.h\""},
      {"broker/embed/broker.cc", "#include \"broker/nats/session.h\""},
      {"broker/include/wherry/testing.h", "#include <gtest/gtest.h>"},
      {"broker/include/wherry/matchers.h", "#include <gmock/gmock.h>"},
      {"broker/include/wherry/c.h", "#include <stddef.h>"},
      {"tools/wherry.cc", "#include <CLI/CLI.hpp>"},
      {"tests/unit/broker/net/listener_test.cc", "#include <boost/asio.hpp>"},
      {"storage/log.h", "// #include \"broker/core/partition.h\""}};
  for (const Include& include : includes)
    EXPECT_THAT(CheckOne(include.path, include.line), IsEmpty())
        << include.path << ": " << include.line;
}

}  // namespace
}  // namespace wherry::house
