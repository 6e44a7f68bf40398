// The part of Connection that only connections with TLS use.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "broker/net/connection.h"
#include "broker/net/connection_parts.h"
#include "broker/net/tls_acceptor.h"

namespace wherry::net {

namespace {
constexpr std::size_t kTlsSlabSize = ConnectionSet::kSlabSize + TlsStream::kMaxCarried;
}

std::span<char> ConnectionSet::TlsSlab() {
  if (tls_slab_ == nullptr) tls_slab_.reset(new char[kTlsSlabSize + TlsStream::kMaxPlain]);
  return {tls_slab_.get(), kTlsSlabSize};
}

std::span<char> ConnectionSet::TlsScratch() {
  return {TlsSlab().data() + kTlsSlabSize, TlsStream::kMaxPlain};
}

void Connection::StartTls(const TlsAcceptor& acceptor, std::string_view received) {
  if (state_ != State::kOpen || tls_ != nullptr) return;
  tls_ = std::make_unique<Tls>(acceptor, set_.pool_);
  tls_->stream.records().TakeAll(queue_);
  tls_->deadline = std::make_unique<runtime::Timer>(shard().timers(), runtime::TimerKind::kPatience,
                                                    "TLS handshake");
  const runtime::Duration timeout = acceptor.settings().timeout;
  tls_->deadline->Arm(timeout, [this, timeout] {
    FailTls(absl::StrCat("the client did not complete the TLS handshake within ",
                         std::chrono::ceil<std::chrono::milliseconds>(timeout).count(), " ms"));
  });
  tls_->stream.Feed(received);
  if (!received.empty()) HandleTls();
}

std::optional<TlsPeer> Connection::tls_peer() const {
  if (tls_ == nullptr) return std::nullopt;
  return tls_->stream.peer();
}

void Connection::OnReadableTls() {
  const ssize_t received = ::read(socket_->fd, set_.slab_.get(),
                                  std::min(ReadLimit(), ConnectionSet::kSlabSize));
  if (received > 0) {
    PaceReading(static_cast<std::size_t>(received));
    tls_->stream.Feed({set_.slab_.get(), static_cast<std::size_t>(received)});
    HandleTls();
  } else if (received == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
    if (!tls_->stream.handshake_done()) {
      session_->OnTlsFailed("the client closed the connection during the TLS handshake");
    }
    Close();
  }
  WaitReadable();
}

// Uses up what was fed.
void Connection::HandleTls() {
  if (!tls_->stream.handshake_done()) {
    switch (tls_->stream.Handshake()) {
      case TlsStream::Result::kDone:
        tls_->deadline.reset();
        session_->OnTlsOpen();
        break;
      case TlsStream::Result::kFailed:
        return FailTls(tls_->stream.failure());
      case TlsStream::Result::kNeedMore:
      case TlsStream::Result::kEnded:
        break;
    }
  }
  if (tls_->stream.handshake_done() && state_ == State::kOpen) DeliverTls();
  tls_->stream.Feed({});
  if (!tls_->stream.records().empty()) MarkDirty();
}

void Connection::DeliverTls() {
  const std::span<char> slab = set_.TlsSlab();
  TlsStream::Plain plain{};
  do {
    const std::span<char> body = session_->ReadInto();
    plain = tls_->stream.Read(body, slab);
    if (plain.in_body > 0) session_->OnReadInto(plain.in_body);
    if (plain.in_slab > 0 && state_ == State::kOpen)
      session_->OnBytes({slab.data(), plain.in_slab});
  } while (plain.result == TlsStream::Result::kDone && state_ == State::kOpen);
  if (state_ != State::kOpen) return;
  if (plain.result == TlsStream::Result::kEnded) Close();
  if (plain.result == TlsStream::Result::kFailed) FailTls(tls_->stream.failure());
}

// Whatever waits is dropped, except the alert that tells the peer why.
void Connection::FailTls(std::string_view reason) {
  if (state_ != State::kOpen) return;
  session_->OnTlsFailed(reason);
  if (state_ != State::kOpen) return;
  tls_->deadline.reset();
  queue_.Clear();
  CloseAfterFlush();
}

void Connection::EndTls() {
  tls_->deadline.reset();
  tls_->stream.records().Clear();
}

void Connection::FlushTls() {
  TlsStream& stream = tls_->stream;
  // Nothing can be said to a peer that has no keys yet.
  if (state_ == State::kFlushing && !stream.handshake_done()) queue_.Clear();
  std::size_t sent = 0;
  while (true) {
    if (!stream.Encrypt(queue_, set_.TlsScratch()) && state_ == State::kOpen) return Close();
    if (state_ == State::kFlushing && queue_.empty()) stream.End();
    if (stream.records().empty()) break;
    const std::size_t waiting = stream.records().pending_bytes();
    const WriteQueue::FlushResult result = Send(stream.records());
    sent += waiting - stream.records().pending_bytes();
    switch (result) {
      case WriteQueue::FlushResult::kDone:
        break;
      case WriteQueue::FlushResult::kPaced:
        return;
      case WriteQueue::FlushResult::kBlocked:
        Blocked(sent, stream.records().pending_bytes() + queue_.pending_bytes());
        return WaitWritable();
      case WriteQueue::FlushResult::kBroken:
        return Close();
    }
  }
  if (queue_.empty()) Flushed();
}

void Connection::FlushAtStop() {
  if (tls_ == nullptr) {
    if (!queue_.empty()) queue_.Flush(socket_->fd);
    return;
  }
  TlsStream& stream = tls_->stream;
  while (stream.Encrypt(queue_, set_.TlsScratch())) {
    if (queue_.empty()) stream.End();
    if (stream.records().empty()) return;
    if (stream.records().Flush(socket_->fd) != WriteQueue::FlushResult::kDone) return;
  }
}

}  // namespace wherry::net
