// Package wherry gives a test a broker that NATS and Kafka clients take for the real thing.
//
//	func TestOrders(t *testing.T) {
//		b := wherry.Run(t)
//		connection, err := nats.Connect(b.NATSURL())
//		...
//	}
//
// The broker is a wherry server (the program in WHERRY_SERVER, else "wherry" in PATH), which ends
// with the test process, even one that is killed. The tests of a process share it, each with a
// namespace of its own: topics, groups and subjects, and ports, that no other test sees.
package wherry

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An Option says how the broker of a test is to run; a test that gives one has a server of its own.
type Option func(*settings)

type settings struct {
	flags []string
}

// Flags gives the server flags of its command line (wherry --help).
func Flags(flags ...string) Option {
	return func(s *settings) { s.flags = append(s.flags, flags...) }
}

// Own gives the test a server of its own.
func Own() Option { return Flags() }

// Broker is what a test has of a broker: its addresses and its verbs. A verb that fails ends the
// test, as t.Fatal does, and so is for the test's own goroutine; Call returns the error instead,
// from any goroutine.
type Broker struct {
	t       testing.TB
	control control
	urls    map[string][]string
	allowed []string
	unlint  bool
	own     bool // the whole server
}

// Run gives the test t a broker, which ends with it: a namespace of the server that all tests
// share, or with options a server of its own. Safe in parallel tests.
//
// At its end it looks at what the test left, and fails it for messages that nobody received, reads
// that were not committed, and connections that are open: close clients with t.Cleanup or defer.
// AllowLint lets a test do this.
func Run(t testing.TB, options ...Option) *Broker {
	t.Helper()
	if len(options) == 0 {
		return runNamespace(t)
	}
	var s settings
	for _, option := range options {
		option(&s)
	}
	server, err := startServer(s.flags)
	if err != nil {
		t.Fatalf("wherry: %v", err)
	}
	t.Cleanup(func() {
		if err := server.stop(); err != nil {
			t.Errorf("wherry: the server ended badly: %v", err)
		}
	})
	b := newBroker(t, server.urls, control{url: server.urls["http"][0]})
	b.own = true
	t.Cleanup(b.lint)
	return b
}

// The server that tests share ends with the process.
var shared = sync.OnceValues(func() (*server, error) { return startServer(nil) })

var lastNamespace atomic.Int64

func runNamespace(t testing.TB) *Broker {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("wherry: %v", err)
	}
	calls := control{url: server.urls["http"][0]}
	all := newBroker(t, server.urls, calls)
	name := fmt.Sprintf("%s#%d", t.Name(), lastNamespace.Add(1))
	var made struct{ URLs map[string][]string }
	all.must("namespace.new", map[string]any{"name": name}, &made)
	t.Cleanup(func() {
		err := all.Call(context.Background(), "namespace.remove", map[string]any{"namespace": name},
			nil)
		if err != nil {
			t.Errorf("wherry: the namespace ended badly: %v", err)
		}
	})
	calls.namespace = name
	b := newBroker(t, made.URLs, calls)
	t.Cleanup(b.lint)
	return b
}

func newBroker(t testing.TB, urls map[string][]string, calls control) *Broker {
	return &Broker{t: t, control: calls, urls: urls}
}

// NATSURL is "nats://127.0.0.1:41233".
func (b *Broker) NATSURL() string { return b.first("nats") }

// KafkaBootstrap is "127.0.0.1:41234": what clients call bootstrap.servers.
func (b *Broker) KafkaBootstrap() string { return strings.TrimPrefix(b.first("kafka"), "kafka://") }

// HTTPURL is "http://127.0.0.1:41235".
func (b *Broker) HTTPURL() string { return b.first("http") }

// Reset makes the broker as new, at the same ports: connections, subscriptions, topics and groups
// are gone.
func (b *Broker) Reset() {
	b.t.Helper()
	b.must("reset", nil, nil)
}

func (b *Broker) first(protocol string) string {
	if urls := b.urls[protocol]; len(urls) > 0 {
		return urls[0]
	}
	return ""
}

// Call runs a control operation by its name ("nats.publish") with a JSON object made of `in`, and
// decodes its answer into `out`; both may be nil. An *Error is what the broker refused.
func (b *Broker) Call(ctx context.Context, operation string, in, out any) error {
	return b.control.call(ctx, operation, in, out)
}

