#include "broker/net/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "broker/net/connection_parts.h"

namespace wherry::net {

namespace asio = boost::asio;

struct ConnectionSet::Connections {
  absl::flat_hash_map<std::uint64_t, std::unique_ptr<Connection>> by_id;
  std::uint64_t next_id = 1;
};

Connection::Connection(ConnectionSet& set, std::uint64_t id, std::uint32_t group, int fd,
                       const Endpoint& local, const Endpoint& remote)
    : set_(set),
      id_(id),
      group_(group),
      socket_(std::make_unique<Socket>(set.shard_.context(), fd)),
      queue_(set.pool_),
      local_(local),
      remote_(remote) {}

Connection::~Connection() = default;

runtime::Shard& Connection::shard() { return set_.shard_; }

void Connection::BecomeDirty() {
  if (state_ == State::kClosed) return;
  // While the kernel takes nothing, the wait for that is already under way.
  if (wait_writable_) return;
  dirty_ = true;
  set_.dirty_.push_back(this);
  if (!set_.flush_scheduled_) {
    set_.flush_scheduled_ = true;
    set_.shard_.AtEndOfTurn([&set = set_] { set.FlushDirty(); });
  }
}

void Connection::Flush() {
  if (tls_ != nullptr) return FlushTls();
  const std::size_t waiting = queue_.pending_bytes();
  switch (Send(queue_)) {
    case WriteQueue::FlushResult::kDone:
      Flushed();
      return;
    case WriteQueue::FlushResult::kPaced:
      return;
    case WriteQueue::FlushResult::kBlocked:
      Blocked(waiting - queue_.pending_bytes(), queue_.pending_bytes());
      WaitWritable();
      return;
    case WriteQueue::FlushResult::kBroken:
      if (state_ == State::kOpen) ending_ = Ending::kWriteError;
      Close();
      return;
  }
}

void Connection::Flushed() {
  write_stalled_.reset();
  if (state_ == State::kFlushing) BeginDraining();
  if (state_ == State::kOpen && std::exchange(drain_awaited_, false)) session_->OnDrained();
}

void Connection::WaitReadable() {
  const bool wanted = (state_ == State::kOpen && reading_) || state_ == State::kDraining;
  if (wait_readable_ || !wanted || ReadingRests()) return;
  wait_readable_ = true;
  socket_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [this](const boost::system::error_code&) {
                                   shard().Turn([this] { Readable(); });
                                 });
}

void Connection::Readable() {
  if (shard().deaf()) return shard().WhenHearing([this] { Readable(); });
  wait_readable_ = false;
  if (state_ == State::kOpen && reading_) OnReadable();
  if (state_ == State::kDraining) Drain();
  OperationEnded();
}

void Connection::WaitWritable() {
  if (wait_writable_ || state_ == State::kClosed) return;
  wait_writable_ = true;
  socket_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                 [this](const boost::system::error_code&) {
                                   shard().Turn([this] {
                                     wait_writable_ = false;
                                     if (state_ != State::kClosed) Flush();
                                     OperationEnded();
                                   });
                                 });
}

// Example: of 10 MiB the kernel takes 2, so 8 are owed within the deadline; when those are gone,
// the deadline begins anew for what has come since.
void Connection::Blocked(std::size_t sent, std::size_t waiting) {
  if (write_deadline_ <= runtime::Duration::zero() || state_ != State::kOpen) return;
  if (write_stalled_ != nullptr && sent < write_owed_) {
    write_owed_ -= sent;
    return;
  }
  write_owed_ = waiting;
  if (write_stalled_ == nullptr) {
    write_stalled_ = std::make_unique<runtime::Timer>(
        shard().timers(), runtime::TimerKind::kPatience, "write deadline");
  }
  write_stalled_->Arm(write_deadline_, [this] {
    session_->OnWriteDeadline();
    Close();
  });
}

void Connection::OnReadable() {
  if (tls_ != nullptr) return OnReadableTls();
  std::span<char> body = session_->ReadInto();
  std::size_t limit = ReadLimit();
  body = body.first(std::min(body.size(), limit));
  limit -= body.size();  // the slab is for what follows a body
  iovec pieces[2] = {{body.data(), body.size()},
                     {set_.slab_.get(), std::min(limit, ConnectionSet::kSlabSize)}};
  const ssize_t received = body.empty()
                               ? ::read(socket_->fd, pieces[1].iov_base, pieces[1].iov_len)
                               : ::readv(socket_->fd, pieces, 2);
  if (received > 0) {
    std::size_t size = static_cast<std::size_t>(received);
    PaceReading(size);
    if (!body.empty()) {
      const std::size_t into_body = std::min(size, body.size());
      session_->OnReadInto(into_body);
      size -= into_body;
    }
    if (size > 0 && state_ == State::kOpen) session_->OnBytes({set_.slab_.get(), size});
  } else if (received == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
    ending_ = received == 0 ? Ending::kByPeer : Ending::kReadError;
    Close();
  }
  WaitReadable();
}

