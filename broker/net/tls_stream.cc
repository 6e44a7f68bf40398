#include "broker/net/tls_stream.h"

#include <algorithm>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"

namespace wherry::net {

namespace {

constexpr unsigned char kHandshakeRecord = 0x16;

TlsStream& StreamOf(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

int ReadFed(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  const std::size_t taken = StreamOf(bio).TakeFed(into, static_cast<std::size_t>(size));
  if (taken > 0) return static_cast<int>(taken);
  BIO_set_retry_read(bio);
  return -1;
}

int WriteRecord(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  if (size > 0) StreamOf(bio).AddRecord({bytes, static_cast<std::size_t>(size)});
  return size;
}

long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// A memory BIO would keep a buffer of its own on each side, and copy once more.
const BIO_METHOD* Transport() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "fed and queued records");
    BIO_meth_set_read(made, ReadFed);
    BIO_meth_set_write(made, WriteRecord);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

}  // namespace

TlsStream::TlsStream(const TlsAcceptor& acceptor, ChunkPool& pool)
    : acceptor_(acceptor), ssl_(SSL_new(acceptor.handle())), records_(pool) {
  BIO* const bio = BIO_new(Transport());
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    broken_ = true;
    failure_ = "out of memory";
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

void TlsStream::Feed(std::string_view records) {
  fed_ = records;
  if (began_ || records.empty()) return;
  began_ = true;
  // OpenSSL would answer some of what is no TLS with an alert; a plain client is told nothing.
  if (static_cast<unsigned char>(records[0]) != kHandshakeRecord) {
    broken_ = true;
    failure_ = "the peer does not speak TLS";
  }
}

std::size_t TlsStream::TakeFed(char* into, std::size_t size) {
  const std::size_t taken = std::min(size, fed_.size());
  std::memcpy(into, fed_.data(), taken);
  fed_.remove_prefix(taken);
  return taken;
}

TlsStream::Result TlsStream::Handshake() {
  if (broken_) return Result::kFailed;
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_);
  if (done != 1) {
    return SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ ? Result::kNeedMore : Failed();
  }
  if (!CertificateIsPinned()) {
    failure_ = "the client's certificate is not one of pinned_certs";
    End();
    broken_ = true;
    return Result::kFailed;
  }
  handshake_done_ = true;
  return Result::kDone;
}

bool TlsStream::CertificateIsPinned() const {
  return acceptor_.settings().pinned_certs.empty() || acceptor_.IsPinned(peer().public_key_sha256);
}

TlsStream::Plain TlsStream::Read(std::span<char> body, std::span<char> slab) {
  Plain plain{Result::kDone, 0, 0};
  if (broken_) plain.result = Result::kFailed;
  while (!broken_ && plain.in_body + plain.in_slab < body.size() + slab.size()) {
    const bool into_body = plain.in_body < body.size();
    const std::span<char> room =
        into_body ? body.subspan(plain.in_body) : slab.subspan(plain.in_slab);
    std::size_t size = 0;
    ERR_clear_error();
    const int read = SSL_read_ex(ssl_, room.data(), room.size(), &size);
    if (read == 1) {
      (into_body ? plain.in_body : plain.in_slab) += size;
      continue;
    }
    switch (SSL_get_error(ssl_, read)) {
      case SSL_ERROR_WANT_READ:
        plain.result = Result::kNeedMore;
        break;
      case SSL_ERROR_ZERO_RETURN:
        plain.result = Result::kEnded;
        break;
      default:
        plain.result = Failed();
        break;
    }
    break;
  }
  if (records_.pending_bytes() > kMaxUnsentAnswers) {
    broken_ = true;
    failure_ = "the peer makes us answer and does not read";
    plain.result = Result::kFailed;
  }
  return plain;
}

TlsStream::Result TlsStream::Failed() {
  broken_ = true;
  const long verified = SSL_get_verify_result(ssl_);
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  failure_ = reason != nullptr ? reason : "the connection broke";
  if (verified != X509_V_OK) {
    absl::StrAppend(&failure_, " (", X509_verify_cert_error_string(verified), ")");
  }
  ERR_clear_error();
  return Result::kFailed;
}

bool TlsStream::Encrypt(WriteQueue& plain, std::span<char> scratch) {
  if (!handshake_done_ || broken_ || ended_) return !broken_;
  while (!plain.empty() && records_.pending_bytes() < kRecordsAhead) {
    const std::string_view piece = plain.Front(scratch.first(kMaxPlain));
    std::size_t written = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_, piece.data(), piece.size(), &written) != 1) {
      Failed();
      return false;
    }
    plain.Drop(written);
  }
  return true;
}

void TlsStream::End() {
  if (ended_ || broken_) return;
  ended_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace wherry::net
