#include "broker/nats/session.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {

// Prefixes that only servers may use, in the words of nats-server's denials.
bool IsReservedReply(std::string_view reply) {
  return reply.starts_with("_R_.") || reply.starts_with("_GR_.") || reply.starts_with("$GNR.") ||
         reply.starts_with("$JS.ACK.");
}
bool IsReservedSubject(std::string_view subject) {
  return subject.starts_with("_GR_.") || subject.starts_with("$GNR.");
}

// Compares in a time that does not depend on where the two differ.
bool SecretEquals(std::string_view given, std::string_view secret) {
  unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i] ^ (secret.empty() ? 0 : secret[i % secret.size()]));
  }
  return difference == 0;
}

constexpr std::string_view kNoResponders = "16 16\r\nNATS/1.0 503\r\n\r\n\r\n";

}  // namespace

thread_local Session* Session::delivering_ = nullptr;

Session::Session(Server& server, net::Connection& connection)
    : server_(server),
      connection_(connection),
      parser_(ParseLimits{static_cast<std::size_t>(server.settings().max_control_line),
                          server.settings().max_payload, false}),
      authenticated_(!server.settings().requires_auth()),
      auth_timer_(server.home().timers(), runtime::TimerKind::kLiveness, "authentication"),
      ping_timer_(server.home().timers(), runtime::TimerKind::kLiveness, "ping"),
      stall_timer_(server.home().timers(), runtime::TimerKind::kDelivery, "producer stall") {}

Session::~Session() = default;

void Session::OnOpen() {
  open_ = true;
  server_.ConnectionOpened();
  if (server_.settings().tls.acceptor != nullptr) {
    tls_start_ = std::make_unique<TlsStart>(
        server_.settings().tls, connection_,
        [this](bool first) { connection_.Write(server_.InfoLine(connection_, first)); },
        [this] { BeginProtocol(); });
    tls_start_->OnOpen();
  } else {
    connection_.Write(server_.InfoLine(connection_));
  }
  if (server_.connection_count() > server_.settings().max_connections) {
    CloseWithError("maximum connections exceeded");
    return;
  }
  if (tls_start_ != nullptr) return tls_start_->Begin();
  BeginProtocol();
}

void Session::OnTlsOpen() {
  tls_start_->OnTlsOpen();
  tls_start_.reset();
  BeginProtocol();
}

void Session::OnTlsFailed(std::string_view reason) {
  server_.Log(absl::StrCat("TLS with ", connection_.remote().ToString(), " failed: ",
                           std::string(reason)));
}

void Session::BeginProtocol() {
  if (!authenticated_) {
    auth_timer_.Arm(server_.settings().auth_timeout,
                    [this] { CloseWithError("Authentication Timeout"); });
  }
  ArmPing();
}

void Session::OnClosed() {
  if (!open_) return;
  open_ = false;
  if (tls_start_ != nullptr) tls_start_->Stop();
  auth_timer_.Cancel();
  ping_timer_.Cancel();
  stall_timer_.Cancel();
  for (auto& [sid, subscription] : subscriptions_) {
    server_.router().Unsubscribe(std::move(subscription));
  }
  subscriptions_.clear();
  server_.ConnectionClosed();
}

