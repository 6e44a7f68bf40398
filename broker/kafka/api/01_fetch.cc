// Fetch: reads batches from several partitions, waiting for more where there is too little.
//
// Versions 4-18. v4 brought isolation levels, v5 the log start offset, v7 incremental sessions
// (KIP-227), v9 leader epochs (KIP-320), v11 racks (KIP-392), v12 flexible fields and divergence,
// v13 topic ids instead of names (KIP-516), v16 the way to a new leader (KIP-951). v15, v17 and v18
// changed what followers say of themselves; v14 nothing that one node sees.
// A session (fetch_sessions.h) knows what was asked for and told before; an incremental fetch tells
// only of partitions with records, with an error, or whose offsets have moved. Faults and the
// request log find in one the topics that its session knows, too.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/fetch_list.h"
#include "broker/kafka/fetch_messages.h"
#include "broker/kafka/fetch_sessions.h"
#include "broker/kafka/security/admission.h"
#include "broker/runtime/timers.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

using fetch::FetchableTopicResponse;
using fetch::FetchPartition;
using fetch::FetchTopic;
using fetch::ForgottenTopic;
using fetch::NodeEndpoint;
using fetch::PartitionData;
using fetch::Request;
using fetch::Response;

// As Kafka's fetch.max.bytes; a client may ask for less.
constexpr std::int64_t kMaxResponseBytes = 55 * 1024 * 1024;
// A client that asks to wait longer hears from us after this, and asks again.
constexpr std::chrono::minutes kMaxWait{5};
constexpr std::int16_t kTopicIdsSince = 13;
constexpr std::int16_t kRacksSince = 11;
constexpr std::int16_t kLeaderToldSince = 16;

// What of a request an operation needs until it is answered.
struct Wish {
  std::int32_t max_wait_ms = 0;
  std::uint64_t min_bytes = 0;
  std::int64_t max_bytes = 0;
  bool incremental = false;  // only what has changed is told
  // What a client is told of where a partition is not read here; none before version 16.
  std::vector<NodeAddress> nodes;
};

// One request, from its arrival to its answer: first it waits until min_bytes are there, an error
// is, or the time is up; then it reads partition by partition.
// Threads: the home shard. Owned by what it waits for (its timer, a read under way) and by the one
// who answers, until it is answered or abandoned.
class FetchOperation : public std::enable_shared_from_this<FetchOperation> {
 public:
  // `parts`: all that is to be told of; an incremental one takes its list's queue.
  FetchOperation(Cluster& cluster, Wish wish, std::shared_ptr<FetchList> list,
                 std::vector<FetchList::Part> parts, std::int32_t session_id,
                 Reply<Response> reply)
      : cluster_(cluster),
        wish_(std::move(wish)),
        list_(std::move(list)),
        parts_(std::move(parts)),
        reply_(std::move(reply)),
        timer_(cluster.home().timers(), runtime::TimerKind::kPatience, "fetch"),
        bytes_left_(std::min(wish.max_bytes, kMaxResponseBytes)) {
    response_.session_id = session_id;
  }

