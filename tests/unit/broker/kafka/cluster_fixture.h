#pragma once

#include <memory>

#include "broker/kafka/cluster.h"
#include "storage/memory_log_store.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::kafka {

// An empty cluster in memory, for the rows of APIs: no socket.
// Threads: the test's; the cluster by On. Owned by GoogleTest.
class ClusterFixture : public core::ShardFixtureWith<runtime::RealClock> {
 protected:
  ClusterFixture() {
    commits_.Start();
    On([this] {
      cluster_ = Cluster::Open({"default"}, {},
                               {store_, commits_, reader_, budget_, tails_, shard_, nullptr})
                     .value();
    });
  }
  ~ClusterFixture() override {
    On([this] { cluster_.reset(); });
    commits_.Stop();
    reader_.Stop();
    // Before what its last tasks refer to.
    shard_.Stop();
  }

  storage::MemoryLogStore store_;
  core::CommitQueue commits_{store_, core::SyncPolicy::kCommit, shard_};
  core::BackgroundThread reader_;
  core::MemoryBudget budget_{store_, 0};
  core::TailCache tails_;
  net::Endpoint address_ = net::Endpoint::Parse("127.0.0.1", 9092).value();
  std::unique_ptr<Cluster> cluster_;
};

}  // namespace wherry::kafka
