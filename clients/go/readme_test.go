package wherry_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"wherry.example/wherry"
)

func TestOrders(t *testing.T) {
	b := wherry.Run(t)
	// Clients connect to b.NATSURL(), b.KafkaBootstrap(). The test has a way of its own:
	orders := b.Subscribe("orders.>", "")
	b.Publish("orders.new", []byte("one"))
	if order := orders.Next(5 * time.Second); string(order.Payload) != "one" {
		t.Errorf("%s came", order.Payload)
	}

	b.CreateTopic("orders", 3)
	b.Append("orders", wherry.Record{Key: []byte("42"), Value: []byte("two")})
	if records := b.Records("orders"); string(records[0].Value) != "two" {
		t.Errorf("%v", records)
	}
}

func TestTimeIsTheTests(t *testing.T) {
	b := wherry.Run(t, wherry.VirtualClock())
	before := b.Now()
	b.Advance(31 * time.Minute) // at once; returns the timers that fired
	if passed := b.Now().Sub(before); passed != 31*time.Minute {
		t.Error(passed)
	}
}

func TestACrash(t *testing.T) {
	b := wherry.Run(t, wherry.Flags("--simulated-disk"))
	b.CreateTopic("orders", 1)
	b.Append("orders", wherry.Record{Value: []byte("kept")})
	b.Crash()   // connections are reset, the ports refuse
	b.Restart() // at the same ports
	b.Await(wherry.RecordCount("orders", 1), 5*time.Second)
	b.AwaitIdle(5 * time.Second) // all delivered, acknowledged, committed
}

func TestALostAcknowledgement(t *testing.T) {
	b := wherry.Run(t)
	b.CreateTopic("orders", 1)
	// The next record of a client is written, and its answer lost.
	lost := b.Fault(wherry.Fault{
		On: "kafka.Produce", Topic: "orders", Times: 1, AfterApply: true, Reset: true})
	if lost.Fired() != 0 {
		t.Error("no client has sent one")
	}
}

// The README's examples are functions of this file.
func TestReadmeIsThisFile(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) == 0 {
		t.Error("the README has no example")
	}
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		if !strings.Contains(string(source), example) {
			t.Errorf("not in readme_test.go:\n%s", example)
		}
	}
}
