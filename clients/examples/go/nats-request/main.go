// Request and reply; and what a request learns when nobody is there to answer.
package main

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"wherry.example/go/internal/expect"
)

func main() {
	service, err := nats.Connect(expect.NATSURL())
	expect.Success("connect", err)
	defer service.Close()
	names := map[string]string{"123": "Ann", "456": "Bob"}
	_, err = service.Subscribe("user.info", func(request *nats.Msg) {
		expect.Success("respond", request.Respond([]byte(names[string(request.Data)])))
	})
	expect.Success("subscribe", err)
	expect.Success("flush", service.Flush())

	client, err := nats.Connect(expect.NATSURL())
	expect.Success("connect", err)
	defer client.Close()
	for id, name := range names {
		answer, err := client.Request("user.info", []byte(id), expect.Patience)
		expect.Success("request", err)
		expect.Equal("name of "+id, string(answer.Data), name)
	}

	_, err = client.Request("user.nobody", nil, expect.Patience)
	if !errors.Is(err, nats.ErrNoResponders) {
		expect.Fail("a request to nobody: got %v, want %v", err, nats.ErrNoResponders)
	}
	fmt.Println("every request was answered, and the one to nobody at once refused")
}
