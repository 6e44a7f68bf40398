package wherry

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// natsSocket is a NATS client of a few lines.
type natsSocket struct {
	t          *testing.T
	connection net.Conn
	lines      *bufio.Reader
}

func dialNATS(t *testing.T, b *Broker) *natsSocket {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(b.NATSURL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	connection.SetDeadline(time.Now().Add(patience))
	s := &natsSocket{t, connection, bufio.NewReader(connection)}
	s.read()
	s.send(`CONNECT {"verbose":false}`)
	return s
}

func (s *natsSocket) send(lines ...string) {
	fmt.Fprint(s.connection, strings.Join(lines, "\r\n")+"\r\n")
}

func (s *natsSocket) read() string {
	s.t.Helper()
	line, err := s.lines.ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

func (s *natsSocket) roundTrip() {
	s.t.Helper()
	s.send("PING")
	for s.read() != "PONG" {
	}
}

// ends reports whether the server ends the connection.
func (s *natsSocket) ends() bool {
	for {
		if _, err := s.lines.ReadByte(); err != nil {
			var timeout net.Error
			return !errors.As(err, &timeout) || !timeout.Timeout()
		}
	}
}

func TestAwait(t *testing.T) {
	b := Run(t)
	client := dialNATS(t, b)
	client.send("SUB orders.> 1")
	b.Await(Subscribed("orders.new", 1), patience)
	b.Publish("orders.new", []byte("x"))
	if line := client.read(); line != "MSG orders.new 1 1" {
		t.Error(line)
	}
	b.Await(OpenConnections("nats", 1), patience)
	client.connection.Close()
	b.Await(Unsubscribed("orders.new"), patience)
	b.AwaitIdle(patience)
	err := b.Call(context.Background(), "await", map[string]any{
		"condition": Subscribed("orders.new", 1), "limit_ms": 1}, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != "deadline_exceeded" {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	b := Run(t)
	client := dialNATS(t, b)
	orders := b.Subscribe("orders.*", "")
	lost := b.Fault(Fault{On: "nats.PUB", Subject: "orders.*", Times: 1, Drop: true})
	client.send("PUB orders.new 1", "1", "PUB orders.new 1", "2")
	if order := orders.Next(patience); string(order.Payload) != "2" {
		t.Errorf("%s", order.Payload)
	}
	if lost.Fired() != 1 {
		t.Error(lost.Fired())
	}
	lost.Remove()
	b.Fault(Fault{On: "nats.PUB", Times: 1, Fail: "not today"})
	client.send("PUB orders.new 1", "3")
	if line := client.read(); line != "-ERR 'not today'" {
		t.Error(line)
	}
	b.ClearFaults()
	b.Fault(Fault{On: "nats.PING", Delay: time.Millisecond})
	client.roundTrip()
	client.connection.Close()
	b.Await(OpenConnections("nats", 0), patience)
}

func TestHold(t *testing.T) {
	b := Run(t)
	client := dialNATS(t, b)
	orders := b.Subscribe("orders.*", "")
	held := b.Hold(Fault{On: "nats.PUB", Subject: "orders.new"})
	client.send("PUB orders.new 1", "1")
	held.Wait(1, patience)
	err := b.Call(context.Background(), "nats.next", map[string]any{
		"subscription": orders.number, "timeout_ms": 0}, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != "deadline_exceeded" {
		t.Error(err)
	}
	held.Release()
	orders.Next(patience)
	client.connection.Close()
	b.Await(OpenConnections("nats", 0), patience)
}

func TestCrash(t *testing.T) {
	b := Run(t, Flags("--simulated-disk"))
	b.CreateTopic("orders", 1)
	b.Append("orders", Record{Value: []byte("1")})
	client := dialNATS(t, b)
	client.roundTrip()
	b.Crash()
	if !client.ends() {
		t.Error("the client lives on")
	}
	if err := b.Call(context.Background(), "kafka.topics", nil, nil); err == nil {
		t.Error("a crashed broker answers")
	}
	b.Restart()
	if records := b.Records("orders"); len(records) != 1 {
		t.Errorf("%+v", records)
	}
	client = dialNATS(t, b)
	client.roundTrip()
	b.DiskFull(1)
	if err := b.Call(context.Background(), "kafka.append", map[string]any{"topic": "orders"},
		nil); err == nil {
		t.Error("the full disk took it")
	}
	b.Append("orders", Record{Value: []byte("2")})
	client.connection.Close()
	b.Await(OpenConnections("nats", 0), patience)
}

func TestClock(t *testing.T) {
	b := Run(t, VirtualClock())
	client := dialNATS(t, b)
	client.roundTrip()
	start := b.Now()
	b.Advance(2 * time.Hour)
	if passed := b.Now().Sub(start); passed != 2*time.Hour {
		t.Error(passed)
	}
	client.roundTrip()
	liveness := false
	for _, timer := range b.PendingTimers() {
		liveness = liveness || timer.Kind == "liveness" && timer.In > 0
	}
	if !liveness {
		t.Errorf("%+v", b.PendingTimers())
	}
	if fired := b.AdvanceLiveness(2 * time.Hour); len(fired) == 0 {
		t.Error("nothing fired")
	}
	if !client.ends() {
		t.Error("the client lives on")
	}
	b.Await(OpenConnections("nats", 0), patience)
}
