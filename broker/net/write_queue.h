#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace wherry::net {

// Blocks of memory that write queues copy small pieces into; kept for reuse, hottest first.
// Threads: its shard's only. Owned by the ConnectionSet.
class ChunkPool {
 public:
  // The first block of a queue is small, since most queues hold one message; the next are large.
  static constexpr std::size_t kSmallChunk = 4 * 1024;
  static constexpr std::size_t kLargeChunk = 64 * 1024;
  static constexpr std::size_t kMaxKept = 64;  // of each size

  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  Chunk Take(bool large);
  void Return(Chunk chunk);

 private:
  std::vector<Chunk> small_;
  std::vector<Chunk> large_;
};

// What waits to be sent on one connection: copied pieces and shared ones, in order.
// Threads: its shard's only. Owned by its Connection.
class WriteQueue {
 public:
  explicit WriteQueue(ChunkPool& pool) : pool_(pool) {}
  ~WriteQueue() { Clear(); }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Copies `bytes`.
  void Append(std::string_view bytes) {
    // Also when nothing is appended to an empty queue, which has no segment.
    if (bytes.size() >= room_) return AppendSlow(bytes);
    std::memcpy(write_at_, bytes.data(), bytes.size());
    Advance(bytes.size());
  }

  // Room for at least `size` bytes in one piece (size <= ChunkPool::kLargeChunk), to be filled and
  // then taken by Commit: for a message that is put together from several pieces.
  char* Reserve(std::size_t size) {
    if (size > room_) NewChunk(size);
    return write_at_;
  }
  void Commit(std::size_t size) { Advance(size); }

  // Refers to `bytes`, which live as long as `owner`. Cheaper than a copy from a few KiB on.
  void AppendShared(std::shared_ptr<const void> owner, std::string_view bytes);

  bool empty() const { return pending_ == 0; }
  std::size_t pending_bytes() const { return pending_; }

  enum class FlushResult {
    kDone,
    kBlocked,  // the kernel takes no more now
    kBroken,
    kPaced,  // an impaired connection goes on by itself (never by Flush)
  };
  // Sends as much as the socket takes, gathered.
  FlushResult Flush(int fd);
  void Clear();

  // For who sends otherwise (TLS): the next bytes, at most scratch.size() of them, in place if the
  // first piece alone is that long or all there is, else gathered in `scratch`; and then their end.
  std::string_view Front(std::span<char> scratch) const;
  void Drop(std::size_t size);
  // Takes over all that waits in `other`; this one is empty.
  void TakeAll(WriteQueue& other);

 private:
  struct Segment {
    const char* data;
    std::size_t size;
    ChunkPool::Chunk chunk;             // set for copied pieces
    std::shared_ptr<const void> owner;  // set for shared pieces
  };

  void AppendSlow(std::string_view bytes);
  void NewChunk(std::size_t at_least);
  void Advance(std::size_t size) {
    segments_.back().size += size;
    write_at_ += size;
    room_ -= size;
    pending_ += size;
  }
  void Sent(std::size_t size);
  void PopFront();

  ChunkPool& pool_;
  std::vector<Segment> segments_;
  std::size_t first_ = 0;  // segments before it are sent
  std::size_t pending_ = 0;
  // The free end of the last segment, if that is a chunk.
  char* write_at_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace wherry::net