  void Begin() {
    if (wish_.max_wait_ms <= 0 || list_->Satisfies(wish_.min_bytes)) return Collect();
    const auto wait =
        std::min<runtime::Duration>(std::chrono::milliseconds(wish_.max_wait_ms), kMaxWait);
    timer_.Arm(wait, [self = shared_from_this()] { self->Collect(); });
    reply_.OnAbandoned([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->StopWaiting();
    });
    waiting_ = true;
    list_->Await(this, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr || !self->waiting_) return;
      if (self->list_->Satisfies(self->wish_.min_bytes)) self->Collect();
    });
  }

 private:
  void StopWaiting() {
    // The timer's callback may be what holds us.
    const auto alive = shared_from_this();
    // Another request of the session may wait by now.
    if (std::exchange(waiting_, false)) list_->StopAwaiting(this);
    if (response_.session_id == 0) list_->StopWatching();
    timer_.Cancel();
  }

  void Collect() {
    const auto alive = shared_from_this();
    StopWaiting();
    std::vector<FetchList::Part> queue = list_->TakeQueue();
    if (wish_.incremental) parts_ = std::move(queue);
    Continue();
  }

  void Continue() {
    const auto alive = shared_from_this();
    for (; next_ < parts_.size(); ++next_) {
      if (!CollectOne()) return;
    }
    // Those whose turn did not come have it first next time.
    for (const FetchList::Part& part : read_) list_->Settle(part, true);
    reply_.Send(response_);
  }

  // False: the batches come later, from disk.
  bool CollectOne() {
    const FetchedPartition& asked = *parts_[next_];
    const FetchList::Finding found = list_->Find(asked);
    current_ = PartitionData();
    current_.partition_index = asked.index;
    current_.error_code = found.error;
    // Of a topic that is not there, Kafka tells no transactions; where another error is, nothing.
    if (found.partition == nullptr) current_.aborted_transactions.emplace();
    if (found.error == ErrorCode::kNone) {
      current_.high_watermark = found.partition->high_watermark();
      current_.last_stable_offset = found.partition->last_stable_offset();
      current_.log_start_offset = found.partition->start_offset();
    }
    if (found.diverges()) {
      current_.diverging_epoch = {found.divergence.epoch, found.divergence.offset};
    }
    // The first batch is returned whatever its size, or its reader would stand still (KIP-74).
    full_ = has_records_ && bytes_left_ <= 0;
    current_.preferred_read_replica = found.preferred_replica;
    if (found.error == ErrorCode::kNotLeaderOrFollower) TellLeader(asked);
    if (found.error != ErrorCode::kNone || found.diverges() || found.preferred_replica >= 0 ||
        full_) {
      return Told();
    }
    const std::int64_t limit = std::min<std::int64_t>(asked.max_bytes, bytes_left_);
    const storage::ReadLimits limits{static_cast<std::size_t>(std::max<std::int64_t>(limit, 0)),
                                     list_->EndOf(*found.partition)};
    if (list_->stable_only()) current_.aborted_transactions.emplace();
    if (auto now = found.partition->ReadNow(asked.fetch_offset, limits); now.has_value()) {
      Take(*std::move(now));
      return Told();
    }
    found.partition->Read(asked.fetch_offset, limits,
                          [self = shared_from_this()](core::Partition::ReadResult read) {
                            self->Take(std::move(read));
                            self->Told();
                            ++self->next_;
                            self->Continue();
                          });
    return false;
  }

  // Whom there is to ask instead, if the client takes that from here.
  void TellLeader(const FetchedPartition& part) {
    const Topic* const topic = cluster_.topics().Find(part.topic->id, part.topic->name);
    const std::int32_t leader = cluster_.nodes().LeaderOf(*topic, part.index);
    for (const NodeAddress& node : wish_.nodes) {
      if (node.id != leader) continue;
      current_.current_leader = {leader, topic->LeaderEpochOf(part.index)};
      NodeEndpoint endpoint{leader, node.host, node.port, cluster_.nodes().RackOf(leader)};
      std::vector<NodeEndpoint>& told = response_.node_endpoints;
      if (std::find(told.begin(), told.end(), endpoint) == told.end()) told.push_back(endpoint);
    }
  }

  void Take(core::Partition::ReadResult read) {
    if (!read.ok()) {
      current_.error_code = absl::IsOutOfRange(read.status()) ? ErrorCode::kOffsetOutOfRange
                            : absl::IsNotFound(read.status())
                                ? ErrorCode::kUnknownTopicOrPartition
                                : ErrorCode::kKafkaStorageError;
      current_.high_watermark = current_.last_stable_offset = current_.log_start_offset = -1;
      if (current_.error_code == ErrorCode::kKafkaStorageError) {
        const FetchedPartition& part = *parts_[next_];
        const Topic* const topic = cluster_.topics().Find(part.topic->id, part.topic->name);
        cluster_.Log(absl::StrCat("reading partition ", part.index, " of topic '",
                                  topic == nullptr ? "" : topic->name, "' from offset ",
                                  part.fetch_offset,
                                  " failed: ", std::string(read.status().message())));
      }
      return;
    }
    std::int64_t end = -1;
    for (storage::Batch& batch : *read) {
      const auto size = static_cast<std::int64_t>(batch.bytes->size());
      // A read returns one batch at least, which only the first partition with any may send in
      // spite of the limit.
      full_ = has_records_ && size > bytes_left_;
      if (full_) break;
      has_records_ = true;
      bytes_left_ -= size;
      end = batch.last_offset + 1;
      current_.records.batches.push_back(std::move(batch.bytes));
    }
    if (current_.aborted_transactions.has_value()) ListAborted(end);
  }

  // What a reader of committed records is to leave out of those it is sent, which end at `end`.
  void ListAborted(std::int64_t end) {
    const FetchedPartition& asked = *parts_[next_];
    const core::Partition* const partition = list_->Find(asked).partition;
    if (partition == nullptr) return;
    for (const core::AbortedTransaction& aborted : partition->Aborted(asked.fetch_offset, end)) {
      current_.aborted_transactions->push_back({aborted.producer_id, aborted.first_offset});
    }
  }

  // The partition's part is done. True, for CollectOne.
  bool Told() {
    FetchedPartition& part = *parts_[next_];
    const bool has_records = !current_.records.batches.empty();
    const bool failed = current_.error_code != ErrorCode::kNone;
    const bool changed = part.high_watermark != current_.high_watermark ||
                         part.last_stable_offset != current_.last_stable_offset ||
                         part.log_start_offset != current_.log_start_offset;
    const bool diverges = current_.diverging_epoch != fetch::EpochEndOffset() ||
                          current_.preferred_read_replica >= 0;
    // When the error is over, that is something new.
    part.high_watermark = failed ? -1 : current_.high_watermark;
    part.last_stable_offset = current_.last_stable_offset;
    part.log_start_offset = current_.log_start_offset;
    if (has_records) {
      read_.push_back(parts_[next_]);
    } else {
      list_->Settle(parts_[next_], failed || diverges || full_);
    }
    if (wish_.incremental && !has_records && !failed && !changed && !diverges) return true;
    std::vector<FetchableTopicResponse>& topics = response_.responses;
    if (topics.empty() || topics.back().topic_id != part.topic->id ||
        topics.back().topic != part.topic->name) {
      topics.push_back({part.topic->name, part.topic->id, {}});
    }
    topics.back().partitions.push_back(std::move(current_));
    return true;
  }

  Cluster& cluster_;
  const Wish wish_;
  const std::shared_ptr<FetchList> list_;
  std::vector<FetchList::Part> parts_;
  std::size_t next_ = 0;  // of them, to be read
  PartitionData current_;
  std::vector<FetchList::Part> read_;  // with records in the answer
  Reply<Response> reply_;
  Response response_;
  runtime::Timer timer_;
  bool waiting_ = false;
  std::int64_t bytes_left_;
  bool has_records_ = false;
  bool full_ = false;  // no more of the partition fits
};