void Session::OnBytes(std::string_view bytes) {
  if (tls_start_ != nullptr) {
    if (!tls_start_->IsProtocol(bytes)) return;
    tls_start_.reset();
  }
  received_since_ping_ = true;
  producer_should_stall_ = false;
  if (!carry_.empty()) bytes = CompleteCarried(bytes);
  if (!bytes.empty() && !connection_.closing()) Consume(bytes, nullptr);
  if (producer_should_stall_ && !connection_.closing()) StallProducer();
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
    take = std::min(take,
                    std::max<std::size_t>(parser_.limits().max_control_line + 2, parser_.needed()));
    std::string carried = std::move(carry_);
    carry_.clear();
    carried.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    Consume(carried, nullptr);
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

void Session::Consume(std::string_view bytes, std::shared_ptr<const void> owner) {
  Operation operation;
  while (!bytes.empty()) {
    switch (parser_.Next(bytes, operation)) {
      case Parser::Result::kOperation:
        Handle(operation, owner);
        if (connection_.closing()) return;
        break;
      case Parser::Result::kNeedMore:
        Keep(bytes);
        return;
      case Parser::Result::kError:
        HandleParseError(parser_.error());
        return;
    }
  }
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

void Session::OnReadInto(std::size_t size) {
  received_since_ping_ = true;
  body_filled_ += size;
  if (body_filled_ < body_size_) return;
  producer_should_stall_ = false;
  const std::shared_ptr<char[]> body = std::move(body_);
  body_ = nullptr;
  Consume({body.get(), body_size_}, body);
  if (producer_should_stall_ && !connection_.closing()) StallProducer();
}

void Session::Handle(const Operation& operation, const std::shared_ptr<const void>& owner) {
  if (!authenticated_ && operation.verb != Verb::kConnect) {
    CloseWithError("Authorization Violation");
    return;
  }
  switch (operation.verb) {
    case Verb::kPub:
      return HandlePub(operation, owner);
    case Verb::kSub:
      return HandleSub(operation);
    case Verb::kUnsub:
      return HandleUnsub(operation);
    case Verb::kPing:
      return connection_.Write("PONG\r\n");
    case Verb::kPong:
      pings_out_ = 0;
      return;
    case Verb::kConnect:
      return HandleConnect(operation);
    case Verb::kInfo:
    case Verb::kOk:
      return;
  }
}

void Session::HandlePub(const Operation& operation, const std::shared_ptr<const void>& owner) {
  Counters& counters = server_.counters();
  ++counters.in_msgs;
  counters.in_bytes += operation.payload.size();
  if (options_.pedantic && !IsValidLiteralSubject(operation.subject)) {
    WriteError("Invalid Publish Subject");
  }
  if (!MayPublish(operation)) return;
  WriteOk();
  Publish(operation, owner);
}

bool Session::MayPublish(const Operation& operation) {
  if (IsReservedSubject(operation.subject)) {
    WriteError(absl::StrCat("Permissions Violation for Publish to \"",
                            std::string(operation.subject), "\""));
    return false;
  }
  if (IsReservedReply(operation.reply)) {
    WriteError(absl::StrCat("Permissions Violation for Publish with Reply of \"",
                            std::string(operation.reply), "\""));
    return false;
  }
  return true;
}

void Session::Publish(const Operation& operation, const std::shared_ptr<const void>& owner) {
  Router& router = server_.router();
  if (latest_epoch_ != router.epoch() || latest_route_->subject != operation.subject) {
    latest_route_ = &router.Find(operation.subject);
    latest_epoch_ = router.epoch();
  }
  Route& route = *latest_route_;
  if (route.empty()) {
    if (!operation.reply.empty() && options_.no_responders) AnswerNoResponders(operation.reply);
    return;
  }

  Message message{operation.subject,
                  operation.reply,
                  operation.header_size,
                  operation.payload,
                  operation.tail,
                  {},
                  nullptr};
  if (owner != nullptr && operation.payload.size() >= kShareFrom) message.owner = owner;
  // Blanks that differ from the canonical form, and a body without its headers, are put together
  // anew.
  std::string rebuilt, stripped;
  const std::string reply =
      operation.reply.empty() ? "" : absl::StrCat(std::string(operation.reply), " ");
  if (message.tail.empty()) {
    if (message.has_headers()) absl::StrAppend(&rebuilt, reply, message.header_size, " ");
    if (!message.has_headers()) rebuilt = reply;
    absl::StrAppend(&rebuilt, message.payload.size(), "\r\n");
    rebuilt.append(message.payload).append("\r\n");
    message.tail = rebuilt;
    message.owner = nullptr;
  }
  if (message.has_headers()) {
    const std::string_view body =
        message.payload.substr(static_cast<std::size_t>(message.header_size));
    stripped = absl::StrCat(reply, body.size(), "\r\n");
    stripped.append(body).append("\r\n");
    message.stripped_tail = stripped;
  }

  delivering_ = this;
  const bool delivered = router.Deliver(route, message, options_.echo ? nullptr : this);
  delivering_ = nullptr;
  if (!delivered && !operation.reply.empty() && options_.no_responders) {
    AnswerNoResponders(operation.reply);
  }
}

// ADR-2 (no responders): only the requester itself hears of it, on its own plain subscription.
void Session::AnswerNoResponders(std::string_view reply) {
  Subscription* found = nullptr;
  for (auto& [sid, subscription] : subscriptions_) {
    if (subscription->queue.empty() && SubjectMatches(subscription->subject, reply)) {
      found = subscription.get();
      break;
    }
  }
  if (found == nullptr) return;
  const std::string prefix = absl::StrCat("HMSG ", std::string(reply), " ", found->sid, " ");
  Message message;
  message.subject = reply;
  message.header_size = 16;
  message.payload = kNoResponders.substr(7, 16);
  message.tail = kNoResponders;
  Deliver(*found, prefix, message);
}

void Session::Deliver(Subscription& subscription, std::string_view prefix, const Message& message) {
  std::string_view tail = message.tail;
  std::shared_ptr<const void> owner = message.owner;
  if (!message.has_headers()) {
    prefix.remove_prefix(1);
  } else if (!options_.headers) {
    prefix.remove_prefix(1);
    tail = message.stripped_tail;
    owner = nullptr;
  }
  if (owner != nullptr) {
    connection_.Write(prefix);
    connection_.Write(std::move(owner), tail);
  } else if (prefix.size() + tail.size() <= net::ChunkPool::kSmallChunk) {
    char* const at = connection_.Reserve(prefix.size() + tail.size());
    std::memcpy(at, prefix.data(), prefix.size());
    std::memcpy(at + prefix.size(), tail.data(), tail.size());
    connection_.Commit(prefix.size() + tail.size());
  } else {
    connection_.Write(prefix);
    connection_.Write(tail);
  }
  Counters& counters = server_.counters();
  ++counters.out_msgs;
  counters.out_bytes += message.payload.size();

  if (subscription.max != 0 && subscription.delivered >= subscription.max) {
    RemoveSubscription(subscription);
  }
  const std::int64_t pending = static_cast<std::int64_t>(connection_.pending_bytes());
  const std::int64_t max_pending = server_.settings().max_pending;
  if (pending > max_pending) return SlowConsumer();
  if (pending > max_pending / 4 * 3 && delivering_ != nullptr) {
    delivering_->producer_should_stall_ = true;
  }
}

void Session::SlowConsumer() {
  ++server_.counters().slow_consumers;
  server_.Log(absl::StrCat("closed slow consumer ", connection_.remote().ToString(), ": ",
                           connection_.pending_bytes(), " bytes wait, max_pending is ",
                           server_.settings().max_pending));
  connection_.Close();
}

void Session::StallProducer() {
  connection_.PauseReading();
  stall_timer_.Arm(server_.settings().producer_stall, [this] { connection_.ResumeReading(); });
}

void Session::HandleSub(const Operation& operation) {
  if (!IsValidSubject(operation.subject)) {
    WriteError("Invalid Subject");
    return;
  }
  auto [it, added] = subscriptions_.try_emplace(std::string(operation.sid), nullptr);
  // A second SUB of a sid is ignored, as nats-server does.
  if (added) {
    it->second =
        std::make_unique<Subscription>(*this, operation.subject, operation.queue, operation.sid);
    server_.router().Subscribe(*it->second);
  }
  WriteOk();
}

void Session::HandleUnsub(const Operation& operation) {
  const auto found = subscriptions_.find(std::string(operation.sid));
  if (found != subscriptions_.end()) {
    Subscription& subscription = *found->second;
    if (operation.max > 0 && static_cast<std::uint64_t>(operation.max) > subscription.delivered) {
      subscription.max = static_cast<std::uint64_t>(operation.max);
    } else {
      RemoveSubscription(subscription);
    }
  }
  WriteOk();
}

void Session::RemoveSubscription(Subscription& subscription) {
  const auto found = subscriptions_.find(subscription.sid);
  if (found == subscriptions_.end()) return;
  std::unique_ptr<Subscription> owned = std::move(found->second);
  subscriptions_.erase(found);
  server_.router().Unsubscribe(std::move(owned));
}

void Session::HandleConnect(const Operation& operation) {
  const std::optional<ConnectOptions> options = ParseConnect(operation.json, options_);
  if (!options.has_value()) return connection_.CloseAfterFlush();
  if (!options->account.empty() || !CredentialsMatch(*options)) {
    return CloseWithError("Authorization Violation");
  }
  if (options->protocol < 0 || options->protocol > 1) {
    return CloseWithError("invalid client protocol");
  }
  if (options->no_responders && !options->headers) {
    return CloseWithError("no responders requires headers support");
  }
  options_ = *options;
  authenticated_ = true;
  auth_timer_.Cancel();
  parser_.limits().headers = options_.headers;
  WriteOk();
}

bool Session::CredentialsMatch(const ConnectOptions& options) const {
  const Settings& settings = server_.settings();
  if (!settings.requires_auth()) return true;
  if (!settings.token.empty()) return SecretEquals(options.auth_token, settings.token);
  return SecretEquals(options.user, settings.user) && SecretEquals(options.pass, settings.password);
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
      return connection_.CloseAfterFlush();
  }
}

void Session::WriteError(std::string_view text) {
  connection_.Write(absl::StrCat("-ERR '", std::string(text), "'\r\n"));
}

void Session::CloseWithError(std::string_view text) {
  WriteError(text);
  connection_.CloseAfterFlush();
}

void Session::ArmPing() {
  ping_timer_.Arm(server_.settings().ping_interval, [this] { OnPingTimer(); });
}

void Session::OnPingTimer() {
  // Bytes are as good as a PONG.
  if (received_since_ping_) {
    pings_out_ = 0;
  } else if (pings_out_ + 1 > server_.settings().max_pings_out) {
    ++server_.counters().stale_connections;
    return CloseWithError("Stale Connection");
  } else {
    ++pings_out_;
    connection_.Write("PING\r\n");
  }
  received_since_ping_ = false;
  ArmPing();
}

}  // namespace wherry::nats
