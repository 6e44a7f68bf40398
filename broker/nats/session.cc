#include "broker/nats/session.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "broker/nats/session_faults.h"

namespace wherry::nats {

thread_local Session* Session::delivering_ = nullptr;

Session::Session(ServerShard& part, net::Connection& connection, Account& home)
    : part_(part),
      connection_(connection),
      client_id_(part.server().NextClientId()),
      home_account_(home),
      account_(&home),
      router_(&part.RouterOf(*account_)),
      parser_(ParseLimits{static_cast<std::size_t>(settings().max_control_line),
                          settings().max_payload, false}),
      authenticator_(part.configuration().authenticator),
      auth_timer_(part.shard().timers(), runtime::TimerKind::kPatience, "authentication"),
      ping_timer_(part.shard().timers(), runtime::TimerKind::kLiveness, "ping"),
      stall_timer_(part.shard().timers(), runtime::TimerKind::kPatience, "producer stall") {}

Session::~Session() = default;

void Session::OnOpen() {
  open_ = true;
  counts_.start_unix_millis = part_.shard().TurnUnixMillis();
  counts_.ping_sent = part_.shard().clock().RealNow();
  Active();
  Server& server = part_.server();
  server.ConnectionOpened();
  part_.counters().total_connections.Add(1);
  part_.Add(*this);
  connection_.SetWriteDeadline(settings().write_deadline);
  if (account_->faults() != nullptr && MeetFaultsOfConnection()) return;
  Greet();
}

void Session::Greet() {
  if (authenticator_->needs_nonce()) nonce_ = MakeNonce();
  if (settings().tls.acceptor != nullptr) {
    tls_start_ = std::make_unique<TlsStart>(
        settings().tls, connection_,
        [this](bool first) { connection_.Write(InfoLine({.after_handshake = first})); },
        [this] { BeginProtocol(); });
    tls_start_->OnOpen();
  } else {
    connection_.Write(InfoLine({}));
  }
  if (part_.server().connection_count() > settings().max_connections) {
    CloseWithError("maximum connections exceeded");
    return;
  }
  if (tls_start_ != nullptr) return tls_start_->Begin();
  BeginProtocol();
}

void Session::OnTlsOpen() {
  tls_start_->OnTlsOpen();
  tls_first_ = tls_start_->handshake_first();
  tls_start_.reset();
  BeginProtocol();
}

void Session::OnTlsFailed(std::string_view reason) {
  part_.server().Log(
      absl::StrCat("TLS with ", connection_.remote().ToString(), " failed: ", std::string(reason)));
  Leave(CloseReason::kTlsHandshakeFailure);
}

void Session::BeginProtocol() {
  if (!authenticator_->required()) {
    const Identity* const anybody = Decide(*authenticator_, nullptr).identity;
    if (anybody == nullptr || !Become(*anybody)) return;
  } else {
    auth_timer_.Arm(settings().auth_timeout, [this] { CloseWithError("Authentication Timeout"); });
  }
  ArmPing(settings().ping_interval);
}

void Session::OnClosed() { Leave(CloseReasonOfEnding(connection_.ending())); }

void Session::End() {
  Leave(CloseReason::kServerShutdown);
  connection_.Close();
}

// It counts no more: what follows is that its last words reach the peer.
void Session::Leave(CloseReason reason) {
  if (!open_) return;
  open_ = false;
  if (tls_start_ != nullptr) tls_start_->Stop();
  ConnectionInfo info = Describe(true);
  info.stop_unix_millis = part_.shard().TurnUnixMillis();
  info.reason = reason;
  part_.server().closed_connections().Add(std::move(info));
  auth_timer_.Cancel();
  ping_timer_.Cancel();
  stall_timer_.Cancel();
  password_check_.reset();
  if (struck_ != nullptr) struck_->Stop();
  RemoveAllSubscriptions();
  if (counted_) account_->RemoveConnection();
  part_.Remove(*this);
  part_.server().ConnectionClosed();
}

void Session::OnBytes(std::string_view bytes) {
  if (Waiting()) {
    carry_.append(bytes);
    return;
  }
  if (tls_start_ != nullptr) {
    if (!tls_start_->IsProtocol(bytes)) return;
    tls_start_.reset();
  }
  received_since_ping_ = true;
  producer_should_stall_ = false;
  if (!carry_.empty()) bytes = CompleteCarried(bytes);
  if (!bytes.empty() && !connection_.closing()) Consume(bytes, nullptr);
  AfterRead();
}

void Session::OnReadInto(std::size_t size) {
  received_since_ping_ = true;
  body_filled_ += size;
  if (body_filled_ < body_size_) return;
  producer_should_stall_ = false;
  const std::shared_ptr<char[]> body = std::move(body_);
  body_ = nullptr;
  Consume({body.get(), body_size_}, body);
  AfterRead();
}

// A publisher rests while its subscribers, or the shards they are on, do not keep up.
void Session::AfterRead() {
  if (connection_.closing()) return;
  if (producer_should_stall_) StallProducer();
  // Those who only listen, or ask whether we are there, are answered all the same.
  if (std::exchange(published_, false) && part_.congested() && !awaiting_room_) {
    awaiting_room_ = true;
    connection_.PauseReading();
  }
}

void Session::OnRoom() {
  if (!awaiting_room_) return;
  awaiting_room_ = false;
  MaybeResumeReading();
}

void Session::MaybeResumeReading() {
  if (!awaiting_room_ && !stall_timer_.armed() && !Waiting()) connection_.ResumeReading();
}

bool Session::Waiting() const {
  return checked_ != nullptr || (struck_ != nullptr && struck_->waiting);
}

void Session::StallProducer() {
  connection_.PauseReading();
  ++counts_.stalls;
  part_.counters().stalled_clients.Add(1);
  stall_timer_.Arm(settings().producer_stall, [this] { MaybeResumeReading(); });
}

// Adds to the carried beginning what it lacks, and handles the operation once it is whole.
// Returns what is left of `bytes`.
std::string_view Session::CompleteCarried(std::string_view bytes) {
  while (!carry_.empty() && !bytes.empty() && !connection_.closing()) {
    std::size_t take = bytes.size();
    if (parser_.needed() > carry_.size()) {
      take = std::min(take, parser_.needed() - carry_.size());
    } else if (const std::size_t newline = bytes.find('\n'); newline != std::string_view::npos) {
      take = newline + 1;
    }
    // A line without end is cut off by the parser's limit, so a little more than that is enough.
    take = std::min(take, std::max(parser_.max_line(), parser_.needed()));
    std::string carried = std::move(carry_);
    carry_.clear();
    carried.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    Consume(carried, nullptr);
    if (Waiting()) {
      carry_.append(bytes);
      return {};
    }
    if (body_ != nullptr) {
      // The operation turned out large: the rest of this read belongs to it.
      const std::size_t size = std::min(bytes.size(), body_size_ - body_filled_);
      std::memcpy(body_.get() + body_filled_, bytes.data(), size);
      bytes.remove_prefix(size);
      OnReadInto(size);
    }
  }
  return bytes;
}

void Session::Consume(std::string_view bytes, const std::shared_ptr<const void>& owner) {
  Operation operation;
  while (!bytes.empty()) {
    const std::string_view from = bytes;
    const Parser::Result result = parser_.Next(bytes, operation);
    if (result == Parser::Result::kOperation) {
      if (operation.verb == Verb::kPub && AddToRun(operation, owner)) {
        while (in_run_ && parser_.RepeatPub(bytes, operation)) ContinueRun(operation);
        continue;
      }
      if (in_run_) EndRun();
      if (MayBeStruck() && !PassesFaults(operation, owner, from, bytes)) {
        if (connection_.closing() || Waiting()) return;
        continue;
      }
      Handle(operation, owner);
      if (connection_.closing()) return;
      if (checked_ != nullptr) {
        // What follows a CONNECT waits for its password to be checked.
        carry_.assign(bytes);
        return;
      }
      continue;
    }
    if (in_run_) EndRun();
    if (connection_.closing()) return;
    if (result == Parser::Result::kNeedMore) return Keep(bytes);
    return HandleParseError(parser_.error());
  }
  if (in_run_) EndRun();
}

void Session::Keep(std::string_view rest) {
  if (parser_.needed() < kOwnBufferFrom) {
    carry_.assign(rest);
    return;
  }
  // Not value-initialised; its size is bounded by max_payload and max_control_line.
  body_size_ = parser_.needed();
  body_ = std::shared_ptr<char[]>(new char[body_size_]);
  body_filled_ = rest.size();
  std::memcpy(body_.get(), rest.data(), rest.size());
}

std::span<char> Session::ReadInto() {
  if (body_ == nullptr) return {};
  return {body_.get() + body_filled_, body_size_ - body_filled_};
}

void Session::Handle(const Operation& operation, const std::shared_ptr<const void>& owner) {
  if (settings().trace) TraceIn(operation);
  if (account_->request_log() != nullptr) return HandleLogged(operation, owner);
  Perform(operation, owner);
}

void Session::Perform(const Operation& operation, const std::shared_ptr<const void>& owner) {
  if (identity_ == nullptr && operation.verb != Verb::kConnect) {
    const Authenticator::Decision decision = Decide(*authenticator_, nullptr);
    if (!decision.granted()) return RefuseClient();
    if (!Become(*decision.identity)) return;
  }
  switch (operation.verb) {
    case Verb::kPub:
      return HandlePub(operation, owner);
    case Verb::kSub:
      return HandleSub(operation);
    case Verb::kUnsub:
      return HandleUnsub(operation);
    case Verb::kPing:
      return HandlePing();
    case Verb::kPong:
      return HandlePong();
    case Verb::kConnect:
      return HandleConnect(operation);
    case Verb::kInfo:
    case Verb::kOk:
      return;
  }
}

void Session::HandlePing() {
  if (IsMute()) return;
  connection_.Write("PONG\r\n");
  TraceOut("PONG");
  // Only a client that has said CONNECT is known to understand INFO at any time.
  if (!connected_ || first_pong_sent_) return;
  first_pong_sent_ = true;
  if (connect_.protocol >= 1) connection_.Write(InfoLine({.connect_info = true}));
}

void Session::HandleParseError(ParseError error) {
  switch (error) {
    case ParseError::kUnknownOperation:
      return CloseWithError("Unknown Protocol Operation");
    case ParseError::kControlLine:
      return CloseWithError("maximum control line exceeded");
    case ParseError::kMaxPayload:
      return CloseWithError("Maximum Payload Violation");
    case ParseError::kMalformed:
    case ParseError::kNone:
      return CloseAfterFlush(CloseReason::kProtocolViolation);
  }
}

void Session::WriteError(std::string_view text) {
  if (IsMute()) return;
  connection_.Write(absl::StrCat("-ERR '", std::string(text), "'\r\n"));
  if (part_.logging() != nullptr) part_.logging()->error = text;
  TraceOut(absl::StrCat("-ERR ", std::string(text)));
}

void Session::CloseWithError(std::string_view text) {
  WriteError(text);
  CloseAfterFlush(CloseReasonOfError(text));
}

void Session::CloseAfterFlush(CloseReason reason) {
  // First, since the connection may end at once, and would tell another reason.
  Leave(reason);
  connection_.CloseAfterFlush();
}

void Session::ArmPing(runtime::Duration delay) {
  ping_timer_.Arm(delay, [this] { OnPingTimer(); });
}

void Session::OnPingTimer() {
  // Who talks is there, and need not be asked; the first PING measures the way there and back.
  if (received_since_ping_ && pinged_) {
    received_since_ping_ = false;
    return ArmPing(settings().ping_interval);
  }
  if (pings_out_ + 1 > settings().max_pings_out) {
    part_.counters().stale_connections.Add(1);
    return CloseWithError("Stale Connection");
  }
  SendPing();
  pinged_ = true;
  received_since_ping_ = false;
  ArmPing(settings().ping_interval);
}

}  // namespace wherry::nats
