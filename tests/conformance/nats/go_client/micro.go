package main

import (
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// microService: services are found, asked, measured and stopped through core NATS alone.
func microService(url string) {
	const instances, requests = 3, 60
	nc := connect(url)
	defer nc.Close()
	services, connections := []micro.Service{}, []*nats.Conn{}
	for i := 0; i < instances; i++ {
		own := connect(url)
		defer own.Close()
		services, connections = append(services, addService(own, i)), append(connections, own)
		must(own.Flush())
	}
	for i := 0; i < requests; i++ {
		answer, err := nc.Request("math.double", []byte(fmt.Sprint(i)), patience)
		must(err)
		equal("double", string(answer.Data), fmt.Sprint(2*i))
	}
	answer, err := nc.Request("math.fail", nil, patience)
	must(err)
	equal("an error's code", answer.Header.Get(micro.ErrorCodeHeader), "418")

	equal("services that answer PING", len(all(nc, "$SRV.PING.calculator", instances)), instances)
	total := 0
	for _, text := range all(nc, "$SRV.STATS.calculator", instances) {
		var stats micro.Stats
		must(json.Unmarshal(text, &stats))
		for _, endpoint := range stats.Endpoints {
			if endpoint.Name == "double" {
				total += endpoint.NumRequests
			}
		}
	}
	equal("requests in all statistics", total, requests)
	id := services[0].Info().ID
	equal("one that is asked by its id", len(all(nc, "$SRV.INFO.calculator."+id, 1)), 1)
	must(services[0].Stop())
	must(connections[0].Flush())
	equal("services after a stop", len(all(nc, "$SRV.PING.calculator", instances-1)), instances-1)
}

func addService(nc *nats.Conn, i int) micro.Service {
	service, err := micro.AddService(nc, micro.Config{
		Name: "calculator", Version: "1.2.3", Metadata: map[string]string{"i": fmt.Sprint(i)},
	})
	must(err)
	group := service.AddGroup("math")
	must(group.AddEndpoint("double", micro.HandlerFunc(func(request micro.Request) {
		var number int
		fmt.Sscan(string(request.Data()), &number)
		must(request.Respond([]byte(fmt.Sprint(2 * number))))
	})))
	must(group.AddEndpoint("fail", micro.HandlerFunc(func(request micro.Request) {
		must(request.Error("418", "teapot", nil))
	})))
	return service
}

// all asks, and returns as many answers as there must be.
func all(nc *nats.Conn, subject string, count int) [][]byte {
	inbox := nc.NewInbox()
	sub, err := nc.SubscribeSync(inbox)
	must(err)
	defer sub.Unsubscribe()
	must(nc.PublishRequest(subject, inbox, nil))
	answers := [][]byte{}
	for len(answers) < count {
		answers = append(answers, next(sub).Data)
	}
	must(nc.Flush())
	if pending, _, _ := sub.Pending(); pending > 0 {
		panic(fmt.Sprintf("more than %d answers on %s", count, subject))
	}
	return answers
}
