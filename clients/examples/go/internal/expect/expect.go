// Package expect holds what the examples share: where the broker is, and how a run ends.
package expect

import (
	"fmt"
	"os"
	"time"
)

// Patience is how long an example waits for what is due at once.
const Patience = 20 * time.Second

// NATSURL is WHERRY_NATS_URL, or where a NATS server listens by default.
func NATSURL() string { return environment("WHERRY_NATS_URL", "nats://127.0.0.1:4222") }

// KafkaBootstrap is WHERRY_KAFKA_BOOTSTRAP, or where a Kafka broker listens by default.
func KafkaBootstrap() string { return environment("WHERRY_KAFKA_BOOTSTRAP", "127.0.0.1:9092") }

// KafkaTopic is WHERRY_KAFKA_TOPIC, or "orders".
func KafkaTopic() string { return environment("WHERRY_KAFKA_TOPIC", "orders") }

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// Success ends the program unless err is nil.
func Success(what string, err error) {
	if err != nil {
		Fail("%s: %v", what, err)
	}
}

// Equal ends the program unless both are the same.
func Equal[T comparable](what string, got, want T) {
	if got != want {
		Fail("%s: got %v, want %v", what, got, want)
	}
}

// Fail says what is wrong and ends the program with status 1.
func Fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}
