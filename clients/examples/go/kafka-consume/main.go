// A consumer that commits by hand: a second run of the loop goes on where the first stopped.
// It reads what the example kafka-produce wrote.
package main

import (
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"wherry.example/go/internal/expect"
)

const (
	records = 100
	// After this many the first consumer goes away.
	half = 50
)

// What was read: the orders, and the places they were read from.
type progress struct {
	orders map[string]bool
	places map[place]bool
}

type place struct {
	partition int32
	offset    kafka.Offset
}

func main() {
	// A group of this run alone, which has committed nothing yet.
	group := fmt.Sprintf("order-consumers-%d", time.Now().UnixNano())
	read := progress{orders: make(map[string]bool), places: make(map[place]bool)}
	read.until(half, group)
	read.until(records, group)
	for i := 0; i < records; i++ {
		order := fmt.Sprintf("order %d", i)
		expect.Equal("whether "+order+" was read", read.orders[order], true)
	}
	fmt.Println("read", len(read.places), "records, each once")
}

// until reads and commits, one record after the other, until that many orders have been seen.
func (read *progress) until(orders int, group string) {
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":  expect.KafkaBootstrap(),
		"group.id":           group,
		"auto.offset.reset":  "earliest",
		"enable.auto.commit": false,
	})
	expect.Success("new consumer", err)
	defer func() { expect.Success("close", consumer.Close()) }()
	expect.Success("subscribe", consumer.SubscribeTopics([]string{expect.KafkaTopic()}, nil))

	for len(read.orders) < orders {
		message, err := consumer.ReadMessage(expect.Patience)
		expect.Success("read", err)
		from := place{message.TopicPartition.Partition, message.TopicPartition.Offset}
		expect.Equal(fmt.Sprintf("whether %v was read before", from), read.places[from], false)
		read.places[from] = true
		read.orders[string(message.Value)] = true
		committed, err := consumer.CommitMessage(message)
		expect.Success("commit", err)
		expect.Equal("committed offset", committed[0].Offset, from.offset+1)
	}
}
