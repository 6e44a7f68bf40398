#include "broker/kafka/session.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_table.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/dispatch.h"
#include "broker/kafka/fault_gate.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

Session::Session(Cluster& cluster, net::Connection& connection,
                 std::shared_ptr<const Entrance> entrance)
    : cluster_(&cluster),
      connection_(connection),
      entrance_(std::move(entrance)),
      info_(std::make_unique<ConnectionInfo>(ConnectionInfo{.id = connection.id()})) {}

void Session::OnOpen() {
  info_->remote = connection_.remote().ToString();
  info_->start_unix_millis = connection_.shard().TurnUnixMillis();
  cluster_->Add(*this);
  if (entrance_ != nullptr && entrance_->sasl) {
    client_.authentication = std::make_unique<Authentication>(
        *entrance_, connection_.shard(), [this](const std::string& user) { return Enter(user); },
        [this](std::string_view why) { CloseBecause(why); });
  }
  if (entrance_ != nullptr && entrance_->tls != nullptr) connection_.StartTls(*entrance_->tls);
  core::FaultPlan* const faults = cluster_->faults();
  if (faults != nullptr) opening_ = MeetFaultsOfConnection(*faults, connection_);
}

void Session::OnTlsOpen() {
  const std::optional<net::TlsPeer> peer = connection_.tls_peer();
  if (!peer.has_value() || !peer->has_certificate || client_.authentication != nullptr) return;
  client_.principal = Principal::User(peer->distinguished_name);
}

void Session::OnTlsFailed(std::string_view reason) {
  cluster_->Log(absl::StrCat("TLS with the Kafka client at ", connection_.remote().ToString(),
                             " failed: ", std::string(reason)));
}

// Takes the session to the namespace of a user who has proved who they are.
bool Session::Enter(const std::string& user) {
  const SaslUser* const known = entrance_->settings->FindUser(user);
  const std::string_view name = known == nullptr ? std::string_view() : known->namespace_name;
  if (!name.empty()) {
    const Entrance::Place place = entrance_->find(name);
    if (place.cluster == nullptr || !place.cluster->nodes().IsUp(node())) return false;
    cluster_->Remove(*this);
    cluster_ = place.cluster;
    cluster_->Add(*this);
    connection_.JoinGroup(place.group);
  }
  client_.principal = Principal::User(user);
  return true;
}

void Session::CloseBecause(std::string_view why) {
  cluster_->Log(absl::StrCat("closed the Kafka connection from ", connection_.remote().ToString(),
                             ": ", std::string(why)));
  connection_.Close();
}

std::int32_t Session::MaxRequestSize() const {
  return client_.authentication == nullptr || client_.authentication->complete()
             ? kMaxRequestSize
             : Authentication::kMaxRequestSize;
}

void Session::OnBytes(std::string_view bytes) {
  if (carry_.empty()) {
    carry_ = CutFrames(bytes);
    return;
  }
  carry_.append(bytes);
  const std::string all = std::exchange(carry_, std::string());
  carry_ = CutFrames(all);
}

// Handles the complete requests in `bytes`; returns what is left of them.
std::string_view Session::CutFrames(std::string_view bytes) {
  while (!connection_.closing() && bytes.size() >= sizeof(std::int32_t)) {
    const auto size = wire::Reader(bytes).Int<std::int32_t>();
    if (size < 0 || size > MaxRequestSize()) {
      CloseBecause(absl::StrCat("a request of ", size, " bytes; at most ", MaxRequestSize(),
                                " are taken"));
      return {};
    }
    const std::string_view rest = bytes.substr(sizeof(std::int32_t));
    const auto frame_size = static_cast<std::size_t>(size);
    if (rest.size() >= frame_size) {
      HandleOrKeep(rest.substr(0, frame_size));
      bytes = rest.substr(frame_size);
      continue;
    }
    if (frame_size <= kOwnBufferFrom) break;
    // Not filled with zeros: what the client announces takes no memory until it comes.
    body_ = {std::unique_ptr<char[]>(new char[frame_size]), frame_size};
    std::memcpy(body_.bytes.get(), rest.data(), rest.size());
    body_filled_ = rest.size();
    return {};
  }
  return connection_.closing() ? std::string_view() : bytes;
}

std::span<char> Session::ReadInto() {
  if (body_.size == 0) return {};
  return {body_.bytes.get() + body_filled_, body_.size - body_filled_};
}

void Session::OnReadInto(std::size_t size) {
  body_filled_ += size;
  if (body_filled_ < body_.size) return;
  Frame frame = std::exchange(body_, Frame());
  if (waiting_.empty() && MayHandle(frame.view())) return Handle(frame.view());
  Keep(std::move(frame));
}

void Session::HandleOrKeep(std::string_view frame) {
  if (waiting_.empty() && MayHandle(frame)) return Handle(frame);
  Frame copy{std::unique_ptr<char[]>(new char[frame.size()]), frame.size()};
  std::memcpy(copy.bytes.get(), frame.data(), frame.size());
  Keep(std::move(copy));
}

void Session::Keep(Frame frame) {
  waiting_bytes_ += frame.size;
  waiting_.push_back(std::move(frame));
  if (waiting_bytes_ <= kMaxWaitingBytes || paused_) return;
  paused_ = true;
  connection_.PauseReading();
}

