package wherry

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

const patience = 20 * time.Second

func TestListens(t *testing.T) {
	b := Run(t)
	for _, address := range []string{strings.TrimPrefix(b.NATSURL(), "nats://"),
		b.KafkaBootstrap(), strings.TrimPrefix(b.HTTPURL(), "http://")} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		connection.Close()
	}
}

func TestASocketGetsWhatWasPublished(t *testing.T) {
	b := Run(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(b.NATSURL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(patience))
	b.AllowLint("leaked_connection") // it has no goodbye to wait for
	lines := bufio.NewReader(connection)
	fmt.Fprintf(connection, "CONNECT {\"verbose\":false}\r\nSUB orders.* 1\r\nPING\r\n")
	for _, want := range []string{"INFO ", "PONG"} {
		if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	b.Publish("orders.new", []byte{0, 0xff})
	if line, _ := lines.ReadString('\n'); line != "MSG orders.new 1 2\r\n" {
		t.Errorf("%q", line)
	}
	if line, _ := lines.ReadString('\n'); line != "\x00\xff\r\n" {
		t.Errorf("%q", line)
	}
}

func TestSubscribeAndRequest(t *testing.T) {
	b := Run(t)
	questions := b.Subscribe("ask", "")
	answered := make(chan error, 1)
	go func() {
		var answer Message
		err := b.Call(context.Background(), "nats.request",
			map[string]any{"subject": "ask", "payload": "how?"}, &answer)
		if err == nil && (string(answer.Payload) != "so" || answer.Header("kind") != "answer") {
			err = fmt.Errorf("%+v", answer)
		}
		answered <- err
	}()
	question := questions.Next(patience)
	if string(question.Payload) != "how?" {
		t.Errorf("%q", question.Payload)
	}
	b.Publish(question.Reply, []byte("so"), Header{"Kind", []byte("answer")})
	if err := <-answered; err != nil {
		t.Error(err)
	}
	questions.Unsubscribe()
	err := b.Call(context.Background(), "nats.request", map[string]any{"subject": "ask"}, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != "unavailable" {
		t.Error(err)
	}
}

func TestAppendAndRecords(t *testing.T) {
	b := Run(t)
	b.CreateTopic("orders", 1)
	record := Record{Key: []byte("k"), Value: []byte{0xff}, Headers: []Header{{"h", nil}}}
	if partition, offset := b.Append("orders", record); partition != 0 || offset != 0 {
		t.Error(partition, offset)
	}
	records := b.Records("orders")
	if len(records) != 1 || !reflect.DeepEqual(records[0].Headers, record.Headers) ||
		string(records[0].Key) != "k" || string(records[0].Value) != "\xff" {
		t.Errorf("%+v", records)
	}
	if topics := b.Topics(); !reflect.DeepEqual(topics, []string{"orders"}) {
		t.Error(topics)
	}
	if _, found := b.CommittedOffset("g", "orders", 0); found {
		t.Error("nobody committed")
	}
	b.DeleteTopic("orders")
	err := b.Call(context.Background(), "kafka.records", map[string]any{"topic": "orders"}, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != "not_found" {
		t.Error(err)
	}
}

func TestEachHasAWorldOfItsOwn(t *testing.T) {
	for i := 0; i < 4; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			b := Run(t)
			if topics := b.Topics(); len(topics) != 0 {
				t.Error(topics)
			}
			b.CreateTopic("orders", 1)
			b.Append("orders", Record{Value: []byte{byte(i)}})
			if records := b.Records("orders"); len(records) != 1 || records[0].Value[0] != byte(i) {
				t.Errorf("%+v", records)
			}
			b.Reset()
			if topics := b.Topics(); len(topics) != 0 {
				t.Error(topics)
			}
		})
	}
	if one, two := Run(t), Run(t); one.NATSURL() == two.NATSURL() {
		t.Error("both at", one.NATSURL())
	}
}

// A testing.TB that keeps what would fail the test, and runs its cleanups when told.
type heard struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (h *heard) Errorf(format string, arguments ...any) {
	h.errors = append(h.errors, fmt.Sprintf(format, arguments...))
}
func (h *heard) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }
func (h *heard) end() {
	for i := len(h.cleanups) - 1; i >= 0; i-- {
		h.cleanups[i]()
	}
}

func TestLintFailsWhatLeftSomethingWrong(t *testing.T) {
	for _, allow := range []bool{false, true} {
		inner := &heard{TB: t}
		b := Run(inner)
		if allow {
			b.AllowLint("unreceived", "leaked_connection")
		}
		connection, err := net.Dial("tcp", strings.TrimPrefix(b.NATSURL(), "nats://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		connection.SetDeadline(time.Now().Add(patience))
		fmt.Fprintf(connection, "CONNECT {\"verbose\":false,\"name\":\"me\"}\r\n"+
			"SUB here 1\r\nPUB nobody.hears 1\r\nx\r\nPING\r\n")
		lines := bufio.NewReader(connection)
		for line := ""; line != "PONG\r\n"; {
			if line, err = lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		if all := b.Connections(); len(all) != 1 || all[0].Client != "me" {
			t.Errorf("%+v", all)
		}
		if all := b.Requests("nats.PUB"); len(all) != 1 || all[0].Subject != "nobody.hears" ||
			all[0].Receivers != 0 {
			t.Errorf("%+v", all)
		}
		if text := b.ExplainRoute("here"); !strings.Contains(text, "me") {
			t.Error(text)
		}
		if all := b.Groups(); len(all) != 0 {
			t.Errorf("%+v", all)
		}
		inner.end()
		text := strings.Join(inner.errors, "\n")
		if wrong := strings.Contains(text, "[unreceived]") &&
			strings.Contains(text, "[leaked_connection]"); wrong == allow {
			t.Errorf("allowed: %v; %q", allow, text)
		}
	}
}

func TestFlags(t *testing.T) {
	b := Run(t, Flags("--kafka-default-partitions", "3"))
	if err := b.Call(context.Background(), "kafka.create_topic", map[string]any{"topic": "t"},
		nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Call(context.Background(), "kafka.append",
		map[string]any{"topic": "t", "partition": 2, "value": "v"}, nil); err != nil {
		t.Error(err)
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	_, err := startServer([]string{"--listen", "gopher://127.0.0.1:70"})
	if err == nil || !strings.Contains(err.Error(), "gopher") {
		t.Error(err)
	}
}

// This test program once more, as a process that starts a server and is killed.
func TestAKilledTestLeavesNoServer(t *testing.T) {
	if os.Getenv("WHERRY_TEST_CHILD") != "" {
		fmt.Println("at", strings.TrimPrefix(Run(t).NATSURL(), "nats://"))
		select {}
	}
	child := exec.Command(os.Args[0], "-test.run=^TestAKilledTestLeavesNoServer$", "-test.v")
	child.Env = append(os.Environ(), "WHERRY_TEST_CHILD=1")
	output, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(output); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "at ")
		if address == lines.Text() {
			address = ""
		}
	}
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	child.Process.Kill()
	child.Wait()
	// The server's end is the connection's.
	connection.SetDeadline(time.Now().Add(patience))
	buffer := make([]byte, 4096)
	for {
		if _, err := connection.Read(buffer); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the server outlives the test")
			}
			return
		}
	}
}
