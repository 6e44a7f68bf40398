#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/kafka/call.h"
#include "broker/kafka/connection_info.h"
#include "broker/kafka/security/authentication.h"
#include "broker/net/connection.h"
#include "broker/net/session.h"

namespace wherry::kafka {

class Cluster;
class OpeningFault;

// One Kafka client's connection: cuts the stream into requests, has them handled, and sends the
// responses in the order of the requests.
//
// As in Kafka, a request waits until the one before it is answered. Those of an API whose row says
// `pipelined` (Produce) need not: their appends then share one commit.
//
// Threads: its shard's only. Owned by its net::Connection.
class Session final : public net::Session {
 public:
  // As Kafka's socket.request.max.bytes.
  static constexpr std::int32_t kMaxRequestSize = 100 * 1024 * 1024;
  // Pipelined requests under way at a time.
  static constexpr std::size_t kMaxUnderWay = 64;
  // Bytes of complete requests that wait for their turn; more stops the reading.
  static constexpr std::size_t kMaxWaitingBytes = 64 * 1024;
  // Bytes of responses that the client has not taken; more stops the handling.
  static constexpr std::size_t kMaxUnsentBytes = 1024 * 1024;

  // `cluster`: that of the listener's namespace, until the client belongs to another. `entrance`
  // null: in the clear, and without asking who the client is.
  Session(Cluster& cluster, net::Connection& connection,
          std::shared_ptr<const Entrance> entrance = nullptr);

  void OnOpen() override;
  void OnTlsOpen() override;
  void OnTlsFailed(std::string_view reason) override;
  void OnBytes(std::string_view bytes) override;
  std::span<char> ReadInto() override;
  void OnReadInto(std::size_t size) override;
  void OnDrained() override { Advance(); }
  void OnClosed() override;

  const ConnectionInfo& info() const { return *info_; }
  // By which node the client came.
  std::int32_t node() const { return entrance().id; }
  // As its node does that stops.
  void Close() { connection_.Close(); }
  // What has not come to an end, for people; empty: nothing but fetches that wait for more.
  std::vector<std::string> Unfinished() const;

 private:
  static constexpr std::int16_t kFetchKey = 1;
  // A request larger than this that did not arrive whole gets a buffer of its exact size.
  static constexpr std::size_t kOwnBufferFrom = 8 * 1024;
  // A batch is referred to, not copied, from this size on.
  static constexpr std::size_t kShareFrom = 1024;

  struct Frame {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::string_view view() const { return {bytes.get(), size}; }
  };
  struct UnderWay {
    std::shared_ptr<ResponseSlot> slot;
    std::int16_t api_key;
  };

  NodeEntrance entrance() const {
    return entrance_ == nullptr ? NodeEntrance() : entrance_->node;
  }
  std::int32_t MaxRequestSize() const;
  bool Enter(const std::string& user);
  void CloseBecause(std::string_view why);
  std::string_view CutFrames(std::string_view bytes);
  void HandleOrKeep(std::string_view frame);
  void Keep(Frame frame);
  bool MayHandle(std::string_view frame) const;
  void Handle(std::string_view frame);
  void HandleBareToken(std::string_view token, const std::shared_ptr<ResponseSlot>& slot);
  void Advance();
  void SendReady();
  void Send(const wire::Encoded& frame);

  Cluster* cluster_;  // of the namespace that the client is in
  net::Connection& connection_;
  const std::shared_ptr<const Entrance> entrance_;
  Client client_;
  std::unique_ptr<ConnectionInfo> info_;
  std::shared_ptr<OpeningFault> opening_;  // that lets nothing be read yet; null: there is none
  std::string carry_;  // the beginning of a small request
  Frame body_;         // a large request that is being received
  std::size_t body_filled_ = 0;
  std::deque<Frame> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::deque<UnderWay> under_way_;
  bool advancing_ = false;
  bool paused_ = false;
};

}  // namespace wherry::kafka
