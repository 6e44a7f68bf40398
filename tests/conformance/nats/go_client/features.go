package main

import (
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// headers: several values, long ones, none; and the status of a request that nobody answers.
func headers(url string) {
	nc := connect(url)
	defer nc.Close()
	sub, err := nc.SubscribeSync("h")
	must(err)
	sent := nats.NewMsg("h")
	sent.Header.Add("Color", "red")
	sent.Header.Add("Color", "blue")
	sent.Header.Set("Long", strings.Repeat("x", 10_000))
	sent.Data = []byte("body")
	must(nc.PublishMsg(sent))
	got := next(sub)
	equal("values", strings.Join(got.Header.Values("Color"), ","), "red,blue")
	equal("a long value", len(got.Header.Get("Long")), 10_000)
	equal("the body", string(got.Data), "body")
	must(nc.Publish("h", nil))
	equal("no headers", len(next(sub).Header), 0)
	_, err = nc.Request("nobody", nil, patience)
	equal("nobody answers", errors.Is(err, nats.ErrNoResponders), true)
}

// queue: of each group one member gets a message, of several subscriptions outside each one.
func queue(url string) {
	const messages, members = 300, 3
	nc := connect(url)
	defer nc.Close()
	var plain, grouped [members]atomic.Int64
	var all sync.WaitGroup
	all.Add(messages * (1 + members))
	for i := 0; i < members; i++ {
		member := connect(url)
		defer member.Close()
		_, err := member.QueueSubscribe("q.*", "workers", func(*nats.Msg) {
			grouped[i].Add(1)
			all.Done()
		})
		must(err)
		_, err = member.Subscribe("q.>", func(*nats.Msg) {
			plain[i].Add(1)
			all.Done()
		})
		must(err)
		must(member.Flush())
	}
	for i := 0; i < messages; i++ {
		must(nc.Publish(fmt.Sprintf("q.%d", i), []byte("work")))
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	await("the last delivery", done)
	total := int64(0)
	for i := 0; i < members; i++ {
		equal("messages outside the group", plain[i].Load(), messages)
		equal("a member that gets nothing", grouped[i].Load() == 0, false)
		total += grouped[i].Load()
	}
	equal("messages to the group", total, messages)
}

// requestMany: one request, many answers from several services, each ended by an empty one.
func requestMany(url string) {
	const services, answers = 5, 20
	for i := 0; i < services; i++ {
		service := connect(url)
		defer service.Close()
		_, err := service.Subscribe("many", func(msg *nats.Msg) {
			for k := 0; k < answers; k++ {
				must(msg.Respond([]byte(fmt.Sprint(i, k))))
			}
			must(msg.Respond(nil))
		})
		must(err)
		must(service.Flush())
	}
	nc := connect(url)
	defer nc.Close()
	inbox := nc.NewInbox()
	sub, err := nc.SubscribeSync(inbox)
	must(err)
	must(nc.PublishRequest("many", inbox, nil))
	seen := map[string]bool{}
	for ends := 0; ends < services; {
		if msg := next(sub); len(msg.Data) == 0 {
			ends++
		} else {
			seen[string(msg.Data)] = true
		}
	}
	equal("answers", len(seen), services*answers)
}

// drain: a connection that says goodbye still gets all it was sent before, and nothing after.
func drain(url string) {
	const messages = 1000
	publisher := connect(url)
	defer publisher.Close()
	closed := make(chan struct{})
	nc := connect(url, nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
		nats.DrainTimeout(patience))
	var got atomic.Int64
	draining := make(chan struct{})
	_, err := nc.Subscribe("d", func(msg *nats.Msg) {
		await("draining", draining) // so that the others still wait when it begins
		got.Add(1)
		must(msg.Respond(msg.Data))
	})
	must(err)
	must(nc.Flush())
	answers, err := publisher.SubscribeSync("answers")
	must(err)
	for i := 0; i < messages; i++ {
		must(publisher.PublishRequest("d", "answers", []byte(fmt.Sprint(i))))
	}
	must(publisher.Flush())
	must(nc.Drain())
	close(draining)
	await("the end of draining", closed)
	equal("messages", got.Load(), messages)
	for i := 0; i < messages; i++ {
		equal("an answer", string(next(answers).Data), fmt.Sprint(i))
	}
	_, err = publisher.Request("d", nil, patience)
	equal("nobody is left", errors.Is(err, nats.ErrNoResponders), true)
}

// reconnect: the server goes and comes back; subscriptions and what was published meanwhile live on.
func reconnect(url string) {
	gone, back := make(chan struct{}), make(chan struct{})
	var left sync.Once // at the end the connection is closed once more
	nc := connect(url, nats.ReconnectWait(10*time.Millisecond), nats.MaxReconnects(-1),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { left.Do(func() { close(gone) }) }),
		nats.ReconnectHandler(func(*nats.Conn) { close(back) }))
	defer nc.Close()
	sub, err := nc.SubscribeSync("r.*")
	must(err)
	queued, err := nc.QueueSubscribeSync("r.>", "group")
	must(err)
	limited, err := nc.SubscribeSync("r.1")
	must(err)
	must(limited.AutoUnsubscribe(2))
	must(nc.Publish("r.1", []byte("before")))
	equal("before", string(next(sub).Data), "before")
	equal("before", string(next(queued).Data), "before")
	equal("before", string(next(limited).Data), "before")
	must(nc.Flush())
	ready()
	await("the server's going", gone)
	must(nc.Publish("r.1", []byte("meanwhile")))
	await("its coming back", back)
	must(nc.Publish("r.1", []byte("after")))
	for _, want := range []string{"meanwhile", "after"} {
		equal("on a subscription", string(next(sub).Data), want)
		equal("in a queue group", string(next(queued).Data), want)
	}
	equal("on a subscription of two", string(next(limited).Data), "meanwhile")
	must(nc.Flush())
	if msg, err := limited.NextMsg(time.Millisecond); err == nil {
		log.Fatalf("a third message came on a subscription of two: %s", msg.Data)
	}
}
