#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wherry/export.h"

// What a test can look at: plain values, copied out of the broker at one moment. They own what they
// hold, may be kept and compared on any thread, and print themselves.
namespace wherry {

// One NATS subscription, of a client or inside the process.
struct NatsSubscriptionInfo {
  std::string subject;
  std::string queue;  // empty: none
  std::string sid;    // the client's own number for it; "0" inside the process
  // The connection, as INFO numbers it (natsConnection_GetClientID); 0: inside the process.
  std::uint64_t connection = 0;
  std::string client;  // the connection's name; "" where CONNECT gave none, or inside the process
  std::string user;    // who it presented itself as; "" without credentials
  std::uint64_t delivered = 0;  // messages it was sent
  std::uint64_t max = 0;        // ends when it was sent that many; 0: no such end

  friend bool operator==(const NatsSubscriptionInfo&, const NatsSubscriptionInfo&) = default;
};

// One open connection of a client.
struct ConnectionInfo {
  std::string protocol;  // "nats" or "kafka"
  // Numbers of their own for each protocol: NATS' is what INFO calls client_id.
  std::uint64_t id = 0;
  std::string remote;   // "127.0.0.1:41234"
  std::string client;   // NATS: the name in CONNECT; Kafka: client.id of its latest request
  std::string library;  // what it is built with, by its own word: "C 3.8.0", "librdkafka 2.3.0"
  std::string user;     // who it presented itself as; "" without credentials
  std::chrono::system_clock::time_point since;  // by the broker's clock
  std::uint64_t in_bytes = 0;   // NATS: of payloads; Kafka: of requests
  std::uint64_t out_bytes = 0;  // NATS: of payloads; Kafka: of responses
  std::uint64_t requests = 0;   // NATS: messages that it published; Kafka: requests
  std::size_t subscriptions = 0;  // NATS
};

// One member of a Kafka consumer group.
struct GroupMemberInfo {
  std::string id;
  std::optional<std::string> instance_id;  // static membership (KIP-345)
  std::string client_id;
  std::string host;
  // Topic -> partitions, in order. Of a classic group: empty unless it is stable, or where the
  // members do not speak the "consumer" protocol.
  std::map<std::string, std::vector<std::int32_t>> assignment;
};

// One Kafka consumer group.
struct GroupInfo {
  std::string group;
  // "classic": its members' leader assigns; "consumer": the broker does (KIP-848).
  std::string kind;
  // "Empty", "Stable", and between them "PreparingRebalance", "CompletingRebalance" of a classic
  // one, "Assigning", "Reconciling" of a consumer one.
  std::string state;
  std::int32_t generation = 0;  // the group epoch of a consumer one
  std::string protocol_type;    // "consumer"; empty where nobody ever joined
  std::string protocol;         // "range"; empty unless the group is stable
  std::vector<GroupMemberInfo> members;
  // What it committed: the next offset to read, by topic and partition.
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> offsets;
};

// A partition's bounds: records in [start_offset, high_watermark) may be read.
struct KafkaBounds {
  std::int64_t start_offset = 0;
  std::int64_t high_watermark = 0;
};

// Who leads a partition.
struct KafkaLeader {
  std::int32_t node = -1;  // -1: nobody, since all nodes that have it have stopped
  std::int32_t epoch = 0;
  bool operator==(const KafkaLeader&) const = default;
};

// One Kafka topic.
struct TopicInfo {
  std::string topic;
  std::string id;  // as Kafka's tools write it: 22 characters of base64
  std::vector<KafkaBounds> partitions;
  std::vector<KafkaLeader> leaders;  // by partition
  // What its creator set; the rest has Kafka's defaults.
  std::map<std::string, std::string> configs;
};

// Which of their metrics Kafka clients are asked to push (KIP-714): what the configurations of a
// CLIENT_METRICS resource say.
struct TelemetrySubscription {
  // Beginnings of the metrics' names; "*": all, none: no metrics.
  std::vector<std::string> metrics = {"*"};
  // How often, 100 ms to 1 h.
  std::chrono::milliseconds interval{std::chrono::minutes(5)};
  // Which clients, as "client_software_name=librdkafka.*": all of these must match; none: every
  // client. By client_instance_id, client_id, client_software_name, client_software_version,
  // client_source_address or client_source_port; the pattern is a regular expression of RE2.
  std::vector<std::string> match;
};

// A Kafka client that was asked for its metrics, and what it pushed (KIP-714).
struct ClientTelemetry {
  std::string client_instance_id;        // 22 characters of base64
  std::string client;                    // its client.id
  std::string library;                   // "librdkafka 2.3.0"
  std::chrono::milliseconds interval{0};  // how often it is to push
  std::vector<std::string> wanted;       // beginnings of the names it is to push; "*" alone: all
  std::uint64_t pushes = 0;              // that were taken
  bool terminating = false;              // it has said that nothing more will come
  std::chrono::system_clock::time_point pushed;  // by the broker's clock; 1970: never
  std::vector<std::string> metrics;      // what the last push has: names, in alphabetical order
  // The last push as it came, decompressed: protobuf, MetricsData of OpenTelemetry. Empty if there
  // was none, or if many others took its place (16 MiB are kept of all).
  std::string payload;
};

// One partition that a Kafka request names, with the numbers that go with it.
struct RequestPlace {
  std::string topic;
  std::int32_t partition = -1;
  // Fetch: from where; OffsetCommit: what; ListOffsets: the timestamp (-1 end, -2 begin); else -1.
  std::int64_t asked = -1;
  // Produce: the first record's offset; Fetch: behind the last record sent; ListOffsets,
  // OffsetFetch: what was found; -1: nothing, or not yet.
  std::int64_t answered = -1;
};

// One operation that a client asked for, and what became of it. What its protocol does not have is
// empty.
struct RequestInfo {
  std::uint64_t sequence = 0;                  // counts the namespace's operations, from 1 on
  std::chrono::system_clock::time_point time;  // by the broker's clock, to the millisecond
  // "kafka.Produce" and so on by the name of the API; "nats.PUB" (also for HPUB), "nats.SUB",
  // "nats.UNSUB", "nats.CONNECT".
  std::string operation;
  std::uint64_t connection = 0;  // as ConnectionInfo::id; 0: inside the process
  std::string client;            // as ConnectionInfo::client
  // Kafka.
  std::int16_t version = -1;
  std::int32_t correlation_id = -1;
  std::vector<std::string> topics;
  std::vector<std::string> groups;
  std::vector<RequestPlace> places;
  // NATS.
  std::string subject;
  std::string reply;
  std::string queue;
  std::string sid;
  std::string payload;          // the first KiB of the message, without its headers
  std::int64_t receivers = -1;  // subscriptions that a message went to; -1: it is no message

