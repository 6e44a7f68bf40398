#pragma once

#include <future>
#include <memory>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "broker/kafka/api_table.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/security/authentication.h"
#include "storage/memory_log_store.h"
#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::kafka {

// An empty cluster in memory, for the rows of APIs: no socket.
// Threads: the test's; the cluster by On. Owned by GoogleTest.
class ClusterFixture : public core::ShardFixtureWith<runtime::RealClock> {
 protected:
  explicit ClusterFixture(ClusterOptions options = {}) {
    commits_.Start();
    On([&] {
      cluster_ = Cluster::Open({"default"}, std::move(options),
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

  // The answer to the request of these fields; waits for it.
  boost::json::value Ask(std::int16_t key, std::int16_t version, const std::string& fields) {
    const ApiRow& row = *FindApi(key);
    const bool flexible = row.IsFlexible(version);
    const std::string body =
        row.request.encode(boost::json::parse(fields), version, flexible).value();
    const auto answer = std::make_shared<std::promise<std::string>>();
    const auto slot = std::make_shared<ResponseSlot>();
    slot->version = version;
    slot->flexible = flexible;
    slot->flexible_header = flexible && !row.old_response_header;
    slot->changed = [answer, &frame = slot->frame] { answer->set_value(frame.Flat()); };
    On([&] {
      const Call call{*cluster_, version, "client", address_, address_, nullptr, nullptr, &client_};
      EXPECT_TRUE(HandleAllowed(call, row, body, slot));
    });
    const std::string frame = answer->get_future().get();
    // The size, the correlation id, and in a flexible header an empty section of tagged fields.
    const std::string_view rest = std::string_view(frame).substr(slot->flexible_header ? 9 : 8);
    return row.response.decode(rest, version, flexible).value();
  }
  std::string AskText(std::int16_t key, std::int16_t version, const std::string& fields) {
    return boost::json::serialize(Ask(key, version, fields));
  }

  storage::MemoryLogStore store_;
  core::CommitQueue commits_{store_, core::SyncPolicy::kCommit, shard_};
  core::BackgroundThread reader_;
  core::MemoryBudget budget_{store_, 0};
  core::TailCache tails_;
  net::Endpoint address_ = net::Endpoint::Parse("127.0.0.1", 9092).value();
  std::unique_ptr<Cluster> cluster_;
  Client client_;  // who asks
};

}  // namespace wherry::kafka
