#include "wherry/broker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/engine.h"
#include "broker/embed/nats_configuration.h"
#include "broker/embed/status_of.h"
#include "broker/kafka/nodes.h"

namespace wherry {

std::string_view Version() { return WHERRY_VERSION; }
std::string_view NatsVersion() { return nats::Server::kNatsVersion; }

namespace {

Status CheckOptions(const Options& options) {
  const auto positive = [](const char* name, std::int64_t value) -> Status {
    if (value > 0) return {};
    return {StatusCode::kInvalidArgument,
            absl::StrCat(name, " is ", value, "; it must be above 0")};
  };
  if (options.threads != 0) {
    if (Status status = positive("threads", options.threads); !status.ok()) return status;
  }
  if (options.simulated_disk && !options.data_dir.empty()) {
    return {StatusCode::kInvalidArgument,
            absl::StrCat("simulated_disk and the data_dir \"", options.data_dir,
                         "\" exclude each other; leave one out")};
  }
  if (options.kafka.initial_rebalance_delay.count() < 0) {
    return {StatusCode::kInvalidArgument,
            "kafka.initial_rebalance_delay must not be below 0; 0 waits for nobody"};
  }
  if (options.kafka.nodes < 1 || options.kafka.nodes > kafka::Nodes::kMax) {
    return {StatusCode::kInvalidArgument,
            absl::StrCat("kafka.nodes is ", options.kafka.nodes, "; it must be from 1 to ",
                         kafka::Nodes::kMax)};
  }
  return positive("kafka.default_partitions", options.kafka.default_partitions);
}

}  // namespace

StatusOr<Broker> Broker::Start(const Options& options) {
  if (Status status = CheckOptions(options); !status.ok()) return status;
  auto nats_configuration = embed::NatsConfiguration(options.nats);
  if (!nats_configuration.ok()) return embed::StatusOf(nats_configuration.status());
  auto engine = std::make_unique<embed::Engine>(options, *std::move(nats_configuration));
  if (absl::Status status = engine->Start(); !status.ok()) return embed::StatusOf(status);
  return Broker(std::move(engine));
}

Broker::Broker(std::unique_ptr<embed::Engine> engine)
    : engine_(std::move(engine)), default_namespace_(engine_->default_namespace()) {}
Broker::Broker(Broker&&) noexcept = default;

Broker& Broker::operator=(Broker&& other) noexcept {
  if (this != &other) {
    this->~Broker();
    new (this) Broker(std::move(other));
  }
  return *this;
}

Broker::~Broker() {
  if (engine_ == nullptr) return;
  if (engine_->InForkedChild()) {
    // To join the threads would wait for ever, and to take descriptors out of the shared epoll set
    // would harm the parent.
    engine_->CloseDescriptorsInChild();
    static_cast<void>(engine_.release());
    return;
  }
  static_cast<void>(engine_->Stop());
}

Status Broker::Stop() { return engine_->Stop(); }

Status Broker::Crash(CrashKind kind) { return engine_->Crash(kind); }

Status Broker::Restart() { return engine_->Restart(); }

Namespace& Broker::default_namespace() { return default_namespace_; }

Clock& Broker::clock() { return engine_->clock(); }

StatusOr<Namespace> Broker::NewNamespace(std::string_view name) {
  auto state = engine_->AddNamespace(name);
  if (!state.ok()) return embed::StatusOf(state.status());
  return Namespace(*std::move(state));
}

}  // namespace wherry
