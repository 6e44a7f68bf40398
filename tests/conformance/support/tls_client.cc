#include "tests/conformance/support/tls_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <openssl/err.h>

namespace wherry::conformance {

TlsClient::TlsClient(int fd, const Settings& settings)
    : fd_(fd),
      send_at_most_(settings.send_at_most),
      context_(SSL_CTX_new(TLS_client_method())),
      ssl_(SSL_new(context_)) {
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_);
  SSL_set_max_proto_version(ssl_, settings.max_version);
  bool fits = true;
  if (!settings.cipher_list.empty()) {
    fits = fits && SSL_set_cipher_list(ssl_, settings.cipher_list.c_str()) == 1;
  }
  if (!settings.curves.empty()) {
    fits = fits && SSL_set1_groups_list(ssl_, settings.curves.c_str()) == 1;
  }
  if (!settings.cert.empty()) {
    fits = fits && SSL_use_certificate_file(ssl_, settings.cert.c_str(), SSL_FILETYPE_PEM) == 1 &&
           SSL_use_PrivateKey_file(ssl_, settings.key.c_str(), SSL_FILETYPE_PEM) == 1;
  }
  if (!settings.ca.empty()) {
    fits = fits && SSL_CTX_load_verify_file(context_, settings.ca.c_str()) == 1 &&
           SSL_set1_host(ssl_, "localhost") == 1;
    SSL_set_verify(ssl_, SSL_VERIFY_PEER, nullptr);
  }
  if (settings.session != nullptr)
    fits = fits && SSL_set_session(ssl_, settings.session.get()) == 1;
  if (!fits) std::abort();
}

TlsClient::~TlsClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  ::close(fd_);
}

bool TlsClient::Handshake(std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_);
    if (done != 1) NoteError(done);
    FlushRecords();
    if (done == 1) return true;
    if (!error_.empty() || closed_ || !ReadSome(deadline)) return false;
  }
}

bool TlsClient::Send(std::string_view bytes) {
  ERR_clear_error();
  const int written = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  if (written <= 0) NoteError(written);
  return FlushRecords() && written > 0;
}

void TlsClient::AskForKeysWithoutReading(std::size_t times, const std::function<bool()>& go_on) {
  BIO* const bio = SSL_get_wbio(ssl_);
  for (std::size_t i = 0; i < times; ++i) {
    UpdateKeys();
    SSL_write(ssl_, "x", 1);
    char* records = nullptr;
    const long size = BIO_get_mem_data(bio, &records);
    std::string_view rest(records, static_cast<std::size_t>(size));
    while (!rest.empty()) {
      const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN || !go_on()) {
        return;
      } else {
        pollfd poll_fd{fd_, POLLOUT, 0};
        ::poll(&poll_fd, 1, 10);
      }
    }
    static_cast<void>(BIO_reset(bio));
  }
}

bool TlsClient::SendRaw(std::string_view bytes) {
  const Deadline deadline;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), send_at_most_);
    const ssize_t sent = ::send(fd_, bytes.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return false;
    // Both directions may be full: who only sends would wait for ever.
    pollfd poll_fd{fd_, POLLOUT | POLLIN, 0};
    if (::poll(&poll_fd, 1, deadline.Left()) <= 0) return false;
    if ((poll_fd.revents & POLLIN) != 0 && !ReadSome(deadline)) return false;
  }
  return true;
}

bool TlsClient::FlushRecords() {
  char* records = nullptr;
  BIO* const bio = SSL_get_wbio(ssl_);
  const long size = BIO_get_mem_data(bio, &records);
  const std::string copy(records, static_cast<std::size_t>(size));
  static_cast<void>(BIO_reset(bio));
  return SendRaw(copy);
}

void TlsClient::SendHello(std::size_t count) {
  SSL_do_handshake(ssl_);
  char* records = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &records);
  SendRaw({records, std::min(count, static_cast<std::size_t>(size))});
}

bool TlsClient::ReadSome(const Deadline& deadline) {
  if (closed_) return false;
  pollfd poll_fd{fd_, POLLIN, 0};
  if (::poll(&poll_fd, 1, deadline.Left()) <= 0) return false;
  char buffer[65536];
  const ssize_t size = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (size <= 0) {
    closed_ = true;
    return false;
  }
  raw_bytes_ += static_cast<std::size_t>(size);
  BIO_write(SSL_get_rbio(ssl_), buffer, static_cast<int>(size));
  if (SSL_is_init_finished(ssl_) == 1) Decrypt();
  return true;
}

void TlsClient::Decrypt() {
  char buffer[65536];
  while (true) {
    ERR_clear_error();
    const int size = SSL_read(ssl_, buffer, sizeof(buffer));
    if (size <= 0) return NoteError(size);
    received_.append(buffer, static_cast<std::size_t>(size));
  }
}

void TlsClient::NoteError(int result) {
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ||
      error == SSL_ERROR_ZERO_RETURN) {
    return;
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  if (error_.empty()) error_ = reason != nullptr ? reason : "broken";
}

bool TlsClient::AwaitBytes(std::size_t count, std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  Decrypt();
  while (received_.size() < count && ReadSome(deadline)) {
  }
  return received_.size() >= count;
}

bool TlsClient::AwaitText(std::string_view text, std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  Decrypt();
  while (received_.find(text) == std::string::npos && ReadSome(deadline)) {
  }
  return received_.find(text) != std::string::npos;
}

bool TlsClient::AwaitClosed(std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  while (ReadSome(deadline)) {
  }
  return closed_;
}

void TlsClient::UpdateKeys() { SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED); }

void TlsClient::SendCloseNotify() {
  SSL_shutdown(ssl_);
  FlushRecords();
}

void TlsClient::HalfClose() { ::shutdown(fd_, SHUT_WR); }

std::string TlsClient::Take() { return std::exchange(received_, {}); }

bool TlsClient::got_close_notify() const {
  return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string TlsClient::cipher_suite() const {
  return SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_));
}

std::string TlsClient::curve() const {
  const char* name = SSL_group_to_name(ssl_, static_cast<int>(SSL_get_negotiated_group(ssl_)));
  return name != nullptr ? name : "";
}

std::shared_ptr<SSL_SESSION> TlsClient::session() const {
  return {SSL_get1_session(ssl_), SSL_SESSION_free};
}

}  // namespace wherry::conformance
