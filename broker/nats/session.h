#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "broker/core/fault_plan.h"
#include "broker/nats/authenticator.h"
#include "broker/nats/connection_info.h"
#include "broker/nats/connection_permissions.h"
#include "broker/nats/password_checker.h"
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
//
// session.cc has its life and its bytes, session_connect.cc INFO and CONNECT, session_publish.cc
// PUB and HPUB, session_subscribe.cc SUB and UNSUB, session_deliver.cc what it is sent,
// session_faults.cc what goes wrong for a test, session_trace.cc the log of its protocol lines,
// session_log.cc the request log, session_monitor.cc what monitoring shows of it.
class Session final : public net::Session, public Subscriber {
 public:
  // `home` is the account of whoever names no other: the listener's.
  Session(ServerShard& part, net::Connection& connection, Account& home);
  ~Session() override;

  void OnOpen() override;
  void OnBytes(std::string_view bytes) override;
  std::span<char> ReadInto() override;
  void OnReadInto(std::size_t size) override;
  void OnTlsOpen() override;
  void OnTlsFailed(std::string_view reason) override;
  void OnWriteDeadline() override;
  void OnClosed() override;

  void Deliver(Subscription& subscription, std::string_view prefix,
               const Message& message) override;
  void DeliverRun(Subscription& subscription, std::string_view prefix, const MessageRun& run,
                  const FormattedRun* formatted) override;
  bool CanTake() const override { return !connection_.closing(); }
  std::uint64_t client_id() const override { return client_id_; }

  // Other shards have caught up with what this one sends.
  void OnRoom();
  // Something that INFO says has changed: tells the client, if it understands that at any time.
  void TellInfo();
  // The server has another configuration: the client may have other rights, or none.
  void OnReload();
  // The server lets the client go, as at a stop.
  void End();

  // What monitoring shows of it, with the subscriptions if they are asked for.
  ConnectionInfo Describe(bool with_subscriptions) const;
  // The account whose subjects it uses.
  const Account& account() const { return *account_; }

  // Whether a CONNECT was accepted.
  bool connected() const { return connected_; }
  // A PING, behind which a PONG tells that the client has read all it was sent, and that what it
  // has sent before was read by us.
  void SendBarrier();
  bool owes_pong() const { return pongs_ != pings_; }
  // Sent and got.
  std::uint64_t messages() const { return counts_.in_msgs + counts_.out_msgs; }

 private:
  // An operation larger than this that did not arrive whole gets a buffer of its exact size, into
  // which the socket is read and which its subscribers share.
  static constexpr std::size_t kOwnBufferFrom = 8 * 1024;
  // A payload in such a buffer is referred to, not copied, from this size on.
  static constexpr std::size_t kShareFrom = 4 * 1024;
  // The first PING comes early: client and server learn how long a round trip takes.
  static constexpr runtime::Duration kFirstPing = std::chrono::seconds(2);

  void BeginProtocol();
  std::string_view CompleteCarried(std::string_view bytes);
  void Consume(std::string_view bytes, const std::shared_ptr<const void>& owner);
  void Keep(std::string_view rest);
  void Handle(const Operation& operation, const std::shared_ptr<const void>& owner);
  void HandleLogged(const Operation& operation, const std::shared_ptr<const void>& owner);
  void Perform(const Operation& operation, const std::shared_ptr<const void>& owner);
  void HandleParseError(ParseError error);
  void AfterRead();

  void HandlePub(const Operation& operation, const std::shared_ptr<const void>& owner);
  bool AddToRun(const Operation& operation, const std::shared_ptr<const void>& owner);
  bool ContinueRun(const Operation& operation);
  void EndRun();
  bool MayPublish(const Operation& operation);
  Route& RouteTo(std::string_view subject);
  void Publish(const Operation& operation, const std::shared_ptr<const void>& owner);
  void AnswerNoResponders(std::string_view subject, std::string_view reply);

  void HandleSub(const Operation& operation);
  void HandleUnsub(const Operation& operation);
  bool MaySubscribe(const Operation& operation);
  bool IsWithinLimits(const Operation& operation);
  void RemoveSubscription(Subscription& subscription);
  void RemoveAllSubscriptions();

  // Which INFO it is to be.
  struct InfoKind {
    bool after_handshake = false;  // TLS was begun before INFO
    bool connect_info = false;     // behind the first PONG: who the client is to the server
  };
  std::string InfoLine(InfoKind kind) const;
  void HandleConnect(const Operation& operation);
  Authenticator::Decision Decide(const Authenticator& authenticator, const ConnectOptions* connect);
  void CheckPassword(PasswordCheck check, const Identity& identity);
  void OnPasswordChecked(bool matches, const Identity& identity);
  void AcceptConnect(const ConnectOptions& options, const Identity& identity);
  bool Become(const Identity& identity);
  void RefuseClient();
  void RemoveForbiddenSubscriptions();
  void UseLimits();
  void HandlePing();

  void WriteRun(std::string_view prefix, const MessageRun& run);
  void AfterDelivery();
  void SlowConsumer();
  void StallProducer();
  void MaybeResumeReading();
  // What has been read waits: for a password to be checked, or by a fault.
  bool Waiting() const;

