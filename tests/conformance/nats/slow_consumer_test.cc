// Clients that take too little of what they are sent, in the clear and over TLS: they are closed,
// and nobody else waits for them.
#include <memory>
#include <optional>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/raw_socket.h"
#include "tests/conformance/support/temp_folder.h"
#include "tests/conformance/support/tls_client.h"

namespace wherry::conformance {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kMiB = 1024 * 1024;

class NatsSlowConsumerTest : public NatsTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static bool with_tls() { return std::string_view(GetParam()) == "Tls"; }

  // A connection that has been answered; in the clear, or over TLS.
  class Client {
   public:
    explicit Client(const NatsSlowConsumerTest& test, int receive_buffer = 0)
        : plain_(AddressOfUrl(test.url()), receive_buffer) {
      EXPECT_TRUE(plain_.TakeLine().starts_with("INFO {"));
      if (with_tls()) {
        tls_ = std::make_unique<TlsClient>(plain_.Release(),
                                           TlsClient::Settings{.ca = test.files_->ca});
        EXPECT_TRUE(tls_->Handshake()) << tls_->error();
      }
      EXPECT_TRUE(Send("CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n"));
      Fence();
    }
    bool Send(std::string_view bytes) { return tls_ ? tls_->Send(bytes) : plain_.Send(bytes); }
    bool AwaitText(std::string_view text) {
      return tls_ ? tls_->AwaitText(text) : plain_.AwaitText(text);
    }
    bool AwaitBytes(std::size_t count) {
      return tls_ ? tls_->AwaitBytes(count) : plain_.AwaitBytes(count);
    }
    bool AwaitClosed() { return tls_ ? tls_->AwaitClosed() : plain_.AwaitClosed(); }
    const std::string& received() const { return tls_ ? tls_->received() : plain_.received(); }
    // What came before the PONG.
    std::string Fence() {
      EXPECT_TRUE(Send("PING\r\n"));
      EXPECT_TRUE(AwaitText("PONG\r\n"));
      return tls_ ? tls_->Take() : plain_.Take();
    }
    void Subscribe(const std::string& subject) {
      EXPECT_TRUE(Send("SUB " + subject + " 1\r\n"));
      Fence();
    }

   private:
    RawSocket plain_;
    std::unique_ptr<TlsClient> tls_;
  };

  NatsOptions options() const override {
    NatsOptions options;
    options.max_pending = 4 * kMiB;
    // A rest of publishers would only make the test longer.
    options.stall_fast_producers = false;
    Adjust(options);
    if (with_tls()) {
      options.tls.emplace();
      options.tls->cert_file = files_->server;
      options.tls->key_file = files_->server_key;
      options.tls->timeout = kPatience;
    }
    return options;
  }
  virtual void Adjust(NatsOptions&) const {}

  void SetUp() override {
    if (IsRemote()) GTEST_SKIP() << "a remote server has limits of its own";
    folder_.emplace();
    files_.emplace(folder_->path().string());
    NatsTest::SetUp();
  }

  static std::string Message(const std::string& subject, std::size_t size) {
    return "PUB " + subject + " " + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
  }
  // Awaits that nobody is subscribed to `subject`: the one who was is gone.
  static bool AwaitNobody(Client& asking, const std::string& subject) {
    EXPECT_TRUE(asking.Send("SUB " + Subject("nobody") + " 9\r\n"));
    const Deadline deadline;
    while (!deadline.Passed()) {
      EXPECT_TRUE(asking.Send("PUB " + subject + " " + Subject("nobody") + " 0\r\n\r\n"));
      if (asking.Fence().find("NATS/1.0 503") != std::string::npos) return true;
    }
    return false;
  }

 private:
  std::optional<TempFolder> folder_;
  std::optional<TlsFiles> files_;
};

TEST_P(NatsSlowConsumerTest, WhoNeverReadsIsClosedAtMaxPendingAndHoldsUpNobody) {
  constexpr std::size_t kMessages = 1500;
  constexpr std::size_t kSize = 16 * 1024;
  // Three of each in a row are on three shards, if there are three.
  std::vector<std::unique_ptr<Client>> lazy, readers;
  for (int i = 0; i < 3; ++i) lazy.push_back(std::make_unique<Client>(*this, 4096));
  for (int i = 0; i < 3; ++i) readers.push_back(std::make_unique<Client>(*this));
  for (const auto& client : lazy) client->Subscribe(Subject("flood"));
  for (const auto& client : readers) client->Subscribe(Subject("flood"));
  Client publisher(*this);
  const std::string message = Message(Subject("flood"), kSize);
  const std::size_t delivery =
      std::string("MSG  1 \r\n\r\n16384").size() + Subject("flood").size() + kSize;
  for (std::size_t i = 1; i <= kMessages; ++i) {
    ASSERT_TRUE(publisher.Send(message));
    // No faster than the readers read.
    if (i % 50 != 0) continue;
    for (const auto& client : readers) ASSERT_TRUE(client->AwaitBytes(i * delivery));
  }
  for (const auto& client : lazy) {
    EXPECT_TRUE(client->AwaitClosed());
    EXPECT_LT(client->received().size(), kMessages * delivery);
    // No farewell is written into the middle of a message.
    EXPECT_EQ(client->received().find("-ERR"), std::string::npos);
  }
  for (const auto& client : readers) EXPECT_EQ(client->received().size(), kMessages * delivery);
}

class NatsWriteDeadlineTest : public NatsSlowConsumerTest {
 protected:
  void Adjust(NatsOptions& options) const override {
    options.max_pending = 1024 * kMiB;
    options.write_deadline = 300ms;
  }
};

TEST_P(NatsWriteDeadlineTest, WhoNeverReadsIsClosedAtTheDeadline) {
  Client lazy(*this, /*receive_buffer=*/4096);
  lazy.Subscribe(Subject("flood"));
  Client other(*this);
  // More than the kernel takes for it, far less than max_pending.
  constexpr std::size_t kSize = kMiB;
  constexpr std::size_t kMessages = 32;
  const std::string message = Message(Subject("flood"), kSize);
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_TRUE(other.Send(message));
  EXPECT_TRUE(AwaitNobody(other, Subject("flood")));
  EXPECT_TRUE(lazy.AwaitClosed());
  EXPECT_LT(lazy.received().size(), kMessages * kSize);
  EXPECT_EQ(lazy.received().find("-ERR"), std::string::npos);
}

TEST_P(NatsWriteDeadlineTest, WhoIsSentNothingMayStayAsLongAsItLikes) {
  Client silent(*this, /*receive_buffer=*/4096);
  silent.Subscribe(Subject("a"));
  Client slow(*this, /*receive_buffer=*/4096);
  slow.Subscribe(Subject("flood"));
  Client other(*this);
  const std::string message = Message(Subject("flood"), kMiB);
  for (int i = 0; i < 32; ++i) ASSERT_TRUE(other.Send(message));
  EXPECT_TRUE(AwaitNobody(other, Subject("flood")));
  // The deadline has passed for the other one.
  ASSERT_TRUE(other.Send("PUB " + Subject("a") + " 2\r\nhi\r\n"));
  EXPECT_TRUE(silent.AwaitText("hi\r\n"));
}

INSTANTIATE_TEST_SUITE_P(In, NatsSlowConsumerTest, ::testing::Values("Clear", "Tls"),
                         [](const auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(In, NatsWriteDeadlineTest, ::testing::Values("Clear", "Tls"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace wherry::conformance