  std::uint64_t bytes = 0;  // of the message with its headers, or of the whole request
  bool answered = false;    // a response was sent, or none is due; false: it waits
  // "NOT_LEADER_OR_FOLLOWER", the text of -ERR, "503 no responders"; the first where a response has
  // several; empty: none.
  std::string error;

  // "#12 kafka.Fetch v11 orders[0]@5 by \"billing\" (connection 3)": one line for people.
  WHERRY_EXPORT std::string ToString() const;
};

// Which operations are wanted: those that fulfil everything that is set.
struct RequestFilter {
  std::string operation;  // "kafka.Produce", or the beginning with a star: "kafka.*"
  std::string topic;
  std::string group;
  std::string subject;  // a pattern may hold * and a last >; SUBs count by their own subject
  std::string client;
  std::optional<std::uint64_t> connection;
  std::optional<bool> failed;

  // Whether it fulfils everything.
  WHERRY_EXPORT bool Matches(const RequestInfo& request) const;
};

// Who gets a message on one NATS subject, who does not, and why.
struct RouteExplanation {
  // What a subscription has to do with the subject.
  enum class Verdict {
    kReceives,          // gets every message
    kOneOfQueue,        // its queue group gets every message, and one member of it each
    kPermissionDenied,  // matches, but its user may not receive this subject
    kNearMiss,          // does not match, but nearly
  };
  // One subscription, the verdict, and the reason in words.
  struct Subscription {
    NatsSubscriptionInfo subscription;
    Verdict verdict = Verdict::kReceives;
    std::string why;
  };

  std::string subject;
  std::vector<Subscription> receivers;      // kReceives, then kOneOfQueue by queue
  std::vector<Subscription> non_receivers;  // kPermissionDenied, then the 10 nearest misses
  std::size_t subscriptions = 0;            // of the whole namespace
  std::size_t deliveries = 0;  // of one message: the plain subscriptions, and one for each queue
  // Messages on this subject that reached nobody, as far back as the history goes.
  std::vector<RequestInfo> unheard;

  // For people: several lines.
  WHERRY_EXPORT std::string ToString() const;
};

// As GoogleTest prints them.
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const NatsSubscriptionInfo& subscription);
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const ConnectionInfo& connection);
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const GroupInfo& group);
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const TopicInfo& topic);
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const ClientTelemetry& client);
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const RequestInfo& request);
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const RouteExplanation& explanation);

}  // namespace wherry
