// A Kafka connection from its bytes to its answers: framing, dispatch and handlers of one cluster,
// over a pair of sockets. Whatever a client sends, in whatever pieces, each answer is one of its
// requests' own, in their order, and of the form that the schema says.
//
// Input: requests. Each is a byte for the API, one for the version, and one that chooses how the
// body comes about (random by the schema, one that the topic "t" understands, random with one byte
// changed, or bytes), how it is cut into writes, and whether the frame's size is what it is.

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/kafka/api_table.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/fetch_sessions.h"
#include "broker/kafka/session.h"
#include "protocol/kafka/record_batch.h"
#include "protocol/wire/cursor.h"
#include "storage/memory_log_store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/shard_loop.h"

namespace wherry::kafka {
namespace {

constexpr std::size_t kMaxRequests = 16;
constexpr std::size_t kMaxStream = 32 * 1024;  // less than a socket holds: a write never waits

struct Asked {
  const ApiRow* row;
  std::int16_t version;
  std::int32_t correlation_id;
};

struct Stream {
  std::string bytes;
  std::vector<Asked> asked;  // those that may be answered
  std::vector<std::size_t> cuts;
};

// A batch of a few records, compressed or not, of a producer or not, perhaps with one wrong byte.
std::string TakeBatch(fuzz::Input& input) {
  BatchBuilder builder(static_cast<Codec>(input.Below(5)));
  const std::uint8_t producer = input.Byte();
  if ((producer & 1) != 0) builder.SetProducer(producer >> 5, 0, producer >> 1 & 0x0f);
  for (std::size_t records = 1 + input.Below(4); records > 0; --records) {
    const auto timestamp = static_cast<std::int64_t>(input.Number(2));
    builder.Add(timestamp, input.Take(input.Below(8)), input.Take(input.Below(32)));
  }
  std::string batch = builder.Build();
  if (const std::uint8_t other = input.Byte(); other != 0) {
    batch[input.Number(2) % batch.size()] ^= static_cast<char>(other);
  }
  return batch;
}

// What requests may name besides the topic "t".
struct Known {
  std::string topic_id;         // of "t"
  std::int32_t session_id = 0;  // of a fetch session
};

// A request that writes or reads the topic "t", which has two partitions; null for another API.
boost::json::value AboutTopic(std::int16_t api_key, const Known& known, fuzz::Input& input) {
  using Array = boost::json::array;
  using Object = boost::json::object;
  const auto partition = static_cast<std::int32_t>(input.Below(3));
  if (api_key == 0) {  // Produce
    const int acks = static_cast<int>(input.Below(3)) - 1;
    const Object data{{"Index", partition}, {"Records", wire::ToHex(TakeBatch(input))}};
    const Object topic{{"Name", "t"}, {"TopicId", known.topic_id}, {"PartitionData", Array{data}}};
    return Object{{"Acks", acks}, {"TimeoutMs", 100}, {"TopicData", Array{topic}}};
  }
  if (api_key == 1) {  // Fetch
    const Object data{{"Partition", partition},
                      {"FetchOffset", static_cast<int>(input.Below(8)) - 1},
                      {"PartitionMaxBytes", 1 << 20}};
    const Object topic{{"Topic", "t"}, {"TopicId", known.topic_id}, {"Partitions", Array{data}}};
    const Object forgotten{
        {"Topic", "t"}, {"TopicId", known.topic_id}, {"Partitions", Array{partition, 1}}};
    // A session's epochs begin at 1; 0 begins one, -1 is none.
    const int epoch = static_cast<int>(input.Below(5)) - 1;
    const std::size_t named = input.Below(4);
    return Object{{"ReplicaId", -1},
                  {"MaxWaitMs", 0},
                  {"MinBytes", 0},
                  {"MaxBytes", 1 << 20},
                  {"SessionId", epoch < 1 ? 0 : known.session_id},
                  {"SessionEpoch", epoch},
                  {"Topics", named % 2 == 0 ? Array{topic} : Array()},
                  {"ForgottenTopicsData", named > 1 ? Array{forgotten} : Array()}};
  }
  if (api_key == 2) {  // ListOffsets
    const Object data{{"PartitionIndex", partition},
                      {"Timestamp", static_cast<std::int64_t>(input.Number(2)) - 3}};
    const Object topic{{"Name", "t"}, {"Partitions", Array{data}}};
    return Object{{"ReplicaId", -1}, {"Topics", Array{topic}}};
  }
  return nullptr;
}

std::string TakeBody(fuzz::Input& input, const ApiRow& row, std::int16_t version,
                     std::uint8_t how, const Known& known) {
  const bool flexible = row.IsFlexible(version);
  if (how % 4 == 3 || version > row.max_version) return std::string(input.Take(input.Byte()));
  if (how % 4 == 1) {
    const boost::json::value fields = AboutTopic(row.key, known, input);
    if (!fields.is_null()) {
      const auto encoded = row.request.encode(fields, version, flexible);
      FUZZ_CHECK(encoded.ok());
      return *encoded;
    }
  }
  wire::RandomFiller::Random random(input.Number(2));
  std::string body = row.request.random(random, version, flexible);
  if (how % 4 == 2 && !body.empty()) {
    body[input.Number(2) % body.size()] = static_cast<char>(input.Byte());
  }
  return body;
}

void AppendRequest(fuzz::Input& input, const Known& known, Stream& stream) {
  const auto table = ApiTable();
  const ApiRow& row = *table[input.Below(table.size())];
  const int versions = row.max_version - row.min_version + 1;
  // One in nine asks for a version that there is not.
  const auto version = static_cast<std::int16_t>(
      row.min_version + static_cast<int>(input.Below(static_cast<std::size_t>(versions) + 1)));
  const bool flexible = row.IsFlexible(version);
  const std::uint8_t how = input.Byte();

  const std::string body = TakeBody(input, row, version, how, known);
  std::string frame;
  wire::Writer writer(frame);
  const auto correlation_id = static_cast<std::int32_t>(stream.asked.size() + 1);
  writer.Int(row.key);
  writer.Int(version);
  writer.Int(correlation_id);
  writer.Int<std::int16_t>(-1);  // no client id
  if (flexible) writer.Uvarint(0);
  writer.Bytes(body);
  const std::int32_t lie = (how & 0xf0) == 0xf0 ? static_cast<std::int8_t>(input.Byte()) : 0;
  wire::Writer(stream.bytes).Int(static_cast<std::int32_t>(frame.size()) + lie);
  if ((how & 0x08) != 0) stream.cuts.push_back(stream.bytes.size() + input.Byte());
  stream.bytes.append(frame);
  stream.asked.push_back({&row, version, correlation_id});
}

// A new cluster with one topic.
// Threads: the fuzzer's, which waits for the shard where it has to. Owned by one run.
class Server {
 public:
  explicit Server(fuzz::ShardLoop& loop) : loop_(loop) {
    commits_.Start();
    loop_.On([this] {
      cluster_ = Cluster::Open({"default"}, {},
                               {store_, commits_, reader_, budget_, tails_, loop_.shard(), nullptr})
                     .value();
      const auto topic = cluster_->topics().Create("t", 2, {}, [](const absl::Status&) {});
      FUZZ_CHECK(topic.ok());
      const std::array<std::uint8_t, 16>& id = (*topic)->id.bytes;
      known_.topic_id = wire::ToHex({reinterpret_cast<const char*>(id.data()), id.size()});
      const auto list = std::make_shared<FetchList>(cluster_->topics(), false);
      FetchedPartition fetched;
      fetched.topic = std::make_shared<const NamedTopic>(NamedTopic{"t", {}});
      list->Put(fetched);
      list->Watch();
      known_.session_id = cluster_->fetch_sessions().Add(list);
    });
  }
  ~Server() {
    loop_.CloseAll();
    reader_.Stop();
    commits_.Stop();
    loop_.Settle();
    loop_.On([this] { cluster_.reset(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const Known& known() const { return known_; }

  // The client's end of a new connection.
  int Connect() {
    return loop_.Connect([this](net::Connection& connection) {
      return std::make_unique<Session>(*cluster_, connection);
    });
  }

 private:
  fuzz::ShardLoop& loop_;
  storage::MemoryLogStore store_;
  core::CommitQueue commits_{store_, core::SyncPolicy::kCommit, loop_.shard()};
  core::BackgroundThread reader_;
  core::MemoryBudget budget_{store_, 0};
  core::TailCache tails_;
  std::unique_ptr<Cluster> cluster_;
  Known known_;
};

// `asked` is what was sent before any size lied; behind a lie only the order can be checked.
void CheckAnswers(std::string_view answers, const Stream& stream) {
  std::size_t next = 0;
  wire::Reader reader(answers);
  while (!reader.rest().empty()) {
    const auto size = reader.Int<std::int32_t>();
    FUZZ_CHECK(reader.ok() && size >= 4);
    wire::Reader frame(reader.Take(static_cast<std::size_t>(size)));
    if (!reader.ok()) return;  // closed while it was sent
    const auto correlation_id = frame.Int<std::int32_t>();
    while (next < stream.asked.size() && stream.asked[next].correlation_id != correlation_id) {
      ++next;  // answered by nothing: a Produce without acks
    }
    if (next == stream.asked.size()) FUZZ_CHECK(false);
    const Asked& asked = stream.asked[next++];
    const bool known = asked.version <= asked.row->max_version;
    const std::int16_t version = known ? asked.version : std::int16_t{0};
    const bool flexible = known && asked.row->IsFlexible(version);
    if (flexible && !asked.row->old_response_header) FUZZ_CHECK(frame.Int<std::uint8_t>() == 0);
    FUZZ_CHECK(asked.row->response.decode(frame.rest(), version, flexible).ok());
  }
}

}  // namespace
}  // namespace wherry::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::kafka;  // NOLINT
  wherry::fuzz::Input input(data, size);
  static wherry::fuzz::ShardLoop& loop = *new wherry::fuzz::ShardLoop;
  Server server(loop);
  Stream stream;
  while (!input.empty() && stream.asked.size() < kMaxRequests && stream.bytes.size() < kMaxStream) {
    AppendRequest(input, server.known(), stream);
  }
  const int fd = server.Connect();
  std::size_t from = 0;
  for (const std::size_t cut : stream.cuts) {
    if (cut <= from || cut >= stream.bytes.size()) continue;
    wherry::fuzz::SendAll(fd, std::string_view(stream.bytes).substr(from, cut - from));
    loop.Settle();
    from = cut;
  }
  wherry::fuzz::SendAll(fd, std::string_view(stream.bytes).substr(from));
  ::shutdown(fd, SHUT_WR);
  const std::string answers = wherry::fuzz::ReceiveAll(fd);
  ::close(fd);
  CheckAnswers(answers, stream);
  return 0;
}
