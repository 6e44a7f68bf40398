#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/net/connection.h"
#include "broker/net/tls_acceptor.h"
#include "broker/net/tls_stream.h"
#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/temp_folder.h"
#include "tests/conformance/support/tls_client.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::net {

using conformance::TempFolder;
using conformance::TlsClient;
using conformance::TlsFiles;

// A session that does what a test tells it, and notes what it hears.
// Threads: its shard's; a test looks at it from there. Owned by its Connection; the test's view of
// it is valid until `closed`.
class TestSession final : public Session {
 public:
  // Outlives the session.
  struct Notes {
    Connection* connection = nullptr;  // null once it is closed
    std::string received;
    std::size_t received_into_body = 0;
    int bytes_calls = 0;
    bool tls_open = false, closed = false;
    int drained = 0;
    std::string failure;
    std::optional<TlsPeer> peer;
  };
  struct Script {
    const TlsAcceptor* acceptor = nullptr;
    bool begin_at_open = true;  // else with the first bytes
    std::string in_the_clear;   // written before TLS
    bool echo = false;
    std::size_t body = 0;  // the first so many bytes are read straight into a buffer
  };

  TestSession(Connection& connection, const Script& script, Notes& notes)
      : connection_(connection), script_(script), notes_(notes), body_(script.body, '\0') {
    notes_.connection = &connection;
  }

  void OnOpen() override {
    connection_.Write(script_.in_the_clear);
    if (script_.begin_at_open) connection_.StartTls(*script_.acceptor);
  }
  void OnBytes(std::string_view bytes) override {
    if (!script_.begin_at_open && !began_) {
      began_ = true;
      return connection_.StartTls(*script_.acceptor, bytes);
    }
    ++notes_.bytes_calls;
    notes_.received.append(bytes);
    if (script_.echo) connection_.Write(bytes);
  }
  std::span<char> ReadInto() override {
    if (!notes_.tls_open) return {};
    return std::span<char>(body_).subspan(notes_.received_into_body);
  }
  void OnReadInto(std::size_t size) override {
    notes_.received.append(body_.data() + notes_.received_into_body, size);
    notes_.received_into_body += size;
  }
  void OnDrained() override { ++notes_.drained; }
  void OnTlsOpen() override {
    notes_.tls_open = true;
    notes_.peer = connection_.tls_peer();
  }
  void OnTlsFailed(std::string_view reason) override { notes_.failure = reason; }
  void OnClosed() override {
    notes_.closed = true;
    notes_.connection = nullptr;
  }

 private:
  Connection& connection_;
  const Script script_;
  Notes& notes_;
  std::string body_;
  bool began_ = false;
};

// A shard with connections over socket pairs, and TLS files.
class ConnectionFixture : public core::ShardFixture {
 protected:
  ~ConnectionFixture() override { CloseAll(); }

  // Before another connection: the last one may still be hearing that its client has gone.
  void BeginAgain() {
    CloseAll();
    On([this] { notes_ = {}; });
  }

  TlsSettings ServerSettings() const {
    TlsSettings settings;
    settings.cert_file = files_.server;
    settings.key_file = files_.server_key;
    return settings;
  }
  void Load(const TlsSettings& settings) {
    auto loaded = TlsAcceptor::Load(settings);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    acceptor_ = *loaded;
  }

  // The client's end of a new connection whose session follows `script`.
  int Connect(TestSession::Script script = {}, int buffer = 0) {
    if (acceptor_ == nullptr) Load(ServerSettings());
    script.acceptor = acceptor_.get();
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (buffer > 0) ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    On([&] {
      connections_.Adopt(ends[0], Endpoint(), Endpoint(), [&](Connection& connection) {
        return std::make_unique<TestSession>(connection, script, notes_);
      });
    });
    return ends[1];
  }

  // Shakes hands. The client is done before the server has its last words.
  bool Open(TlsClient& client) {
    return client.Handshake() && Await([&] { return notes_.tls_open; });
  }
  void Write(std::string_view bytes) {
    On([&] { notes_.connection->Write(bytes); });
  }
  bool AwaitReceived(std::size_t count) {
    return Await([&] { return notes_.received.size() >= count; });
  }
  bool AwaitClosed() {
    return Await([&] { return notes_.closed; });
  }

  TempFolder folder_;
  const TlsFiles files_{folder_.path().string()};
  std::shared_ptr<TlsAcceptor> acceptor_;
  TestSession::Notes notes_;
  ConnectionSet connections_{shard_};

 private:
  void CloseAll() {
    On([this] { connections_.CloseAll(); });
    Settle();
  }
};

}  // namespace wherry::net
