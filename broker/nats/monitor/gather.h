#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "broker/nats/server.h"

namespace wherry::nats {

// Runs `take(part)` on every shard of the server, each on its own thread, and hands what they gave,
// in the order of the shards, to `done` on the shard that asks: which must be the caller's. If the
// server stops meanwhile, `done` never runs.
template <typename Taken, typename Take, typename Done>
void Gather(Server& server, runtime::Shard& asking, Take take, Done done) {
  struct Gathering {
    Gathering(std::size_t shards, Take take, Done done)
        : left(shards), taken(shards), take(std::move(take)), done(std::move(done)) {}
    std::size_t left;  // on the asking shard
    std::vector<Taken> taken;
    const Take take;
    Done done;
  };
  const std::size_t shards = server.shard_count();
  const auto gathering = std::make_shared<Gathering>(shards, std::move(take), std::move(done));
  for (std::size_t i = 0; i < shards; ++i) {
    ServerShard& part = server.part(i);
    part.shard().Post([gathering, i, &part, &asking] {
      gathering->taken[i] = gathering->take(part);
      asking.Post([gathering] {
        if (--gathering->left == 0) gathering->done(std::move(gathering->taken));
      });
    });
  }
}

}  // namespace wherry::nats
