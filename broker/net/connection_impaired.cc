// The part of Connection that only connections use with which a test finds fault.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>

#include "broker/net/connection.h"
#include "broker/net/connection_parts.h"

namespace wherry::net {

namespace {

// Of what a second may carry, one piece is this part: small enough to look like a slow line.
constexpr std::uint64_t kPiecesPerSecond = 50;
constexpr std::size_t kMaxPiece = 64 * 1024;

std::size_t PieceOf(const Impairment& limits) {
  std::size_t piece = kMaxPiece;
  if (limits.slice > 0) piece = std::min(piece, limits.slice);
  if (limits.bandwidth > 0) {
    const std::uint64_t part = std::max<std::uint64_t>(limits.bandwidth / kPiecesPerSecond, 1);
    piece = static_cast<std::size_t>(std::min<std::uint64_t>(piece, part));
  }
  return piece;
}

runtime::Duration TimeOf(std::size_t size, std::uint64_t bandwidth) {
  if (bandwidth == 0) return runtime::Duration::zero();
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return runtime::Duration(static_cast<std::int64_t>(size * kSecond / bandwidth));
}

}  // namespace

void Connection::Impair(const Impairment& impairment) {
  if (state_ == State::kClosed) return;
  if (impaired_ == nullptr) impaired_ = std::make_unique<Impaired>(shard().timers());
  Impairment& limits = impaired_->limits;
  if (impairment.slice > 0) limits.slice = impairment.slice;
  if (impairment.bandwidth > 0) limits.bandwidth = impairment.bandwidth;
  if (impairment.close_after.has_value()) limits.close_after = impairment.close_after;
}

WriteQueue::FlushResult Connection::Send(WriteQueue& queue) {
  return impaired_ == nullptr ? queue.Flush(socket_->fd) : SendImpaired(queue);
}

// One piece, and the next when its time has come: with slices alone in the next turn, so that each
// reaches the peer by itself.
WriteQueue::FlushResult Connection::SendImpaired(WriteQueue& queue) {
  if (impaired_->send_timer.armed()) return WriteQueue::FlushResult::kPaced;
  if (queue.empty()) return WriteQueue::FlushResult::kDone;
  Impairment& limits = impaired_->limits;
  std::size_t piece = PieceOf(limits);
  if (limits.close_after.has_value()) {
    if (*limits.close_after == 0) return WriteQueue::FlushResult::kBroken;
    piece = static_cast<std::size_t>(std::min<std::uint64_t>(piece, *limits.close_after));
  }
  std::string scratch(piece, '\0');
  const std::string_view bytes = queue.Front(scratch);
  const ssize_t sent =
      ::send(socket_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return blocked ? WriteQueue::FlushResult::kBlocked : WriteQueue::FlushResult::kBroken;
  }
  const auto size = static_cast<std::size_t>(sent);
  queue.Drop(size);
  if (limits.close_after.has_value()) {
    *limits.close_after -= size;
    if (*limits.close_after == 0) return WriteQueue::FlushResult::kBroken;
  }
  if (queue.empty() && limits.bandwidth == 0) return WriteQueue::FlushResult::kDone;
  impaired_->send_timer.Arm(TimeOf(size, limits.bandwidth), [this] {
    if (state_ != State::kClosed && !wait_writable_) Flush();
  });
  return WriteQueue::FlushResult::kPaced;
}

std::size_t Connection::ReadLimit() const {
  if (impaired_ == nullptr || impaired_->limits.bandwidth == 0) {
    return std::numeric_limits<std::size_t>::max();
  }
  return PieceOf({.slice = 0, .bandwidth = impaired_->limits.bandwidth, .close_after = {}});
}

void Connection::PaceReading(std::size_t received) {
  if (impaired_ == nullptr || impaired_->limits.bandwidth == 0) return;
  impaired_->read_timer.Arm(TimeOf(received, impaired_->limits.bandwidth),
                            [this] { WaitReadable(); });
}

bool Connection::ReadingRests() const {
  return impaired_ != nullptr && impaired_->read_timer.armed();
}

}  // namespace wherry::net
