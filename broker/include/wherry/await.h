#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wherry/export.h"
#include "wherry/status.h"

namespace wherry {

// What a test waits for, instead of sleeping: a plain value, made by the functions below or read
// from text (ParseCondition), and given to Broker::Await.
struct WHERRY_EXPORT Condition {
  std::string kind;        // the first word of its text: "kafka.group.stable"
  std::string name;        // of the subject, topic, group or protocol that it is about
  std::string group;       // of kafka.consumed
  std::int64_t count = 0;  // of kinds that count

  // For people: "group \"g\" to be stable with 2 members".
  std::string ToString() const;
};

// NATS: at least `count` subscriptions that a message on `subject` would reach (all members of a
// queue group count). With wildcards in `subject`: subscriptions to exactly that.
WHERRY_EXPORT Condition Subscribed(std::string_view subject, int count = 1);
// No subscription that a message on `subject` would reach, or to exactly that pattern.
WHERRY_EXPORT Condition Unsubscribed(std::string_view subject);
// Kafka: the group has at least `members` members and no rebalance under way, and every member has
// been told its partitions. A member that begins at the end of a partition may still be asking
// where that is; one that begins at the beginning misses nothing.
WHERRY_EXPORT Condition GroupStable(std::string_view group, int members = 1);
// The group has no member, or does not exist.
WHERRY_EXPORT Condition GroupEmpty(std::string_view group);
// Something was written to the topic, and the group has committed the end of every partition.
WHERRY_EXPORT Condition Consumed(std::string_view topic, std::string_view group);
// The topic's partitions hold at least `count` committed records together.
WHERRY_EXPORT Condition RecordCount(std::string_view topic, std::int64_t count);
// Exactly `count` connections of a protocol: "nats" (those that may use the namespace's subjects)
// or "kafka".
WHERRY_EXPORT Condition Connections(std::string_view protocol, int count);

// The same from text, for those who have no C++: a kind and its words, of which one with blanks or
// quotes stands in double quotes (\" and \\ inside); numbers may be left out where the functions
// above have a default:
//
//   nats.subscribed SUBJECT [COUNT]      kafka.group.stable GROUP [MEMBERS]
//   nats.unsubscribed SUBJECT            kafka.group.empty GROUP
//   connections PROTOCOL COUNT           kafka.consumed TOPIC GROUP
//                                        kafka.records TOPIC COUNT
//
// kInvalidArgument: the text is none of these; the message says why. Threads: any.
WHERRY_EXPORT StatusOr<Condition> ParseCondition(std::string_view text);

}  // namespace wherry
