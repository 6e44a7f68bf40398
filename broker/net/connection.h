#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "broker/net/endpoint.h"
#include "broker/net/session.h"
#include "broker/net/tls_peer.h"
#include "broker/net/write_queue.h"
#include "broker/runtime/shard.h"

namespace wherry::net {

class ConnectionSet;
class TlsAcceptor;

// How a connection falls short of a good one, as a test wants it. Counted in bytes on the wire.
struct Impairment {
  std::size_t slice = 0;                     // of one send at most; 0: no limit
  std::uint64_t bandwidth = 0;               // in a second at most, each way; 0: no limit
  std::optional<std::uint64_t> close_after;  // when so many more are sent the connection ends
};

// One accepted TCP connection: reads for its session, queues and sends what the session writes.
//
// Writes gather in the queue and leave with one system call at the end of the turn (the handling of
// one read, one posted task, one timer) in which they were made. Reading goes through a slab that
// all connections of the shard share: an idle connection owns no buffer.
//
// Threads: its shard's only, except id(). Owned by its ConnectionSet, until it is closed and the
// turn that closed it has ended.
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Copies `bytes` into the queue.
  void Write(std::string_view bytes) {
    queue_.Append(bytes);
    MarkDirty();
  }
  // Refers to `bytes`, which live as long as `owner`.
  void Write(std::shared_ptr<const void> owner, std::string_view bytes) {
    queue_.AppendShared(std::move(owner), bytes);
    MarkDirty();
  }
  // For a message put together from pieces: fill Reserve(size), then Commit what was used.
  char* Reserve(std::size_t size) { return queue_.Reserve(size); }
  void Commit(std::size_t size) {
    queue_.Commit(size);
    MarkDirty();
  }

  // Ends the connection; what waits is dropped. The session hears OnClosed before the turn ends.
  void Close();
  // The same with a reset, which overtakes what is under way to the peer.
  void Reset();
  // Encrypts from the next byte on, in both directions, as the server; what was written before
  // leaves in the clear. `received` is what the session has read of the peer's first records. The
  // session hears OnTlsOpen, or OnTlsFailed and then OnClosed. What it writes before OnTlsOpen
  // waits for the handshake, and is dropped by a close. Once, on an open connection.
  void StartTls(const TlsAcceptor& acceptor, std::string_view received = {});
  // After OnTlsOpen; nullopt on a connection without TLS.
  std::optional<TlsPeer> tls_peer() const;

  // Ends it when everything queued is sent and the peer has closed too, but at most kMaxFlush and
  // kLinger later. What the peer still sends is dropped (a socket that is closed with unread bytes
  // is reset, and the reset would overtake our last words).
  void CloseAfterFlush();
  // It ends together with those of another group from here on.
  void JoinGroup(std::uint32_t group) { group_ = group; }
  bool closing() const { return state_ != State::kOpen; }

  // What ended it: the session, or what it hears of in OnClosed.
  enum class Ending : std::uint8_t { kByUs, kByPeer, kReadError, kWriteError, kStopped };
  Ending ending() const { return ending_; }

  // Stops and resumes taking bytes from the peer, whose own send buffer then fills. Calls do not
  // nest.
  void PauseReading();
  void ResumeReading();

  // From when the kernel takes no more, the peer must take all that waits for it then within this
  // time, or the connection is closed and its session hears OnWriteDeadline first: a peer that
  // reads a little now and then is too slow as well. 0, as it begins: it may take for ever.
  void SetWriteDeadline(runtime::Duration deadline) { write_deadline_ = deadline; }

  // Has the session hear OnDrained, once, when everything queued has been handed to the kernel. For
  // a session that stops producing while its client does not read.
  void AwaitDrained() { drain_awaited_ = true; }

  // From here on the connection falls short in this way too.
  void Impair(const Impairment& impairment);