// What is asked for, in the order of the request.
std::vector<FetchList::Part> PutAll(const Request& request, FetchList& list) {
  std::vector<FetchList::Part> parts;
  for (const FetchTopic& topic : request.topics) {
    FetchedPartition asked;
    asked.topic = std::make_shared<const NamedTopic>(NamedTopic{topic.topic, topic.topic_id});
    for (const FetchPartition& partition : topic.partitions) {
      asked.index = partition.partition;
      asked.current_leader_epoch = partition.current_leader_epoch;
      asked.fetch_offset = partition.fetch_offset;
      asked.last_fetched_epoch = partition.last_fetched_epoch;
      asked.max_bytes = partition.partition_max_bytes;
      parts.push_back(list.Put(asked));
    }
  }
  return parts;
}

std::size_t PartitionsOf(const Request& request) {
  std::size_t partitions = 0;
  for (const FetchTopic& topic : request.topics) partitions += topic.partitions.size();
  return partitions;
}

// A name that no topic has is not kept: it may be long.
bool MayBeKept(const Request& request) {
  return std::all_of(request.topics.begin(), request.topics.end(), [](const FetchTopic& topic) {
    return topic.topic.size() <= TopicCatalog::kMaxNameSize;
  });
}

Wish WishOf(const Call& call, const Request& request) {
  Wish wish = {request.max_wait_ms, static_cast<std::uint64_t>(std::max(request.min_bytes, 0)),
          request.max_bytes};
  const Nodes& nodes = call.cluster.nodes();
  if (nodes.several() && call.version >= kLeaderToldSince) wish.nodes = nodes.AddressesFor(call);
  return wish;
}

// From version 11 on a consumer says where it stands, and may read from any replica.
FetchList::Reader ReaderOf(const Call& call, const Request& request) {
  return {call.node.id, call.version >= kRacksSince, request.rack_id};
}

constexpr std::int32_t kNewSession = 0, kNoSession = -1;  // epochs

