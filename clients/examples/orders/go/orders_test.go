package orders

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"wherry.example/wherry"
)

const patience = 20 * time.Second

// world is what a test has: a broker, and the application as it starts it.
type world struct {
	*wherry.Broker
	t *testing.T
}

// repeat runs a test WHERRY_ORDERS_RUNS times, once without it.
func repeat(t *testing.T, test func(w world), options ...wherry.Option) {
	runs, err := strconv.Atoi(os.Getenv("WHERRY_ORDERS_RUNS"))
	if err != nil {
		runs = 1
	}
	for run := 0; run < runs; run++ {
		t.Run(strconv.Itoa(run), func(t *testing.T) {
			w := world{wherry.Run(t, options...), t}
			// Nobody listens to what the fulfilment announces; the tests look at the broker's log.
			w.AllowLint("unreceived")
			test(w)
		})
	}
}

func (w world) shop() *Shop {
	shop, err := OpenShop(w.NATSURL())
	w.need(err)
	w.t.Cleanup(shop.Close)
	return shop
}

func (w world) service(options ...kgo.Opt) *Service {
	service, err := StartService(w.NATSURL(), w.KafkaBootstrap(), options...)
	w.need(err)
	w.t.Cleanup(service.Close)
	return service
}

func (w world) member(name string) *Fulfilment {
	member, err := StartFulfilment(w.NATSURL(), w.KafkaBootstrap(), name)
	w.need(err)
	w.t.Cleanup(member.Leave)
	return member
}

func (w world) place(shop *Shop, id string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w.need(shop.Place(ctx, Order{id, 1}))
}

// kept are the orders in Kafka.
func (w world) kept() []string {
	w.t.Helper()
	ids := []string{}
	for _, record := range w.Records(topic) {
		ids = append(ids, string(record.Key))
	}
	slices.Sort(ids)
	return ids
}

// announced are the orders that a member (or "", any) announced, some perhaps more than once.
func (w world) announced(client string) []string {
	w.t.Helper()
	ids := []string{}
	for _, request := range w.Requests("nats.PUB") {
		id, is := strings.CutPrefix(request.Subject, "orders.fulfilled.")
		if is && (client == "" || request.Client == client) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (w world) need(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) equal(what string, got, want any) {
	w.t.Helper()
	if !reflect.DeepEqual(got, want) {
		w.t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func TestRequestTimesOut(t *testing.T) {
	repeat(t, func(w world) {
		w.CreateTopic(topic, 1)
		w.service()
		shop := w.shop()
		lost := w.Fault(wherry.Fault{On: "nats.MSG", Subject: "orders.new", Times: 1, Drop: true})
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := shop.Place(ctx, Order{"1", 1}); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Fatalf("not a timeout: %v", err)
		}
		// The shop may give up before its request arrives; that is struck all the same, before this.
		w.place(shop, "2")
		w.equal("fired", lost.Fired(), 1)
		w.equal("kept", w.kept(), []string{"2"})
	})
}

func TestLostProduceReply(t *testing.T) {
	repeat(t, func(w world) {
		w.CreateTopic(topic, 1)
		shop := w.shop()
		place := func(id string, options ...kgo.Opt) {
			lost := w.Fault(wherry.Fault{On: "kafka.Produce", Times: 1, AfterApply: true, Reset: true})
			service := w.service(options...)
			w.place(shop, id)
			service.Close()
			w.equal("fired", lost.Fired(), 1)
		}
		place("once")
		place("twice", kgo.DisableIdempotentWrite())
		w.equal("kept", w.kept(), []string{"once", "twice", "twice"})
	})
}

func TestRebalance(t *testing.T) {
	repeat(t, func(w world) {
		w.CreateTopic(topic, 4)
		w.service()
		shop := w.shop()
		w.member("stays")
		leaving := w.member("leaves")
		w.Await(wherry.GroupStable(group, 2), patience)
		w.equal("shares", w.shares(), map[string]int{"stays": 2, "leaves": 2})
		all := []string{}
		place := func(ids ...int) {
			for _, id := range ids {
				all = append(all, fmt.Sprint(id))
				w.place(shop, fmt.Sprint(id))
			}
		}
		place(10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
		leaving.Leave()
		w.Await(wherry.GroupStable(group, 1), patience)
		w.equal("shares", w.shares(), map[string]int{"stays": 4})
		place(20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
		w.Await(wherry.Consumed(topic, group), patience)
		w.equal("kept", w.kept(), all)
		w.equal("announced", w.announced(""), all)
	})
}

// shares are how many partitions each member has.
func (w world) shares() map[string]int {
	w.t.Helper()
	shares := map[string]int{}
	for _, member := range w.Groups()[0].Members {
		shares[member.ClientID] = len(member.Assignment[topic])
	}
	return shares
}

func TestCrashAndRestart(t *testing.T) {
	repeat(t, func(w world) {
		w.CreateTopic(topic, 1)
		w.service()
		shop := w.shop()
		w.member("fulfilment")
		w.Await(wherry.GroupStable(group, 1), patience)
		w.place(shop, "1")
		w.place(shop, "2")
		w.Crash()
		w.Restart()
		// All are back by themselves: what is sent to a connection that has died is lost.
		w.Await(wherry.OpenConnections("nats", 3), patience)
		w.Await(wherry.Subscribed("orders.new", 1), patience)
		w.place(shop, "3")
		w.Await(wherry.Consumed(topic, group), patience)
		w.equal("kept", w.kept(), []string{"1", "2", "3"})
		w.equal("announced", w.announced(""), []string{"1", "2", "3"})
	}, wherry.Flags("--simulated-disk"))
}

func TestRedelivery(t *testing.T) {
	repeat(t, func(w world) {
		w.CreateTopic(topic, 1)
		w.service()
		w.place(w.shop(), "1")
		hold := w.Hold(wherry.Fault{On: "nats.PUB", Subject: "orders.fulfilled.>", Client: "first"})
		first := w.member("first")
		hold.Wait(1, patience)
		first.Leave()
		hold.Release()
		w.Await(wherry.GroupEmpty(group), patience)
		if offset, is := w.CommittedOffset(group, topic, 0); is {
			w.t.Errorf("the first committed %d", offset)
		}
		w.member("second")
		w.Await(wherry.Consumed(topic, group), patience)
		w.equal("kept", w.kept(), []string{"1"})
		w.equal("announced by the second", w.announced("second"), []string{"1"})
	})
}
