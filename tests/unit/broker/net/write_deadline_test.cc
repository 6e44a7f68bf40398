// Connection::SetWriteDeadline.
#include "tests/unit/broker/net/connection_fixture.h"

namespace wherry::net {
namespace {

constexpr runtime::Duration kDeadline = std::chrono::seconds(10);
constexpr std::size_t kMiB = 1024 * 1024;
// Far more than the kernel's buffers may grow to while somebody reads.
constexpr std::size_t kMuch = 64 * kMiB;

class WriteDeadlineTest : public ConnectionFixture {
 protected:
  ~WriteDeadlineTest() override { ::close(fd_); }

  // A connection in the clear with `size` bytes to send.
  void ConnectAndWrite(std::size_t size) {
    fd_ = Connect({.begin_at_open = false});
    On([&] { notes_.connection->SetWriteDeadline(kDeadline); });
    WriteAndFlush(size);
  }
  // Behind the turn's end, where the deadline begins: time must not move before.
  void WriteAndFlush(std::size_t size) {
    Write(std::string(size, 'x'));
    Settle();
  }
  std::size_t Pending() {
    std::size_t pending = 0;
    On([&] { pending = notes_.connection == nullptr ? 0 : notes_.connection->pending_bytes(); });
    return pending;
  }
  // Reads until the server has at most `pending` bytes left to send.
  void ReadUntilPending(std::size_t pending) {
    std::string buffer(16 * 1024, '\0');
    ASSERT_TRUE(Await([&] {
      while (::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
      }
      return notes_.connection != nullptr && notes_.connection->pending_bytes() <= pending;
    }));
  }

  int fd_ = -1;
};

TEST_F(WriteDeadlineTest, WhoReadsNothingIsClosed) {
  ConnectAndWrite(kMuch);
  ASSERT_GT(Pending(), 0u);
  Advance(kDeadline - std::chrono::milliseconds(1));
  EXPECT_FALSE(notes_.closed);
  Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(notes_.closed);
}

TEST_F(WriteDeadlineTest, WhoReadsALittleNowAndThenIsTooSlowAsWell) {
  ConnectAndWrite(kMuch);
  Advance(kDeadline * 6 / 10);
  ReadUntilPending(kMuch - 4 * kMiB);
  ASSERT_GT(Pending(), 0u);
  Advance(kDeadline * 6 / 10);
  EXPECT_TRUE(notes_.closed);
}

TEST_F(WriteDeadlineTest, ItBeginsAnewWhenWhatWaitedIsTaken) {
  ConnectAndWrite(kMuch);
  Advance(kDeadline * 6 / 10);
  WriteAndFlush(kMuch);
  ReadUntilPending(kMuch - 4 * kMiB);
  Advance(kDeadline * 6 / 10);
  EXPECT_FALSE(notes_.closed);
  ReadUntilPending(0);
  Advance(kDeadline * 2);
  EXPECT_FALSE(notes_.closed);
  WriteAndFlush(kMuch);
  ASSERT_GT(Pending(), 0u);
  Advance(kDeadline);
  EXPECT_TRUE(notes_.closed);
}

}  // namespace
}  // namespace wherry::net