bool Session::MayHandle(std::string_view frame) const {
  if (connection_.pending_bytes() > kMaxUnsentBytes) return false;
  if (under_way_.empty()) return true;
  if (under_way_.back().slot->holds_up) return false;
  const auto api_key = wire::Reader(frame).Int<std::int16_t>();
  const ApiRow* const row = FindApi(api_key);
  return row != nullptr && row->pipelined && under_way_.back().api_key == api_key &&
         under_way_.size() < kMaxUnderWay;
}

void Session::Handle(std::string_view frame) {
  auto slot = std::make_shared<ResponseSlot>();
  slot->changed = [this] { Advance(); };
  under_way_.push_back({slot, wire::Reader(frame).Int<std::int16_t>()});
  const bool outer = std::exchange(advancing_, true);  // one loop is enough
  ++info_->requests;
  info_->in_bytes += sizeof(std::int32_t) + frame.size();
  if (client_.authentication != nullptr && client_.authentication->takes_bare_tokens()) {
    HandleBareToken(frame, slot);
  } else {
    const Call call{*cluster_, 0, {}, connection_.local(), connection_.remote(), info_.get(),
                    &connection_, &client_,
                    entrance()};
    if (!Dispatch(call, frame, slot)) slot->Become(ResponseSlot::State::kClosing);
  }
  advancing_ = outer;
  if (!outer) Advance();
}

// After a handshake of version 0: a token of SASL and no more.
void Session::HandleBareToken(std::string_view token, const std::shared_ptr<ResponseSlot>& slot) {
  const SaslStep step = client_.authentication->Evaluate(token);
  if (step.outcome == SaslStep::Outcome::kFailed) {
    cluster_->Log(absl::StrCat("refused the Kafka client at ", connection_.remote().ToString(),
                               ": ", step.reason));
    return client_.authentication->Delay(
        [slot] { slot->Become(ResponseSlot::State::kClosing); });
  }
  wire::Writer writer(slot->frame.head);
  writer.Int(static_cast<std::int32_t>(step.token.size()));
  writer.Bytes(step.token);
  slot->Become(ResponseSlot::State::kReady);
}

// Sends what is ready, and handles what waited for that.
void Session::Advance() {
  if (advancing_) return;
  advancing_ = true;
  SendReady();
  while (!connection_.closing() && !waiting_.empty() && MayHandle(waiting_.front().view())) {
    const Frame frame = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= frame.size;
    Handle(frame.view());
    SendReady();
  }
  advancing_ = false;
  if (connection_.pending_bytes() > kMaxUnsentBytes) connection_.AwaitDrained();
  if (!paused_ || waiting_bytes_ > kMaxWaitingBytes || connection_.closing()) return;
  paused_ = false;
  connection_.ResumeReading();
}

void Session::SendReady() {
  while (!under_way_.empty() && !connection_.closing()) {
    const std::shared_ptr<ResponseSlot> slot = under_way_.front().slot;
    if (slot->state == ResponseSlot::State::kWaiting) return;
    under_way_.pop_front();
    if (slot->state == ResponseSlot::State::kReady) Send(slot->frame);
    if (slot->state == ResponseSlot::State::kReady && slot->last) connection_.CloseAfterFlush();
    if (slot->state == ResponseSlot::State::kClosing) connection_.CloseAfterFlush();
    if (slot->state == ResponseSlot::State::kResetting) connection_.Reset();
  }
}

void Session::Send(const wire::Encoded& frame) {
  info_->out_bytes += frame.size();
  const std::string_view head = frame.head;
  std::size_t from = 0;
  for (const wire::Encoded::Splice& splice : frame.splices) {
    connection_.Write(head.substr(from, splice.position - from));
    from = splice.position;
    if (splice.batch->size() < kShareFrom) {
      connection_.Write(*splice.batch);
    } else {
      connection_.Write(splice.batch, *splice.batch);
    }
  }
  connection_.Write(head.substr(from));
}

std::vector<std::string> Session::Unfinished() const {
  std::vector<std::string> all;
  for (const UnderWay& request : under_way_) {
    if (request.api_key == kFetchKey) continue;
    const ApiRow* const row = FindApi(request.api_key);
    all.push_back(absl::StrCat(row == nullptr ? "a request" : row->name, " is not answered yet"));
  }
  if (!waiting_.empty()) {
    all.push_back(absl::StrCat(waiting_.size(), " requests wait for their turn"));
  }
  if (!carry_.empty() || body_.size > 0) all.push_back("a request has not arrived whole");
  if (connection_.pending_bytes() > 0) {
    all.push_back(absl::StrCat(connection_.pending_bytes(), " bytes wait to be sent"));
  }
  return all;
}

void Session::OnClosed() {
  cluster_->Remove(*this);
  opening_ = nullptr;
  std::deque<UnderWay> under_way;
  under_way.swap(under_way_);
  for (UnderWay& request : under_way) {
    request.slot->changed = nullptr;
    if (request.slot->abandoned) std::exchange(request.slot->abandoned, nullptr)();
  }
  cluster_->groups().OnConnectionClosed(connection_.id());
}

}  // namespace wherry::kafka