  // Faults that a test has asked for (session_faults.cc).
  struct Struck;
  bool MayBeStruck() const { return struck_ != nullptr || account_->faults() != nullptr; }
  Struck& BecomeStruck();
  void Greet();
  bool MeetFaultsOfConnection();
  core::FaultStrike StrikeOn(const Operation& operation) const;
  bool PassesFaults(const Operation& operation, const std::shared_ptr<const void>& owner,
                    std::string_view from, std::string_view behind);
  bool ApplyStruck(const core::FaultStrike& strike, const Operation& operation,
                   const std::shared_ptr<const void>& owner, std::string_view behind);
  void WaitFor(const core::FaultStrike& strike);
  void ResumeOperations();
  bool DeliveryPasses(Subscription& subscription, std::string_view prefix, const Message& message);
  void SendDelayed();
  bool IsMute() const;
  void Impair(const core::FaultStrike& strike);
  void EndByFault(bool reset);
  // What follows `prefix` on the wire, which loses its H where the client gets no headers.
  std::string_view TailFor(std::string_view& prefix, const Message& message) const;
  void ArmPing(runtime::Duration delay);
  void OnPingTimer();
  void SendPing();
  void HandlePong();
  void MeasureRoundTrip();
  void Active() { counts_.active_unix_millis = part_.shard().TurnUnixMillis(); }
  std::string PresentedUser() const;
  void NoteClient(const ConnectOptions& options);
  void Leave(CloseReason reason);
  void CloseAfterFlush(CloseReason reason);

  void WriteOk() {
    if (!connect_.verbose || IsMute()) return;
    connection_.Write("+OK\r\n");
    TraceOut("+OK");
  }
  void WriteError(std::string_view text);
  void CloseWithError(std::string_view text);
  core::LoggedRequest Logged(Verb verb) const;
  core::LoggedRequest Logged(const Operation& operation) const;
  void Log(core::LoggedRequest request);
  void TraceIn(const Operation& operation) const;
  void TraceOut(std::string_view line) const;
  runtime::Instant Now() const { return part_.shard().clock().Now(); }
  const Settings& settings() const { return part_.settings(); }

  struct BySid {
    using is_transparent = void;
    static std::string_view SidOf(const SubscriptionPtr& subscription) {
      return subscription->sid();
    }
    static std::string_view SidOf(std::string_view sid) { return sid; }
    template <typename T>
    std::size_t operator()(const T& key) const {
      const std::string_view sid = SidOf(key);
      return absl::HashOf(absl::string_view(sid.data(), sid.size()));
    }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return SidOf(a) == SidOf(b);
    }
  };

  ServerShard& part_;
  net::Connection& connection_;
  const std::uint64_t client_id_;
  std::unique_ptr<TlsStart> tls_start_;  // until it is known who speaks TLS
  Account& home_account_;                // its listener's
  Account* account_;                     // that until it is known whose client it is
  Router* router_;                       // of account_, on this shard
  Parser parser_;
  ConnectOptions connect_;
  bool open_ = false;
  bool counted_ = false;          // among account_'s connections
  bool connected_ = false;        // a CONNECT was accepted
  bool first_pong_sent_ = false;  // behind it, INFO tells which account the client is in
  bool pinged_ = false;
  bool received_since_ping_ = false;
  bool producer_should_stall_ = false;  // set by a delivery to a subscriber that lags
  bool published_ = false;              // by what has been read last
  bool awaiting_room_ = false;
  int pings_out_ = 0;  // as nats-server counts: any PONG answers them all
  std::uint32_t pings_ = 0;
  std::uint32_t pongs_ = 0;
  ConnectionCounts counts_;
  bool tls_first_ = false;  // the handshake came before INFO

  // The beginning of an operation whose end has not come yet: in carry_ while it is small, in body_
  // (an exact buffer, shared with subscribers) when it is large.
  std::string carry_;
  std::shared_ptr<char[]> body_;
  std::size_t body_size_ = 0;
  std::size_t body_filled_ = 0;

  absl::flat_hash_set<SubscriptionPtr, BySid, BySid> subscriptions_;

  // Who the client is, according to authenticator_; null: not known yet.
  const Identity* identity_ = nullptr;
  std::shared_ptr<const Authenticator> authenticator_;
  std::unique_ptr<ConnectionPermissions> permissions_;  // null: everything is allowed
  std::string nonce_;                                   // what its nkey signs; empty: no nkeys
  // A CONNECT whose password is being checked away from the shard; reading rests meanwhile.
  std::unique_ptr<ConnectOptions> checked_;
  std::unique_ptr<PasswordChecker::Pending> password_check_;

  // The route of the latest subject: messages of one subject often follow one another. Those that
  // do are gathered in the shard's run and delivered together.
  Route* latest_route_ = nullptr;
  std::uint64_t latest_epoch_ = 0;
  bool in_run_ = false;
  bool run_is_heard_ = false;  // somebody is subscribed

  std::shared_ptr<Struck> struck_;  // null: no fault has struck it

  runtime::Timer auth_timer_;
  runtime::Timer ping_timer_;
  runtime::Timer stall_timer_;

  // The session whose message is being delivered, for the stall of a fast producer.
  static thread_local Session* delivering_;
};

}  // namespace wherry::nats
