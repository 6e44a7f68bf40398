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
