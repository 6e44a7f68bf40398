#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "broker/net/tls_acceptor.h"
#include "broker/net/tls_peer.h"
#include "broker/net/write_queue.h"

struct ssl_st;
struct bio_st;

namespace wherry::net {

// The server's side of TLS on one connection, without a socket: records come in through Feed and
// leave through records(). An idle one holds OpenSSL's state and no buffers.
// Threads: its connection's shard only. Owned by its Connection.
class TlsStream {
 public:
  // One record's payload at most.
  static constexpr std::size_t kMaxPlain = 16 * 1024;
  // Encrypt stops when this much waits in records(): what is not sent yet should stay plain, where
  // it can still be dropped and is counted.
  static constexpr std::size_t kRecordsAhead = 64 * 1024;
  // What Read decrypts is at most what was fed, and what of a record had come before.
  static constexpr std::size_t kMaxCarried = 18 * 1024;
  // A peer that makes us answer (key updates) and does not read is closed at this.
  static constexpr std::size_t kMaxUnsentAnswers = 256 * 1024;

  TlsStream(const TlsAcceptor& acceptor, ChunkPool& pool);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // The peer's next bytes. They must live until a call says kNeedMore, which has then taken them
  // all.
  void Feed(std::string_view records);

  enum class Result {
    kDone,      // Handshake: it is complete. Read: `body` and `slab` are full
    kNeedMore,  // everything fed is used up
    kEnded,     // the peer has said that it ends the connection
    kFailed,    // see failure(); the alert for the peer is in records()
  };
  Result Handshake();
  bool handshake_done() const { return handshake_done_; }

  struct Plain {
    Result result;
    std::size_t in_body, in_slab;
  };
  // Decrypts into `body` until it is full, then into `slab`.
  Plain Read(std::span<char> body, std::span<char> slab);

  // Moves from `plain` to records(), up to kRecordsAhead; small pieces are gathered in `scratch`
  // (kMaxPlain bytes) first, since each record costs 22 bytes and a pass of the cipher. False: the
  // connection is broken.
  bool Encrypt(WriteQueue& plain, std::span<char> scratch);
  // Tells the peer that nothing more comes (close_notify). Once.
  void End();

  // To be sent.
  WriteQueue& records() { return records_; }
  const WriteQueue& records() const { return records_; }
  // Why the handshake or the connection failed, for a log.
  const std::string& failure() const { return failure_; }
  TlsPeer peer() const { return DescribeTlsPeer(ssl_); }

  // For OpenSSL: the transport's two directions.
  std::size_t TakeFed(char* into, std::size_t size);
  void AddRecord(std::string_view record) { records_.Append(record); }

 private:
  Result Failed();
  bool CertificateIsPinned() const;

  const TlsAcceptor& acceptor_;
  ssl_st* ssl_;
  std::string_view fed_;
  WriteQueue records_;
  std::string failure_;
  bool began_ = false;  // the first byte has come
  bool handshake_done_ = false;
  bool broken_ = false;
  bool ended_ = false;
};

}  // namespace wherry::net
