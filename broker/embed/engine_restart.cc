// The broker crashes and starts again, in the same process and at the same ports.
#include <utility>

#include "broker/embed/engine.h"
#include "broker/embed/kafka_security.h"
#include "broker/embed/refusals.h"
#include "broker/embed/status_of.h"

namespace wherry::embed {

namespace {

bool ServesData(const net::Listener& listener) {
  const std::string& protocol = listener.url().protocol;
  return protocol == "nats" || KafkaProtocolOf(protocol).has_value();
}

}  // namespace

Status Engine::Crash(CrashKind kind) {
  if (link_->OnShardThread()) return EndFromCallback("Crash");
  const std::lock_guard<std::mutex> lock(stop_mutex_);
  if (stopped_) return Stopped();
  if (crashed_) {
    return {StatusCode::kFailedPrecondition, "the broker has crashed already; Restart it first"};
  }
  const Status status = TakeDown(Ending::kAbrupt);
  if (kind == CrashKind::kLoseUnsynced && disk_.simulated != nullptr) disk_.simulated->LosePower();
  return status;
}

Status Engine::Restart() {
  if (link_->OnShardThread()) return EndFromCallback("Restart");
  const std::lock_guard<std::mutex> lock(stop_mutex_);
  if (stopped_) return Stopped();
  if (!crashed_) {
    if (Status status = TakeDown(Ending::kInOrder); !status.ok()) return status;
  }
  absl::Status status;
  link_->Run([&] { status = BringUp(); });
  if (!status.ok()) {
    // What was opened has its threads.
    DropData();
    return StatusOf(status);
  }
  crashed_ = false;
  return {};
}

// Ends everything but HTTP, the shards and the ports.
Status Engine::TakeDown(Ending ending) {
  const bool in_order = ending == Ending::kInOrder;
  const auto end_connections = [in_order](net::ConnectionSet& connections) {
    in_order ? connections.CloseThoseWithData() : connections.ResetAll();
  };
  crashed_ = true;
  absl::Status refused;
  link_->Run([&] {
    down_ = true;
    for (const auto& state : Namespaces()) {
      for (auto& listener : state->listeners) {
        if (ServesData(*listener)) refused.Update(listener->Refuse());
      }
    }
    end_connections(*connections_.front());
  });
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    RunAndWait(*shards_[i], [&, i] { end_connections(*connections_[i]); });
  }
  link_->Run([&] {
    for (const auto& state : Namespaces()) {
      state->nats_state->EndSubscriptions();
      state->nats_state->down = true;
      if (in_order && state->cluster != nullptr) state->cluster->BeforeStop();
    }
  });
  if (in_order) {
    data_->Stop();
  } else {
    data_->Abort();
  }
  DropData();
  return StatusOf(refused);
}

// The threads of the data have ended.
void Engine::DropData() {
  if (data_ == nullptr) return;
  data_->Stop();
  // What they have posted refers to it, and so may what that posts.
  for (int i = 0; i < 3; ++i) link_->Run([] {});
  link_->Run([this] {
    for (const auto& state : Namespaces()) state->Use(nullptr);
    data_.reset();
  });
}

// On the shard.
absl::Status Engine::BringUp() {
  if (absl::Status status = OpenData(); !status.ok()) return status;
  for (const auto& state : Namespaces()) {
    for (auto& listener : state->listeners) {
      if (!ServesData(*listener)) continue;
      if (absl::Status status = listener->ListenAgain(); !status.ok()) return status;
    }
  }
  down_ = false;
  for (const auto& state : Namespaces()) {
    state->nats_state->down = false;
    for (auto& listener : state->listeners) {
      if (ServesData(*listener)) listener->Start();
    }
  }
  return absl::OkStatus();
}

}  // namespace wherry::embed
