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

class ForbiddenInclude : public ::testing::TestWithParam<Include> {};
TEST_P(ForbiddenInclude, IsABreach) {
  EXPECT_THAT(CheckOne(GetParam().path, GetParam().line), SizeIs(1));
}
INSTANTIATE_TEST_SUITE_P(
    Directions, ForbiddenInclude,
    ::testing::Values(Include{"storage/log.h", "#include \"protocol/wire/crc32c.h\""},
                      Include{"storage/log.h", "#include \"broker/runtime/clock.h\""},
                      Include{"storage/memory_log.cc", "#include <rocksdb/db.h>"},
                      Include{"protocol/nats/parser.h", "#include \"protocol/kafka/frame.h\""},
                      Include{"protocol/wire/cursor.h", "#include \"protocol/kafka/frame.h\""},
                      Include{"protocol/kafka/frame.h", "#include \"broker/runtime/clock.h\""},
                      Include{"broker/runtime/shard.h", "#include \"broker/net/listener.h\""},
                      Include{"broker/net/listener.h", "#include \"broker/core/partition.h\""},
                      Include{"broker/core/partition.h", "#include \"broker/net/listener.h\""},
                      Include{"broker/core/partition.h", "#include <boost/asio/post.hpp>"},
                      Include{"broker/nats/session.h", "#include \"broker/kafka/session.h\""},
                      Include{"broker/nats/session.h", "#include \"protocol/kafka/frame.h\""},
                      Include{"broker/kafka/session.h", "#include \"broker/embed/broker.h\""},
                      Include{"broker/kafka/session.h", "#include \"storage/log.h\""},
                      Include{"broker/kafka/session.h", "#  include <boost/beast/http.hpp>"},
                      Include{"broker/http/varz.h", "#include \"broker/nats/session.h\""},
                      Include{"broker/include/wherry/nats.h", "#include \"absl/status/status.h\""},
                      Include{"broker/include/wherry/nats.h", "#include <sys/socket.h>"},
                      Include{"broker/include/wherry/nats.h", "#include \"broker/core/x.h\""},
                      Include{"tools/wherry.cc", "#include \"broker/embed/state.h\""},
                      Include{"clients/c/example.c", "#include \"storage/log.h\""},
                      Include{"broker/net/listener.h", "#include \"connection.h\""},
                      Include{"broker/net/listener.h", "#include \"../core/partition.h\""}));

class AllowedInclude : public ::testing::TestWithParam<Include> {};
TEST_P(AllowedInclude, IsNone) {
  EXPECT_THAT(CheckOne(GetParam().path, GetParam().line), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    Directions, AllowedInclude,
    ::testing::Values(
        Include{"storage/rocksdb_log_store.cc", "#include <rocksdb/db.h>"},
        Include{"protocol/nats/parser.h", "#include \"protocol/wire/cursor.h\""},
        Include{"broker/net/listener.cc", "#include <boost/asio/ip/tcp.hpp>"},
        Include{"broker/core/partition.h", "#include \"storage/log.h\""},
        Include{"broker/kafka/api/00_produce.cc", "#include \"protocol/kafka/frame.h\""},
        Include{"broker/kafka/session.h", "#include \"broker/core/partition.h\""},
        Include{"broker/embed/broker.cc", "#include \"broker/nats/session.h\""},
        Include{"broker/include/wherry/testing.h", "#include <gtest/gtest.h>"},
        Include{"tools/wherry.cc", "#include <CLI/CLI.hpp>"},
        Include{"tests/unit/broker/net/listener_test.cc", "#include <boost/asio.hpp>"},
        Include{"storage/log.h", "// #include \"broker/core/partition.h\""}));

}  // namespace
}  // namespace wherry::house
