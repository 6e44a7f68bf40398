// Connections that fall short, over socket pairs.
#include <poll.h>

#include "tests/unit/broker/net/connection_fixture.h"

namespace wherry::net {
namespace {

using std::chrono::milliseconds;

class ImpairedConnectionTest : public ConnectionFixture {
 protected:
  ~ImpairedConnectionTest() override {
    if (client_ >= 0) ::close(client_);
  }

  // In the clear, as long as the client says nothing.
  void Open() { client_ = Connect({.begin_at_open = false, .in_the_clear = ""}); }
  // Behind what the turn flushes at its end.
  void WriteAndFlush(std::string_view bytes) {
    Write(bytes);
    Settle();
  }
  void Impair(const Impairment& impairment) {
    On([&] { notes_.connection->Impair(impairment); });
  }
  // What has arrived, without waiting; nullopt: the connection has ended.
  std::optional<std::string> Arrived() {
    std::string bytes(100'000, '\0');
    const ssize_t size = ::recv(client_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return "";
    if (size == 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }

  int client_ = -1;
};

TEST_F(ImpairedConnectionTest, SlicesArePiecesOfTheirSize) {
  Open();
  Impair({.slice = 7, .bandwidth = 0, .close_after = {}});
  const std::string sent(1000, 'x');
  On([&] {
    notes_.connection->Write(sent);
    notes_.connection->AwaitDrained();
  });
  // The first turn sends one piece; the others follow by themselves.
  std::string received;
  while (received.size() < sent.size()) {
    pollfd waiting{client_, POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 20'000), 1);
    received += Arrived().value();
  }
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(Await([&] { return notes_.drained == 1; }));
}

TEST_F(ImpairedConnectionTest, ABandwidthLastsAsLongAsItsBytesTake) {
  Open();
  // 1000 bytes a second: 20 in a piece, which takes 20 ms.
  Impair({.slice = 0, .bandwidth = 1000, .close_after = {}});
  WriteAndFlush(std::string(100, 'x'));
  EXPECT_EQ(Arrived().value().size(), 20u);
  Advance(milliseconds(19));
  EXPECT_EQ(Arrived(), "");
  Advance(milliseconds(1));
  EXPECT_EQ(Arrived().value().size(), 20u);
  for (int i = 0; i < 3; ++i) Advance(milliseconds(20));
  EXPECT_EQ(Arrived().value().size(), 60u);
  // What is written at once has to wait for what was sent before.
  WriteAndFlush("more");
  EXPECT_EQ(Arrived(), "");
  Advance(milliseconds(20));
  EXPECT_EQ(Arrived(), "more");
}

TEST_F(ImpairedConnectionTest, ItEndsAfterSoManyBytes) {
  Open();
  WriteAndFlush("before");
  EXPECT_EQ(Arrived(), "before");
  Impair({.slice = 0, .bandwidth = 0, .close_after = 5});
  WriteAndFlush("abc");
  EXPECT_EQ(Arrived(), "abc");
  WriteAndFlush("defg");
  EXPECT_EQ(Arrived(), "de");
  EXPECT_EQ(Arrived(), std::nullopt);
  EXPECT_TRUE(AwaitClosed());
}

TEST_F(ImpairedConnectionTest, AResetLosesWhatWaits) {
  Open();
  On([&] {
    notes_.connection->Write("never");
    notes_.connection->Reset();
  });
  EXPECT_TRUE(AwaitClosed());
  EXPECT_EQ(Arrived(), std::nullopt);
}

}  // namespace
}  // namespace wherry::net