void Connection::PauseReading() { reading_ = false; }

void Connection::ResumeReading() {
  reading_ = true;
  WaitReadable();
}

void Connection::CloseAfterFlush() {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  linger_ = std::make_unique<runtime::Timer>(shard().timers(), runtime::TimerKind::kPatience,
                                             "lingering close");
  linger_->Arm(kMaxFlush, [this] { Close(); });
  if (queue_.empty() && tls_ == nullptr) {
    BeginDraining();
  } else {
    MarkDirty();
  }
}

void Connection::BeginDraining() {
  state_ = State::kDraining;
  ::shutdown(socket_->fd, SHUT_WR);
  linger_->Arm(kLinger, [this] { Close(); });
  Drain();
}

void Connection::Drain() {
  // One slab at a time, as for a connection that is served.
  const ssize_t received = ::read(socket_->fd, set_.slab_.get(), ConnectionSet::kSlabSize);
  if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) return Close();
  if (received > 0) drained_ += static_cast<std::size_t>(received);
  if (drained_ > kLingerBytes) return Close();
  WaitReadable();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  linger_.reset();
  write_stalled_.reset();
  impaired_.reset();
  queue_.Clear();
  if (tls_ != nullptr) EndTls();
  socket_->descriptor.close();  // waits under way end with operation_aborted
  session_->OnClosed();
  OperationEnded();
}

void Connection::Reset() {
  if (state_ == State::kClosed) return;
  const linger at_once{1, 0};
  ::setsockopt(socket_->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  Close();
}

void Connection::OperationEnded() {
  if (state_ != State::kClosed || wait_readable_ || wait_writable_) return;
  set_.Bury(*this);
}

ConnectionSet::ConnectionSet(runtime::Shard& shard)
    : shard_(shard), slab_(new char[kSlabSize]), connections_(std::make_unique<Connections>()) {}

ConnectionSet::~ConnectionSet() {
  for (auto& [id, connection] : connections_->by_id) connection->queue_.Clear();
}

void ConnectionSet::Adopt(int fd, const Endpoint& local, const Endpoint& remote,
                          const MakeSession& make_session, std::uint32_t group) {
  const std::uint64_t id = connections_->next_id++;
  auto owned = std::unique_ptr<Connection>(new Connection(*this, id, group, fd, local, remote));
  Connection& connection = *owned;
  connections_->by_id.emplace(id, std::move(owned));
  connection.session_ = make_session(connection);
  connection.session_->OnOpen();
  if (connection.state_ == Connection::State::kOpen) connection.WaitReadable();
}

void ConnectionSet::CloseAll() {
  std::vector<Connection*> all;
  for (auto& [id, connection] : connections_->by_id) all.push_back(connection.get());
  Stop(all);
}

void ConnectionSet::CloseGroup(std::uint32_t group) {
  std::vector<Connection*> members;
  for (auto& [id, connection] : connections_->by_id) {
    if (connection->group_ == group) members.push_back(connection.get());
  }
  Stop(members);
}

void ConnectionSet::Stop(const std::vector<Connection*>& connections) {
  for (Connection* connection : connections) {
    // What was answered should reach the peer, as far as the kernel takes it at once.
    const bool may_send =
        connection->state_ != Connection::State::kClosed && connection->impaired_ == nullptr;
    if (may_send) connection->FlushAtStop();
    if (connection->state_ == Connection::State::kOpen) {
      connection->ending_ = Connection::Ending::kStopped;
    }
    connection->Close();
  }
}

void ConnectionSet::CloseThoseWithData() { Stop(ThoseWithData()); }

void ConnectionSet::ResetAll() {
  for (Connection* connection : ThoseWithData()) {
    if (connection->state_ == Connection::State::kOpen) {
      connection->ending_ = Connection::Ending::kStopped;
    }
    connection->Reset();
  }
}

std::vector<Connection*> ConnectionSet::ThoseWithData() const {
  std::vector<Connection*> all;
  for (auto& [id, connection] : connections_->by_id) {
    if (connection->session_->needs_data()) all.push_back(connection.get());
  }
  return all;
}

std::size_t ConnectionSet::size() const { return connections_->by_id.size(); }

void ConnectionSet::FlushDirty() {
  flush_scheduled_ = false;
  // By index: closing a connection may make its session write to others.
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    Connection* connection = dirty_[i];
    connection->dirty_ = false;
    if (connection->state_ != Connection::State::kClosed) connection->Flush();
  }
  dirty_.clear();
}

void ConnectionSet::Bury(Connection& connection) {
  // Later, since the caller may be a function of the connection, and it may still be listed as
  // dirty.
  shard_.Post([this, id = connection.id_] { connections_->by_id.erase(id); });
}

void ConnectionSet::CloseDescriptorsInChild() {
  for (auto& [id, connection] : connections_->by_id) ::close(connection->socket_->fd);
}

}  // namespace wherry::net