  std::size_t pending_bytes() const { return queue_.pending_bytes(); }
  std::uint64_t id() const { return id_; }
  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }
  runtime::Shard& shard();
  Session& session() { return *session_; }

  // CloseAfterFlush: how long the peer may take to accept what is queued.
  static constexpr runtime::Duration kMaxFlush = std::chrono::seconds(2);
  // And then, to close its side: a peer that reads gets our last words, one that goes on writing is
  // cut off soon, as by a server that just closes.
  static constexpr runtime::Duration kLinger = std::chrono::milliseconds(20);
  static constexpr std::size_t kLingerBytes = 64 * 1024;

 private:
  friend class ConnectionSet;
  struct Socket;
  struct Tls;
  struct Impaired;
  enum class State : std::uint8_t { kOpen, kFlushing, kDraining, kClosed };

  Connection(ConnectionSet& set, std::uint64_t id, std::uint32_t group, int fd,
             const Endpoint& local, const Endpoint& remote);
  void MarkDirty() {
    if (!dirty_) BecomeDirty();
  }
  void BecomeDirty();
  void Flush();
  void Flushed();
  void FlushAtStop();
  void FlushTls();
  void OnReadableTls();
  void HandleTls();
  void DeliverTls();
  void FailTls(std::string_view reason);
  void EndTls();
  void WaitReadable();
  void WaitWritable();
  // The kernel took `sent` bytes and `waiting` are left.
  void Blocked(std::size_t sent, std::size_t waiting);
  void Readable();
  void OnReadable();
  // Sends what waits in `queue`, or as much of it as an impaired connection may.
  WriteQueue::FlushResult Send(WriteQueue& queue);
  WriteQueue::FlushResult SendImpaired(WriteQueue& queue);
  // Bytes that may be read now, and what follows from having read so many.
  std::size_t ReadLimit() const;
  void PaceReading(std::size_t received);
  bool ReadingRests() const;
  void BeginDraining();
  void Drain();
  void OperationEnded();

  ConnectionSet& set_;
  const std::uint64_t id_;
  std::uint32_t group_;
  std::unique_ptr<Socket> socket_;
  WriteQueue queue_;
  std::unique_ptr<Tls> tls_;            // null: in the clear
  std::unique_ptr<Impaired> impaired_;  // null: nothing is wrong with it
  std::unique_ptr<Session> session_;
  std::unique_ptr<runtime::Timer> linger_;
  std::unique_ptr<runtime::Timer> write_stalled_;  // set while the kernel takes no more
  std::size_t write_owed_ = 0;                     // bytes the peer must take until it fires
  runtime::Duration write_deadline_{0};
  Endpoint local_, remote_;
  std::size_t drained_ = 0;  // bytes dropped since our last words
  State state_ = State::kOpen;
  Ending ending_ = Ending::kByUs;
  bool dirty_ = false;
  bool reading_ = true;         // wanted
  bool wait_readable_ = false;  // an asynchronous wait is under way
  bool wait_writable_ = false;
  bool drain_awaited_ = false;
};

// The connections of one shard: the slab they read through, those that have something to flush,
// their end. Threads: its shard's only; made before the shard starts and destroyed after it
// stopped. Owned by the composition root.
class ConnectionSet {
 public:
  // Bytes of one read. With fewer than there are to read, each message pays for more wake-ups of
  // both sides: 64 KiB costs twice the CPU for 16 KiB messages, and a fifth more for 128 B.
  static constexpr std::size_t kSlabSize = 256 * 1024;

  using MakeSession = std::function<std::unique_ptr<Session>(Connection&)>;

  explicit ConnectionSet(runtime::Shard& shard);
  ~ConnectionSet();
  ConnectionSet(const ConnectionSet&) = delete;
  ConnectionSet& operator=(const ConnectionSet&) = delete;

  // Takes over a connected, non-blocking, close-on-exec socket. Those of one `group` can be closed
  // together: they came to listeners of one namespace.
  void Adopt(int fd, const Endpoint& local, const Endpoint& remote, const MakeSession& make_session,
             std::uint32_t group = 0);
  void CloseAll();
  void CloseGroup(std::uint32_t group);
  // As a process that dies leaves the connections of sessions that need its data: what waits is
  // lost, the peers see a reset.
  void ResetAll();
  // The same in order.
  void CloseThoseWithData();
  std::size_t size() const;

  runtime::Shard& shard() { return shard_; }
  // After fork, in the child: closes the descriptors and nothing else.
  void CloseDescriptorsInChild();

 private:
  friend class Connection;
  struct Connections;

  // Where decrypted bytes go, and behind them the scratch of encryption.
  std::span<char> TlsSlab();
  std::span<char> TlsScratch();
  void FlushDirty();
  void Stop(const std::vector<Connection*>& connections);
  std::vector<Connection*> ThoseWithData() const;
  void Bury(Connection& connection);

  runtime::Shard& shard_;
  ChunkPool pool_;
  std::unique_ptr<char[]> slab_;
  std::unique_ptr<char[]> tls_slab_;  // from the first TLS connection on
  std::unique_ptr<Connections> connections_;
  std::vector<Connection*> dirty_;
  bool flush_scheduled_ = false;
};

}  // namespace wherry::net
