// Publish and subscribe: a subject, a wildcard, and everybody who listens gets a copy.
package main

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"wherry.example/go/internal/expect"
)

const orders = 5

func main() {
	connection, err := nats.Connect(expect.NATSURL())
	expect.Success("connect", err)
	defer connection.Close()

	created, err := connection.SubscribeSync("orders.created")
	expect.Success("subscribe", err)
	everything, err := connection.SubscribeSync("orders.*")
	expect.Success("subscribe", err)
	// The server knows both when it has answered this.
	expect.Success("flush", connection.Flush())

	for number := 1; number <= orders; number++ {
		message := fmt.Sprintf("order %d created", number)
		expect.Success("publish", connection.Publish("orders.created", []byte(message)))
	}
	expect.Success("publish", connection.Publish("orders.deleted", []byte("order 1 deleted")))

	for number := 1; number <= orders; number++ {
		want := fmt.Sprintf("order %d created", number)
		expectNext(created, "orders.created", want)
		expectNext(everything, "orders.created", want)
	}
	expectNext(everything, "orders.deleted", "order 1 deleted")

	pending, _, err := created.Pending()
	expect.Success("pending", err)
	expect.Equal("messages left for orders.created", pending, 0)
	fmt.Println("both subscribers saw every order")
}

func expectNext(subscription *nats.Subscription, subject, payload string) {
	message, err := subscription.NextMsg(expect.Patience)
	expect.Success("next message of "+subscription.Subject, err)
	expect.Equal("subject", message.Subject, subject)
	expect.Equal("payload", string(message.Data), payload)
}
