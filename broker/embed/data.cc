#include "broker/embed/data.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/memory_log_store.h"
#include "storage/rocksdb_log_store.h"

namespace wherry::embed {

namespace {

core::SyncPolicy PolicyOf(SyncMode mode) {
  switch (mode) {
    case SyncMode::kCommit:
      return core::SyncPolicy::kCommit;
    case SyncMode::kInterval:
      return core::SyncPolicy::kInterval;
    case SyncMode::kOs:
      return core::SyncPolicy::kOs;
  }
  return core::SyncPolicy::kCommit;
}

// "host", "host:port" or "[v6]:port".
absl::Status ReadAdvertise(std::string_view text, kafka::ClusterOptions& options) {
  const auto invalid = [text] {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot advertise \"", std::string(text),
                     "\": give a host or host:port, such as \"broker.test:9092\""));
  };
  std::string_view host = text;
  std::string_view port;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos &&
      (bracket == std::string_view::npos ? text.find(':') == colon : colon > bracket)) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    std::uint16_t number = 0;
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || number == 0) {
      return invalid();
    }
    options.advertised_port = number;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return invalid();
  options.advertised_host = host;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<storage::LogStore>> OpenStore(const Options& options) {
  if (!options.data_dir.empty()) return storage::OpenRocksdbLogStore(options.data_dir);
  return std::make_unique<storage::MemoryLogStore>();
}

}  // namespace

Data::Data(std::unique_ptr<storage::LogStore> store, const Options& options, runtime::Shard& shard)
    : store_(std::move(store)),
      budget_(*store_, options.memory_limit),
      commits_(*store_, PolicyOf(options.sync), shard) {}

Data::~Data() { Stop(); }

absl::StatusOr<std::unique_ptr<Data>> Data::Open(const Options& options, runtime::Shard& shard,
                                                 std::function<void(std::string_view)> log) {
  kafka::ClusterOptions cluster;
  cluster.default_partitions = options.kafka.default_partitions;
  cluster.auto_create_topics = options.kafka.auto_create_topics;
  if (!options.advertise.empty()) {
    if (absl::Status status = ReadAdvertise(options.advertise, cluster); !status.ok()) {
      return status;
    }
  }
  auto store = OpenStore(options);
  if (!store.ok()) return store.status();
  std::unique_ptr<Data> data(new Data(*std::move(store), options, shard));
  auto opened = kafka::Cluster::Open({core::kDefaultNamespace}, std::move(cluster),
                                     {*data->store_, data->commits_, data->reader_, data->budget_,
                                      data->tails_, shard, std::move(log)});
  if (!opened.ok()) return opened.status();
  data->cluster_ = *std::move(opened);
  data->commits_.Start();
  return data;
}

void Data::Stop() {
  commits_.Stop();
  reader_.Stop();
}

}  // namespace wherry::embed
