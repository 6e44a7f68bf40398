// A queue group: three workers share the jobs, each job is done once.
package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"wherry.example/go/internal/expect"
)

const (
	workers = 3
	// So many that a fair choice leaves no worker without one.
	jobs = 300
)

type done struct{ worker, job int }

func main() {
	results := make(chan done, 2*jobs)
	for worker := 0; worker < workers; worker++ {
		connection, err := nats.Connect(expect.NATSURL())
		expect.Success("connect", err)
		defer connection.Close()
		_, err = connection.QueueSubscribe("orders.process", "order-workers", func(message *nats.Msg) {
			job, err := strconv.Atoi(string(message.Data))
			expect.Success("job", err)
			results <- done{worker, job}
		})
		expect.Success("subscribe", err)
		expect.Success("flush", connection.Flush())
	}

	publisher, err := nats.Connect(expect.NATSURL())
	expect.Success("connect", err)
	defer publisher.Close()
	for job := 0; job < jobs; job++ {
		expect.Success("publish", publisher.Publish("orders.process", []byte(strconv.Itoa(job))))
	}
	expect.Success("flush", publisher.Flush())

	times := make(map[int]int)
	shares := make([]int, workers)
	for i := 0; i < jobs; i++ {
		select {
		case result := <-results:
			times[result.job]++
			shares[result.worker]++
		case <-time.After(expect.Patience):
			expect.Fail("only %d of %d jobs were done", i, jobs)
		}
	}
	expect.Equal("different jobs done", len(times), jobs)
	for worker, share := range shares {
		if share == 0 {
			expect.Fail("worker %d got nothing: %v", worker, shares)
		}
	}
	fmt.Println("each job was done once; shares", shares)
}