// Everything is asked for and told; a session may begin with it.
void FetchAll(const Call& call, const Request& request, Reply<Response> reply) {
  FetchSessions& sessions = call.cluster.fetch_sessions();
  sessions.Remove(request.session_id);
  const auto list =
      std::make_shared<FetchList>(call.cluster.topics(), call.version >= kTopicIdsSince);
  list->set_stable_only(request.isolation_level != 0);
  list->set_reader(call.cluster.nodes(), ReaderOf(call, request));
  list->set_may_read(MayReadTopics(call));
  std::vector<FetchList::Part> parts = PutAll(request, *list);
  std::int32_t id = 0;
  if (request.session_epoch == kNewSession && MayBeKept(request)) id = sessions.Add(list);
  if (id != 0) list->Watch();
  std::make_shared<FetchOperation>(call.cluster, WishOf(call, request), list, std::move(parts), id,
                                   std::move(reply))
      ->Begin();
}

// What the session knows is asked for, with what the request changes in it.
void FetchChanges(const Call& call, const Request& request, Reply<Response> reply) {
  FetchSessions& sessions = call.cluster.fetch_sessions();
  FetchSession* const session = sessions.Find(request.session_id);
  const bool by_id = call.version >= kTopicIdsSince;
  Response refusal;
  if (session == nullptr || !sessions.HasRoom(PartitionsOf(request)) || !MayBeKept(request)) {
    sessions.Remove(request.session_id);
    refusal.error_code = ErrorCode::kFetchSessionIdNotFound;
  } else if (session->epoch != request.session_epoch) {
    refusal.error_code = ErrorCode::kInvalidFetchSessionEpoch;
  } else if (session->list->by_id() != by_id) {
    refusal.error_code = ErrorCode::kFetchSessionTopicIdError;
  }
  if (refusal.error_code != ErrorCode::kNone) return reply.Send(refusal);

  const std::shared_ptr<FetchList> list = session->list;
  list->set_stable_only(request.isolation_level != 0);
  list->set_reader(call.cluster.nodes(), ReaderOf(call, request));
  list->set_may_read(MayReadTopics(call));
  PutAll(request, *list);
  for (const ForgottenTopic& topic : request.forgotten_topics_data) {
    const NamedTopic named{topic.topic, topic.topic_id};
    for (const std::int32_t partition : topic.partitions) list->Forget(named, partition);
  }
  if (list->size() == 0) {
    sessions.Remove(request.session_id);
    return reply.Send(Response());
  }
  // They wrap to 1: 0 begins a session.
  session->epoch = session->epoch == INT32_MAX ? 1 : session->epoch + 1;
  sessions.Touch(*session);
  Wish wish = WishOf(call, request);
  wish.incremental = true;
  std::make_shared<FetchOperation>(call.cluster, wish, list, std::vector<FetchList::Part>(),
                                   request.session_id, std::move(reply))
      ->Begin();
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const bool all = request.session_epoch == kNewSession || request.session_epoch == kNoSession;
  if (all) return FetchAll(call, request, std::move(reply));
  FetchChanges(call, request, std::move(reply));
}

// A fetch of a session is about all topics that the session knows.
void FindUnnamed(const Call& call, std::string_view body, bool flexible,
                 RequestSubjects& subjects) {
  Request request;
  if (!wire::Decoder(body, call.version, flexible).Decode(request)) return;
  const FetchSession* const session = call.cluster.fetch_sessions().Find(request.session_id);
  if (session == nullptr || request.session_epoch != session->epoch) return;
  for (const std::string& topic : session->list->Topics()) {
    if (!subjects.HasTopic(topic)) subjects.topics.push_back(topic);
  }
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const FetchTopic& topic : request.topics) {
    FetchableTopicResponse& answered = response.responses.emplace_back();
    answered.topic = topic.topic;
    answered.topic_id = topic.topic_id;
    for (const FetchPartition& asked : topic.partitions) {
      PartitionData& part = answered.partitions.emplace_back();
      part.partition_index = asked.partition;
      part.error_code = error;
    }
  }
  // A fetch of what its session knows may name nobody who could have the error.
  if (response.responses.empty()) response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_01_fetch =
    MakeRow<Request, Response, Handle, Refuse>({.key = 1,
                                                .name = "Fetch",
                                                .min_version = 4,
                                                .max_version = 18,
                                                .flexible_since = 12,
                                                .find_unnamed = FindUnnamed});

}  // namespace wherry::kafka
