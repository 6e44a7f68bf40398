package wherry

import "time"

// Fault is something that is to go wrong for clients. On says for which operation: "kafka.Produce",
// "kafka.*", "nats.PUB", "nats.MSG", "kafka.connection" and so on. Then which, when, and one what.
type Fault struct {
	On string `json:"on"`

	// Which; what is empty is not looked at.
	Topic      string `json:"topic,omitempty"`
	Group      string `json:"group,omitempty"`
	Subject    string `json:"subject,omitempty"`
	Client     string `json:"client,omitempty"`
	Connection uint64 `json:"connection,omitempty"`

	// When: the first Skip pass, then so many Times (0: always), each with this Probability (0: 1).
	Skip        int     `json:"skip,omitempty"`
	Times       int     `json:"times,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
	// The operation is carried out, and its answer meets the fault.
	AfterApply bool `json:"after_apply,omitempty"`

	// What.
	Fail       string        `json:"fail,omitempty"` // the name of the protocol's error
	Delay      time.Duration `json:"-"`
	Hang       bool          `json:"hang,omitempty"`
	Drop       bool          `json:"drop,omitempty"`
	Reset      bool          `json:"reset,omitempty"`
	Close      bool          `json:"close,omitempty"`
	Slice      uint64        `json:"slice,omitempty"`       // bytes
	Bandwidth  uint64        `json:"bandwidth,omitempty"`   // bytes a second
	CloseAfter uint64        `json:"close_after,omitempty"` // bytes
}

// AddedFault is a fault in force.
type AddedFault struct {
	b  *Broker
	id uint64
}

// Fault adds a fault, until it is removed or the test ends.
func (b *Broker) Fault(fault Fault) *AddedFault {
	b.t.Helper()
	in := struct {
		Fault
		DelayMs float64 `json:"delay_ms,omitempty"`
	}{fault, milliseconds(fault.Delay)}
	var answer struct{ ID uint64 }
	b.must("faults.add", in, &answer)
	return &AddedFault{b, answer.ID}
}

// Fired is how many operations it has struck.
func (f *AddedFault) Fired() int {
	f.b.t.Helper()
	var answer struct {
		Faults []struct {
			ID    uint64
			Fired int
		}
	}
	f.b.must("faults.list", nil, &answer)
	for _, fault := range answer.Faults {
		if fault.ID == f.id {
			return fault.Fired
		}
	}
	f.b.t.Fatalf("wherry: fault %d was removed", f.id)
	return 0
}

// Remove ends it.
func (f *AddedFault) Remove() {
	f.b.t.Helper()
	f.b.must("faults.remove", map[string]any{"id": f.id}, nil)
}

// ClearFaults removes all.
func (b *Broker) ClearFaults() {
	b.t.Helper()
	b.must("faults.clear", nil, nil)
}

// DiskFull has the next commits find no space; -1: all, 0: none any more. Of the whole server, so
// the test needs its own.
func (b *Broker) DiskFull(commits int) {
	b.t.Helper()
	b.needOwn("DiskFull")
	if commits == 0 {
		b.must("faults.storage", map[string]any{"kind": "none"}, nil)
		return
	}
	b.must("faults.storage", map[string]any{"kind": "disk_full", "commits": commits}, nil)
}

// Hold is a place where operations wait until they are released.
type Hold struct {
	b      *Broker
	number int64
}

// Hold has operations that match the fault's On, which and when wait, until Release or the end of
// the test.
func (b *Broker) Hold(point Fault) *Hold {
	b.t.Helper()
	var answer struct{ Hold int64 }
	b.must("hold", point, &answer)
	return &Hold{b, answer.Hold}
}

// Wait waits until count operations have arrived. The test ends after the limit.
func (h *Hold) Wait(count int, limit time.Duration) {
	h.b.t.Helper()
	h.b.must("hold.wait", map[string]any{
		"hold": h.number, "count": count, "limit_ms": milliseconds(limit)}, nil)
}

// Release lets them go on, once.
func (h *Hold) Release() {
	h.b.t.Helper()
	h.b.must("hold.release", map[string]any{"hold": h.number}, nil)
}

// Crash ends the broker as if its machine had lost power: connections are reset, the ports refuse,
// what was not synced is gone. The test needs a server of its own.
func (b *Broker) Crash() {
	b.t.Helper()
	b.needOwn("Crash")
	b.must("broker.crash", nil, nil)
}

// Restart starts it again at the same ports, after a crash or in order.
func (b *Broker) Restart() {
	b.t.Helper()
	b.needOwn("Restart")
	b.must("broker.restart", nil, nil)
}

func (b *Broker) needOwn(verb string) {
	b.t.Helper()
	if !b.own {
		b.t.Fatalf("wherry: %s would befall other tests; give this one a server: "+
			"wherry.Run(t, wherry.Own())", verb)
	}
}
