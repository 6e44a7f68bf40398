#include "broker/net/write_queue.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

namespace wherry::net {

ChunkPool::Chunk ChunkPool::Take(bool large) {
  std::vector<Chunk>& kept = large ? large_ : small_;
  if (!kept.empty()) {
    Chunk chunk = std::move(kept.back());
    kept.pop_back();
    return chunk;
  }
  const std::size_t size = large ? kLargeChunk : kSmallChunk;
  // Not value-initialised: every byte is written before it is sent.
  return Chunk{std::unique_ptr<char[]>(new char[size]), size};
}

void ChunkPool::Return(Chunk chunk) {
  std::vector<Chunk>& kept = chunk.size == kLargeChunk ? large_ : small_;
  if (kept.size() < kMaxKept) kept.push_back(std::move(chunk));
}

void WriteQueue::AppendSlow(std::string_view bytes) {
  while (!bytes.empty()) {
    if (room_ == 0) NewChunk(bytes.size());
    const std::size_t size = std::min(room_, bytes.size());
    std::memcpy(write_at_, bytes.data(), size);
    Advance(size);
    bytes.remove_prefix(size);
  }
}

void WriteQueue::NewChunk(std::size_t at_least) {
  const bool large = pending_ > 0 || at_least > ChunkPool::kSmallChunk;
  Segment segment{nullptr, 0, pool_.Take(large), nullptr};
  segment.data = segment.chunk.bytes.get();
  write_at_ = segment.chunk.bytes.get();
  room_ = segment.chunk.size;
  segments_.push_back(std::move(segment));
}

void WriteQueue::AppendShared(std::shared_ptr<const void> owner, std::string_view bytes) {
  if (bytes.empty()) return;
  pending_ += bytes.size();
  if (first_ < segments_.size()) {
    Segment& last = segments_.back();
    if (last.owner == owner && last.data + last.size == bytes.data()) {
      last.size += bytes.size();
      return;
    }
  }
  segments_.push_back(Segment{bytes.data(), bytes.size(), {}, std::move(owner)});
  write_at_ = nullptr;
  room_ = 0;
}

WriteQueue::FlushResult WriteQueue::Flush(int fd) {
  constexpr std::size_t kMaxPieces = 64;
  while (pending_ > 0) {
    iovec pieces[kMaxPieces];
    std::size_t count = 0;
    for (std::size_t i = first_; i < segments_.size() && count < kMaxPieces; ++i) {
      if (segments_[i].size == 0) continue;
      pieces[count++] = {const_cast<char*>(segments_[i].data), segments_[i].size};
    }
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return FlushResult::kBlocked;
      return FlushResult::kBroken;
    }
    Sent(static_cast<std::size_t>(sent));
  }
  Clear();
  return FlushResult::kDone;
}

void WriteQueue::Sent(std::size_t size) {
  pending_ -= size;
  while (size > 0) {
    Segment& front = segments_[first_];
    const std::size_t taken = std::min(size, front.size);
    front.data += taken;
    front.size -= taken;
    size -= taken;
    if (front.size == 0) {
      if (first_ + 1 == segments_.size()) return;  // the last chunk may still have room
      PopFront();
    }
  }
}

std::string_view WriteQueue::Front(std::span<char> scratch) const {
  std::size_t i = first_;
  while (segments_[i].size == 0) ++i;
  if (segments_[i].size >= std::min(scratch.size(), pending_)) {
    return {segments_[i].data, std::min(scratch.size(), segments_[i].size)};
  }
  std::size_t gathered = 0;
  for (; i < segments_.size() && gathered < scratch.size(); ++i) {
    const std::size_t size = std::min(segments_[i].size, scratch.size() - gathered);
    std::memcpy(scratch.data() + gathered, segments_[i].data, size);
    gathered += size;
  }
  return {scratch.data(), gathered};
}

void WriteQueue::Drop(std::size_t size) {
  Sent(size);
  if (pending_ == 0) Clear();
}

void WriteQueue::TakeAll(WriteQueue& other) {
  segments_.swap(other.segments_);
  std::swap(first_, other.first_);
  std::swap(pending_, other.pending_);
  std::swap(write_at_, other.write_at_);
  std::swap(room_, other.room_);
}

void WriteQueue::PopFront() {
  Segment& front = segments_[first_];
  if (front.chunk.bytes != nullptr) pool_.Return(std::move(front.chunk));
  front = Segment{};
  ++first_;
  // A queue that never runs empty must not keep a growing trail of empty segments.
  if (first_ >= 64 && first_ * 2 >= segments_.size()) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void WriteQueue::Clear() {
  for (std::size_t i = first_; i < segments_.size(); ++i) {
    if (segments_[i].chunk.bytes != nullptr) pool_.Return(std::move(segments_[i].chunk));
  }
  segments_.clear();
  // An idle connection owns no buffer; a table of a few entries may stay for the next message.
  if (segments_.capacity() > 4) segments_.shrink_to_fit();
  first_ = 0;
  pending_ = 0;
  write_at_ = nullptr;
  room_ = 0;
}

}  // namespace wherry::net