// must calls an operation and ends the test if it fails.
func (b *Broker) must(operation string, in, out any) {
	b.t.Helper()
	if err := b.Call(context.Background(), operation, in, out); err != nil {
		b.t.Fatalf("wherry: %s: %v", operation, err)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Publish publishes a NATS message to everybody subscribed at this moment.
func (b *Broker) Publish(subject string, payload []byte, headers ...Header) {
	b.t.Helper()
	members := map[string]any{"subject": subject}
	putBytes(members, "payload", payload)
	if len(headers) > 0 {
		members["headers"] = headers
	}
	b.must("nats.publish", members, nil)
}

// Request publishes a NATS message and waits for the first answer.
func (b *Broker) Request(subject string, payload []byte, timeout time.Duration) *Message {
	b.t.Helper()
	members := map[string]any{"subject": subject, "timeout_ms": milliseconds(timeout)}
	putBytes(members, "payload", payload)
	var answer Message
	b.must("nats.request", members, &answer)
	return &answer
}

// Subscription gathers the messages of one subscription until they are taken.
type Subscription struct {
	b      *Broker
	number int64
}

// Subscribe subscribes to what is published from now on; queue "" is none. It ends with the test.
func (b *Broker) Subscribe(subject, queue string) *Subscription {
	b.t.Helper()
	var answer struct{ Subscription int64 }
	members := map[string]any{"subject": subject}
	if queue != "" {
		members["queue"] = queue
	}
	b.must("nats.subscribe", members, &answer)
	return &Subscription{b, answer.Subscription}
}

// Next is the next message; the test ends if none comes in time.
func (s *Subscription) Next(timeout time.Duration) *Message {
	s.b.t.Helper()
	var message Message
	s.b.must("nats.next", map[string]any{
		"subscription": s.number, "timeout_ms": milliseconds(timeout)}, &message)
	return &message
}

// Unsubscribe ends the subscription.
func (s *Subscription) Unsubscribe() {
	s.b.t.Helper()
	s.b.must("nats.unsubscribe", map[string]any{"subscription": s.number}, nil)
}

// CreateTopic creates a Kafka topic.
func (b *Broker) CreateTopic(topic string, partitions int) {
	b.t.Helper()
	b.must("kafka.create_topic", map[string]any{"topic": topic, "partitions": partitions}, nil)
}

// DeleteTopic deletes a Kafka topic with its records and committed offsets.
func (b *Broker) DeleteTopic(topic string) {
	b.t.Helper()
	b.must("kafka.delete_topic", map[string]any{"topic": topic}, nil)
}

// Topics are the names of all topics, in order.
func (b *Broker) Topics() []string {
	b.t.Helper()
	var answer struct{ Topics []string }
	b.must("kafka.topics", nil, &answer)
	return answer.Topics
}

// Append appends a record with this key, value and headers, and waits until it is committed. The
// partition is chosen as a client does. It returns where the record lies.
func (b *Broker) Append(topic string, record Record) (partition int32, offset int64) {
	b.t.Helper()
	members := map[string]any{"topic": topic}
	putBytes(members, "key", record.Key)
	putBytes(members, "value", record.Value)
	if len(record.Headers) > 0 {
		members["headers"] = record.Headers
	}
	var at struct {
		Partition int32
		Offset    int64
	}
	b.must("kafka.append", members, &at)
	return at.Partition, at.Offset
}

// Records are all committed records of a topic, partition after partition.
func (b *Broker) Records(topic string) []Record {
	b.t.Helper()
	var answer struct{ Records []Record }
	b.must("kafka.records", map[string]any{"topic": topic}, &answer)
	return answer.Records
}

// CommittedOffset is what a group committed for a partition; false: nothing.
func (b *Broker) CommittedOffset(group, topic string, partition int32) (offset int64, found bool) {
	b.t.Helper()
	var answer struct {
		Offsets []struct {
			Topic     string
			Partition int32
			Offset    int64
		}
	}
	b.must("kafka.committed_offsets", map[string]any{"group": group}, &answer)
	for _, one := range answer.Offsets {
		if one.Topic == topic && one.Partition == partition {
			return one.Offset, true
		}
	}
	return 0, false
}
