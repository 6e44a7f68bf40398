// A producer that waits until every record is stored, and checks where.
package main

import (
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"wherry.example/go/internal/expect"
)

const records = 100

func main() {
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": expect.KafkaBootstrap(),
		"acks":              "all",
		"compression.type":  "snappy",
		"linger.ms":         5,
	})
	expect.Success("new producer", err)
	defer producer.Close()

	topic := expect.KafkaTopic()
	reports := make(chan kafka.Event, records)
	for i := 0; i < records; i++ {
		err := producer.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny},
			Key:            []byte(fmt.Sprintf("customer-%d", i%10)),
			Value:          []byte(fmt.Sprintf("order %d", i)),
			Headers:        []kafka.Header{{Key: "source", Value: []byte("example")}},
		}, reports)
		expect.Success("produce", err)
	}
	expect.Equal("records still under way", producer.Flush(int(expect.Patience.Milliseconds())), 0)

	// One partition per key: what a customer ordered stays in order.
	partitions := make(map[string]int32)
	offsets := make(map[kafka.TopicPartition]bool)
	for i := 0; i < records; i++ {
		message, ok := (<-reports).(*kafka.Message)
		if !ok {
			expect.Fail("a report that is none")
		}
		expect.Success("delivery", message.TopicPartition.Error)
		place := message.TopicPartition
		place.Topic, place.Metadata = nil, nil
		if offsets[place] {
			expect.Fail("two records at %v", message.TopicPartition)
		}
		offsets[place] = true
		key := string(message.Key)
		if home, known := partitions[key]; known {
			expect.Equal("partition of "+key, place.Partition, home)
		}
		partitions[key] = place.Partition
	}
	fmt.Println("stored", records, "records")
}
