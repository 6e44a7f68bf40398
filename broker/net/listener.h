#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/net/connection.h"
#include "broker/net/endpoint.h"

namespace wherry::net {

// Accepts connections at one URL: one socket, or two with the same port for localhost.
// Threads: Open and the destructor on the shard, or while its thread does not run; the rest on the
// shard.
// Owned by the composition root.
class Listener {
 public:
  // Binds and listens at once, so that a port in use is known before anything runs: kUnavailable
  // with the address and what to do, kPermissionDenied likewise. Accepting begins with Start.
  // Accepts on the shard of the first of `serving`, and deals the connections out to all of them in
  // turn, as members of `group`; `make_session` then runs on the connection's own shard.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(std::vector<ConnectionSet*> serving,
                                                        const ListenUrl& url,
                                                        ConnectionSet::MakeSession make_session,
                                                        std::uint32_t group = 0);
  ~Listener();

  void Start();
  // Who connects from here on waits in the kernel until Start.
  void Pause();
  // Who connects from here on is refused, as by a process that is not there; the port stays ours.
  // Idempotent. kUnavailable: it was lost to somebody else.
  absl::Status Refuse();
  // Listens again after Refuse; accepting begins with Start.
  absl::Status ListenAgain();
  void Stop();
  // With the port that was really taken.
  const ListenUrl& url() const { return url_; }
  void CloseDescriptorsInChild();

 private:
  struct Acceptor;
  Listener(std::vector<ConnectionSet*> serving, ListenUrl url,
           ConnectionSet::MakeSession make_session, std::uint32_t group);
  absl::Status Bind(const Endpoint& endpoint);
  void WaitAcceptable(Acceptor& acceptor);
  void AcceptAll(Acceptor& acceptor);
  void Deal(int fd, const Endpoint& remote);
  runtime::Shard& home() { return serving_.front()->shard(); }

  const std::vector<ConnectionSet*> serving_;
  std::size_t next_ = 0;  // whose turn it is
  ListenUrl url_;
  ConnectionSet::MakeSession make_session_;
  const std::uint32_t group_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  // While it accepts. A wait of asio's that ends when this is gone, or is another, must not touch
  // us.
  std::shared_ptr<char> accepting_;
};

}  // namespace wherry::net
