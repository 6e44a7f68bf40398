#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "broker/nats/server.h"
#include "broker/nats/subscription.h"
#include "broker/nats/tls_start.h"
#include "broker/net/connection.h"
#include "broker/net/session.h"
#include "broker/runtime/timers.h"
#include "protocol/nats/connect.h"
#include "protocol/nats/parser.h"

namespace wherry::nats {

// One NATS client's connection: parses what it says, answers, and delivers to its subscriptions.
// Threads: its shard's only. Owned by its net::Connection.
class Session final : public net::Session, public Subscriber {
 public:
  Session(Server& server, net::Connection& connection);
  ~Session() override;

  void OnOpen() override;
  void OnBytes(std::string_view bytes) override;
  std::span<char> ReadInto() override;
  void OnReadInto(std::size_t size) override;
  void OnTlsOpen() override;
  void OnTlsFailed(std::string_view reason) override;
  void OnClosed() override;

  void Deliver(Subscription& subscription, std::string_view prefix,
               const Message& message) override;
  bool CanTake() const override { return !connection_.closing(); }

 private:
  // An operation larger than this that did not arrive whole gets a buffer of its exact size, into
  // which the socket is read and which its subscribers share.
  static constexpr std::size_t kOwnBufferFrom = 8 * 1024;
  // A payload in such a buffer is referred to, not copied, from this size on.
  static constexpr std::size_t kShareFrom = 4 * 1024;

  void BeginProtocol();
  std::string_view CompleteCarried(std::string_view bytes);
  void Consume(std::string_view bytes, std::shared_ptr<const void> owner);
  void Keep(std::string_view rest);
  void Handle(const Operation& operation, const std::shared_ptr<const void>& owner);
  void HandlePub(const Operation& operation, const std::shared_ptr<const void>& owner);
  bool MayPublish(const Operation& operation);
  void Publish(const Operation& operation, const std::shared_ptr<const void>& owner);
  void HandleSub(const Operation& operation);
  void HandleUnsub(const Operation& operation);
  void HandleConnect(const Operation& operation);
  bool CredentialsMatch(const ConnectOptions& options) const;
  void AnswerNoResponders(std::string_view reply);
  void RemoveSubscription(Subscription& subscription);
  void HandleParseError(ParseError error);
  void SlowConsumer();
  void StallProducer();
  void ArmPing();
  void OnPingTimer();

  void WriteOk() {
    if (options_.verbose) connection_.Write("+OK\r\n");
  }
  void WriteError(std::string_view text);
  void CloseWithError(std::string_view text);

  Server& server_;
  net::Connection& connection_;
  std::unique_ptr<TlsStart> tls_start_;  // until it is known who speaks TLS
  Parser parser_;
  ConnectOptions options_;
  bool open_ = false;
  bool authenticated_;
  bool received_since_ping_ = false;
  bool producer_should_stall_ = false;  // set by a delivery to a subscriber that lags
  int pings_out_ = 0;

  // The beginning of an operation whose end has not come yet: in carry_ while it is small, in body_
  // (an exact buffer, shared with subscribers) when it is large.
  std::string carry_;
  std::shared_ptr<char[]> body_;
  std::size_t body_size_ = 0;
  std::size_t body_filled_ = 0;

  absl::flat_hash_map<std::string, std::unique_ptr<Subscription>> subscriptions_;

  // The route of the latest subject: messages of one subject often follow one another.
  Route* latest_route_ = nullptr;
  std::uint64_t latest_epoch_ = 0;

  runtime::Timer auth_timer_;
  runtime::Timer ping_timer_;
  runtime::Timer stall_timer_;

  // The session whose message is being delivered, for the stall of a fast producer.
  friend class DeliveringScope;
  static thread_local Session* delivering_;
};

}  // namespace wherry::nats
