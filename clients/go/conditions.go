package wherry

import (
	"strconv"
	"strings"
	"time"
)

// Condition is what a test waits for.
type Condition string

func condition(kind string, words ...string) Condition {
	text := []string{kind}
	for _, word := range words {
		text = append(text, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word)+`"`)
	}
	return Condition(strings.Join(text, " "))
}

// Subscribed: a NATS message on subject would reach count subscriptions at least. With wildcards in
// it: subscriptions to exactly that.
func Subscribed(subject string, count int) Condition {
	return condition("nats.subscribed", subject, strconv.Itoa(count))
}

// Unsubscribed: a NATS message on subject would reach nobody.
func Unsubscribed(subject string) Condition { return condition("nats.unsubscribed", subject) }

// GroupStable: the Kafka group has so many members at least, and each knows its partitions.
func GroupStable(group string, members int) Condition {
	return condition("kafka.group.stable", group, strconv.Itoa(members))
}

// GroupEmpty: the Kafka group has no member.
func GroupEmpty(group string) Condition { return condition("kafka.group.empty", group) }

// Consumed: something was written to the Kafka topic, and the group has committed the end of every
// partition.
func Consumed(topic, group string) Condition { return condition("kafka.consumed", topic, group) }

// RecordCount: the Kafka topic holds count committed records at least.
func RecordCount(topic string, count int) Condition {
	return condition("kafka.records", topic, strconv.Itoa(count))
}

// OpenConnections: exactly count connections of "nats" or "kafka".
func OpenConnections(protocol string, count int) Condition {
	return condition("connections", protocol, strconv.Itoa(count))
}

// Await waits until the condition holds, in real time and without polling. The test ends after the
// limit, and says what was seen instead.
func (b *Broker) Await(wanted Condition, limit time.Duration) {
	b.t.Helper()
	b.must("await", map[string]any{"condition": wanted, "limit_ms": milliseconds(limit)}, nil)
}

// AwaitIdle waits until all is delivered, acknowledged and committed. The test ends after the
// limit, and lists what is pending.
func (b *Broker) AwaitIdle(limit time.Duration) {
	b.t.Helper()
	b.must("await.idle", map[string]any{"limit_ms": milliseconds(limit)}, nil)
}
