package wherry

import (
	"context"
	"errors"
)

// Finding is something that looks wrong at the end of a test.
type Finding struct {
	Rule string // "unreceived", "uncommitted_read", "late_subscription", "leaked_connection"
	Text string
}

// AllowLint lets the test break these rules; without a name, all.
func (b *Broker) AllowLint(rules ...string) {
	b.allowed = append(b.allowed, rules...)
	b.unlint = b.unlint || len(rules) == 0
}

// Lint is what looks wrong now, but for rules that are allowed. The end of the test does it too.
func (b *Broker) Lint() []Finding {
	b.t.Helper()
	findings, err := b.findings()
	if err != nil {
		b.t.Fatalf("wherry: lint: %v", err)
	}
	return findings
}

func (b *Broker) findings() ([]Finding, error) {
	var answer struct{ Findings []Finding }
	err := b.Call(context.Background(), "lint", map[string]any{
		"allow": append([]string{}, b.allowed...)}, &answer)
	return answer.Findings, err
}

// lint fails the test for what it left.
func (b *Broker) lint() {
	if b.unlint || b.t.Skipped() {
		return
	}
	findings, err := b.findings()
	var refused *Error
	if errors.As(err, &refused) && refused.Status == "failed_precondition" {
		return // with --history 0 nothing is remembered to look at
	}
	if err != nil {
		b.t.Errorf("wherry: lint: %v", err)
	}
	for _, finding := range findings {
		b.t.Errorf("wherry: [%s] %s", finding.Rule, finding.Text)
	}
}

// Connection is an open connection of a client.
type Connection struct {
	Protocol      string // "nats", "kafka"
	ID            uint64
	Remote        string
	Client        string // the name it gave itself
	Library       string
	User          string
	Subscriptions int
}

// Connections are the open connections of clients.
func (b *Broker) Connections() []Connection {
	b.t.Helper()
	var answer struct{ Connections []Connection }
	b.must("connections", nil, &answer)
	return answer.Connections
}

// Request is one operation that a client asked for, and what became of it.
type Request struct {
	Sequence   uint64
	Operation  string // "kafka.Produce", "nats.PUB"
	Connection uint64
	Client     string
	Version    int
	Topics     []string
	Groups     []string
	Subject    string
	Receivers  int64 // of a NATS message; -1: it is none
	Answered   bool
	Error      string
	Text       string // for people
}

// Requests are what clients asked for, oldest first: those of an operation ("kafka.Produce",
// "kafka.*"), or all for "".
func (b *Broker) Requests(operation string) []Request {
	b.t.Helper()
	var answer struct{ Requests []Request }
	b.must("requests", map[string]any{"operation": operation}, &answer)
	return answer.Requests
}

// ExplainRoute tells for people who gets a NATS message on a subject, who does not, and why.
func (b *Broker) ExplainRoute(subject string) string {
	b.t.Helper()
	var answer struct{ Text string }
	b.must("nats.explain_route", map[string]any{"subject": subject}, &answer)
	return answer.Text
}

// Group is a Kafka consumer group.
type Group struct {
	Group      string
	State      string // "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"
	Generation int
	Protocol   string
	Members    []struct {
		ID         string
		ClientID   string `json:"client_id"`
		Assignment map[string][]int32
	}
}

// Groups are all Kafka consumer groups.
func (b *Broker) Groups() []Group {
	b.t.Helper()
	var answer struct{ Groups []Group }
	b.must("kafka.groups", nil, &answer)
	return answer.Groups
}
