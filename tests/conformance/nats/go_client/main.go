// Program go_client drives a NATS server with the features of nats.go that a raw transcript does not
// reach. It runs the one that its argument names and ends with 1 and a reason if that fails.
//
//	go_client FEATURE URL [READY-FD]
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

// How long anything may take: only reached by a defect, or on a machine busy with everything else.
const patience = 20 * time.Second

var features = map[string]func(url string){
	"drain":        drain,
	"headers":      headers,
	"micro":        microService,
	"queue":        queue,
	"reconnect":    reconnect,
	"request-many": requestMany,
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 || features[os.Args[1]] == nil {
		log.Fatalf("usage: go_client FEATURE URL [READY-FD]; features: %v", features)
	}
	log.SetPrefix(os.Args[1] + ": ")
	features[os.Args[1]](os.Args[2])
}

// ready tells whoever started us, on the descriptor that it gave us, that it may go on.
func ready() {
	var descriptor uintptr
	if _, err := fmt.Sscan(os.Args[3], &descriptor); err != nil {
		log.Fatalf("%q is no descriptor", os.Args[3])
	}
	pipe := os.NewFile(descriptor, "ready")
	fmt.Fprintln(pipe, "ready")
	pipe.Close()
}

func connect(url string, options ...nats.Option) *nats.Conn {
	nc, err := nats.Connect(url, append(options, nats.Timeout(patience))...)
	must(err)
	return nc
}

func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		panic(err)
	}
}

// equal compares what a server did with what it should have done.
func equal[T comparable](what string, got, want T) {
	if got != want {
		log.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// next is the next message of a subscription.
func next(sub *nats.Subscription) *nats.Msg {
	msg, err := sub.NextMsg(patience)
	must(err)
	return msg
}

// await waits until the channel is closed.
func await(what string, done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(patience):
		log.Fatalf("%s did not happen", what)
	}
}
