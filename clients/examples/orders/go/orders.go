// Package orders has a shop that places orders over NATS, a service that keeps them in Kafka, and a
// consumer group that fulfils them: stock clients, which know nothing of Wherry.
package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	topic = "orders"
	group = "fulfilment"
)

// Order is what a customer wants.
type Order struct {
	ID       string `json:"id"`
	Quantity int    `json:"quantity"`
}

// connect to NATS, and again soon after the connection was lost: all is near.
func connect(name, url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.Name(name), nats.MaxReconnects(-1),
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0))
}

func kafkaClient(name, bootstrap string, options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.ClientID(name),
		kgo.SeedBrokers(bootstrap),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
		kgo.MetadataMinAge(20 * time.Millisecond),
	}, options...)...)
}

// Shop is where orders come from.
type Shop struct {
	connection *nats.Conn
}

// OpenShop connects it.
func OpenShop(natsURL string) (*Shop, error) {
	connection, err := connect("shop", natsURL)
	return &Shop{connection}, err
}

// Close disconnects it.
func (s *Shop) Close() { s.connection.Close() }

// Place returns when the order is kept. context.DeadlineExceeded: whether it is, is not known.
func (s *Shop) Place(ctx context.Context, order Order) error {
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	reply, err := s.connection.RequestWithContext(ctx, "orders.new", text)
	if err != nil {
		return fmt.Errorf("order %s: %w", order.ID, err)
	}
	if string(reply.Data) != "accepted" {
		return fmt.Errorf("order %s: %s", order.ID, reply.Data)
	}
	return nil
}

// Service checks orders, and answers when Kafka has them.
type Service struct {
	connection *nats.Conn
	producer   *kgo.Client
}

// StartService has it take orders from now on.
func StartService(natsURL, kafka string, options ...kgo.Opt) (*Service, error) {
	producer, err := kafkaClient("order-service", kafka, options...)
	if err != nil {
		return nil, err
	}
	s := &Service{producer: producer}
	if s.connection, err = connect("order-service", natsURL); err == nil {
		if _, err = s.connection.Subscribe("orders.new", s.take); err == nil {
			err = s.connection.Flush()
		}
	}
	return s, err
}

// Close ends it when the orders in hand are kept.
func (s *Service) Close() {
	s.connection.Close()
	s.producer.Close()
}

func (s *Service) take(request *nats.Msg) {
	answer := "accepted"
	if err := s.keep(request.Data); err != nil {
		answer = "not kept: " + err.Error()
	}
	request.Respond([]byte(answer))
}

func (s *Service) keep(text []byte) error {
	var order Order
	if err := json.Unmarshal(text, &order); err != nil {
		return err
	}
	if order.ID == "" || order.Quantity < 1 {
		return errors.New("an order needs an id and a quantity")
	}
	record := &kgo.Record{Topic: topic, Key: []byte(order.ID), Value: text}
	return s.producer.ProduceSync(context.Background(), record).FirstErr()
}

// Fulfilment is a member of the group: it announces each order on orders.fulfilled.<id>, then
// commits it. Whatever goes wrong between the two, the order is announced again, by it or another.
type Fulfilment struct {
	connection *nats.Conn
	consumer   *kgo.Client
	leave      context.CancelFunc
	left       chan struct{}
}

// StartFulfilment has a member join.
func StartFulfilment(natsURL, kafka, name string) (*Fulfilment, error) {
	consumer, err := kafkaClient(name, kafka,
		kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(kgo.RoundRobinBalancer()), // done in one rebalance, where cooperative takes two
		kgo.HeartbeatInterval(50*time.Millisecond), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		return nil, err
	}
	connection, err := connect(name, natsURL)
	if err != nil {
		consumer.Close()
		return nil, err
	}
	ctx, leave := context.WithCancel(context.Background())
	f := &Fulfilment{connection, consumer, leave, make(chan struct{})}
	go f.run(ctx)
	return f, nil
}

// Leave has the member leave the group; an order in hand is not committed.
func (f *Fulfilment) Leave() {
	f.leave()
	<-f.left
	f.connection.Close()
	f.consumer.Close()
}

func (f *Fulfilment) run(ctx context.Context) {
	defer close(f.left)
	for ctx.Err() == nil {
		f.consumer.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
			if f.announce(ctx, "orders.fulfilled."+string(record.Key)) {
				// An error: the group has changed meanwhile, and its partition's owner gets it again.
				f.consumer.CommitRecords(ctx, record)
			}
		})
	}
}

func (f *Fulfilment) announce(ctx context.Context, subject string) bool {
	for ctx.Err() == nil {
		before := f.connection.Stats().Reconnects
		f.connection.Publish(subject, nil)
		once, cancel := context.WithTimeout(ctx, time.Second)
		err := f.connection.FlushWithContext(once)
		cancel()
		// A flush on the connection after tells nothing of what went to the one before.
		if err == nil && f.connection.Stats().Reconnects == before {
			return true
		}
	}
	return false
}
