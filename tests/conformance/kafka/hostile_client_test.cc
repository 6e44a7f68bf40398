// Frames that no client sends: each may cost its own connection, nobody else may notice.
#include <limits>
#include <map>
#include <random>
#include <utility>

#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_test.h"
#include "tests/conformance/kafka/kafka_wire.h"

namespace wherry::conformance {
namespace {

constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kFetch = 1;
constexpr std::int16_t kMetadata = 3;
constexpr std::int16_t kApiVersions = 18;
constexpr std::int16_t kUnsupportedVersion = 35;

std::string Frame(std::int32_t size, std::string_view bytes) {
  return KafkaBytes().Int32(size).Raw(bytes).bytes();
}

class KafkaHostileClientTest : public KafkaTest {
 protected:
  const char* Unable() const override {
    return IsWherry() ? nullptr : "how a broker takes garbage is its own affair";
  }

  // Sends bytes and expects the server to close without a word.
  void ExpectClosed(std::string_view bytes) {
    RawSocket socket(bootstrap());
    socket.Send(bytes);
    EXPECT_TRUE(socket.AwaitClosed());
    EXPECT_EQ(socket.received(), "");
  }
  // The versions of each API that the server says it speaks.
  std::map<int, std::pair<int, int>> Offered() {
    RawSocket socket(bootstrap());
    socket.Send(KafkaRequest(kApiVersions, 0, 1, ""));
    const std::string response = ReadResponse(socket);
    KafkaReader reader(response);
    reader.Raw(4);
    EXPECT_EQ(reader.Int16(), 0);
    std::map<int, std::pair<int, int>> offered;
    for (std::int32_t count = reader.Int32(); count > 0 && reader.ok(); --count) {
      const int key = reader.Int16();
      const int min = reader.Int16();
      offered[key] = {min, reader.Int16()};
    }
    EXPECT_TRUE(reader.ok());
    return offered;
  }
  void ExpectServing() {
    RawSocket socket(bootstrap());
    socket.Send(KafkaRequest(kApiVersions, 0, 77, ""));
    const std::string response = ReadResponse(socket);
    KafkaReader reader(response);
    EXPECT_EQ(reader.Int32(), 77);
    EXPECT_EQ(reader.Int16(), 0);
  }
};

TEST_P(KafkaHostileClientTest, ImpossibleSizesCloseTheConnectionAtOnce) {
  ExpectClosed(Frame(std::numeric_limits<std::int32_t>::max(), ""));
  ExpectClosed(Frame(std::numeric_limits<std::int32_t>::min(), ""));
  ExpectClosed(Frame(-1, "1234567890"));
  ExpectClosed(Frame(0, ""));
  ExpectClosed(Frame(3, "123"));
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, OtherProtocolsAreNotUnderstood) {
  ExpectClosed("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ExpectClosed("CONNECT {}\r\nPING\r\n");
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, UnknownApisAndVersionsCloseTheConnection) {
  ExpectClosed(KafkaRequest(9999, 0, 1, ""));
  ExpectClosed(KafkaRequest(-1, 0, 1, ""));
  ExpectClosed(KafkaRequest(kMetadata, 99, 1, ""));
  ExpectClosed(KafkaRequest(kMetadata, -1, 1, ""));
  ExpectClosed(KafkaRequest(kProduce, 2, 1, ""));
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, ABodyThatEndsEarlyOrLiesAboutItsLengthsClosesTheConnection) {
  // An array of two billion topics in a body of four bytes.
  ExpectClosed(KafkaRequest(kMetadata, 1, 1,
                            KafkaBytes().Int32(std::numeric_limits<std::int32_t>::max()).bytes()));
  ExpectClosed(KafkaRequest(kMetadata, 1, 1, KafkaBytes().Int32(1).Int16(100).Raw("x").bytes()));
  ExpectClosed(KafkaRequest(kMetadata, 1, 1, KafkaBytes().Int32(1).Int16(-5).bytes()));
  ExpectClosed(KafkaRequest(kMetadata, 1, 1, ""));
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, AnUnknownVersionOfApiVersionsIsAnsweredInVersionZero) {
  RawSocket socket(bootstrap());
  // Version 3 and later have flexible headers, which a broker must not need to read to answer this.
  socket.Send(KafkaRequest(kApiVersions, 99, 42, std::string("\0\0\0\0", 4)));
  const std::string response = ReadResponse(socket);
  KafkaReader reader(response);
  EXPECT_EQ(reader.Int32(), 42);
  EXPECT_EQ(reader.Int16(), kUnsupportedVersion);
  const std::int32_t count = reader.Int32();
  EXPECT_GE(count, 1);
  bool names_api_versions = false;
  for (std::int32_t i = 0; i < count && reader.ok(); ++i) {
    const bool is_it = reader.Int16() == kApiVersions;
    const std::int16_t min = reader.Int16();
    const std::int16_t max = reader.Int16();
    if (is_it) names_api_versions = min == 0 && max >= 3;
  }
  EXPECT_TRUE(names_api_versions);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.rest(), "");
  // The connection lives on for the client's second try.
  socket.Send(KafkaRequest(kApiVersions, 0, 43, ""));
  const std::string again = ReadResponse(socket);
  EXPECT_EQ(KafkaReader(again).Int32(), 43);
}

TEST_P(KafkaHostileClientTest, ApiVersionsOffersWhatOldClientsTest) {
  std::map<int, std::pair<int, int>> offered = Offered();
  EXPECT_EQ(offered[kProduce].first, 0) << "else librdkafka silently sends uncompressed";
  for (const auto& [key, versions] : offered) EXPECT_LE(versions.first, versions.second) << key;
}

TEST_P(KafkaHostileClientTest, AByteAtATimeIsAsGoodAsAllAtOnce) {
  RawSocket socket(bootstrap());
  for (int i = 0; i < 3; ++i) {
    for (const char byte : KafkaRequest(kApiVersions, 0, i, "")) socket.Send({&byte, 1});
    const std::string response = ReadResponse(socket);
    EXPECT_EQ(KafkaReader(response).Int32(), i);
  }
}

TEST_P(KafkaHostileClientTest, RequestsSentTogetherAreAnsweredInOrder) {
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += KafkaRequest(kApiVersions, 0, i, "");
  RawSocket socket(bootstrap());
  socket.Send(requests);
  for (int i = 0; i < 100; ++i) {
    const std::string response = ReadResponse(socket);
    ASSERT_EQ(KafkaReader(response).Int32(), i);
  }
}

TEST_P(KafkaHostileClientTest, HalfAFrameIsNothing) {
  const std::string request = KafkaRequest(kApiVersions, 0, 1, "");
  std::vector<RawSocket> waiting;
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    waiting.emplace_back(bootstrap());
    waiting.back().Send(std::string_view(request).substr(0, cut));
  }
  ExpectServing();
  for (RawSocket& socket : waiting) {
    socket.HalfClose();
    EXPECT_TRUE(socket.AwaitClosed());
    EXPECT_EQ(socket.received(), "");
  }
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, ALargeFrameThatNeverComesTakesNoMemoryToSpeakOf) {
  std::vector<RawSocket> liars;
  // 100 MB each, announced and not sent: 20 GB if the broker believed them.
  for (int i = 0; i < 200; ++i) {
    liars.emplace_back(bootstrap());
    liars.back().Send(Frame(100'000'000, "abc"));
  }
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, RandomFramesNeverHurtTheServer) {
  std::mt19937 random(20261124);
  for (int i = 0; i < 500; ++i) {
    std::string body;
    for (std::size_t length = random() % 200; length > 0; --length) {
      // Mostly small numbers, since they are what lengths look like.
      body += static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    }
    RawSocket socket(bootstrap());
    socket.Send(KafkaRequest(static_cast<std::int16_t>(random() % 75),
                             static_cast<std::int16_t>(random() % 19), i, body));
    socket.HalfClose();
  }
  ExpectServing();
}

TEST_P(KafkaHostileClientTest, NoOfferedVersionIsHurtByABodyThatMeansNothing) {
  // The greatest lengths and counts that there are, the least, none, and no body at all.
  const std::string bodies[] = {"", std::string(64, '\xff'), std::string(64, '\x7f'),
                                std::string(64, '\x80'), std::string(256, '\0')};
  for (const auto& [key, versions] : Offered()) {
    for (int version = versions.first; version <= versions.second; ++version) {
      for (const std::string& body : bodies) {
        RawSocket socket(bootstrap());
        socket.Send(KafkaRequest(static_cast<std::int16_t>(key),
                                 static_cast<std::int16_t>(version), 1, body));
        socket.HalfClose();
      }
    }
    ExpectServing();
  }
}

TEST_P(KafkaHostileClientTest, FetchSessionsThatNobodyEndsAreLimited) {
  constexpr int kMore = 1100;  // than the 1,000 that there may be
  RawSocket socket(bootstrap());
  int sessions = 0;
  for (int i = 0; i < kMore; ++i) {
    KafkaBytes body;
    body.Int32(-1).Int32(0).Int32(0).Int32(1 << 20).Int8(0);  // replica, wait, bytes, isolation
    body.Int32(0).Int32(0);                                   // a new session
    body.Int32(1).String("nobody's").Int32(1);                // one topic, one partition
    body.Int32(0).Int64(0).Int64(-1).Int32(1 << 20);          // of which there is none
    body.Int32(0);                                            // nothing is forgotten
    socket.Send(KafkaRequest(kFetch, 7, i, body.bytes()));
    const std::string response = ReadResponse(socket);
    KafkaReader reader(response);
    EXPECT_EQ(reader.Int32(), i);
    reader.Int32();  // throttle time
    EXPECT_EQ(reader.Int16(), 0);
    if (reader.Int32() != 0) ++sessions;
    EXPECT_TRUE(reader.ok());
  }
  EXPECT_EQ(sessions, 1000);
  ExpectServing();
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaHostileClientTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
