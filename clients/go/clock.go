package wherry

import "time"

// VirtualClock gives the test a server of its own whose clock stands still until Advance moves it.
func VirtualClock() Option { return Flags("--clock", "virtual") }

// Timer is a timer of the broker: one that waits, In from now, or one that fired, In from the
// beginning of the call.
type Timer struct {
	Kind  string // "liveness", "patience", "delivery", "retention", "transaction"
	Label string // for people
	In    time.Duration
}

type timerJSON struct {
	Kind, Label string
	InMs        float64 `json:"in_ms"`
}

func timers(all []timerJSON) []Timer {
	listed := []Timer{}
	for _, one := range all {
		in := time.Duration(one.InMs * float64(time.Millisecond))
		listed = append(listed, Timer{one.Kind, one.Label, in})
	}
	return listed
}

// Now is the broker's time, to the millisecond.
func (b *Broker) Now() time.Time {
	b.t.Helper()
	var answer struct {
		NowMs int64 `json:"now_ms"`
	}
	b.must("clock.now", nil, &answer)
	return time.UnixMilli(answer.NowMs)
}

// Advance moves a virtual clock, but spares connected clients, who live in real time. It returns
// the timers that fired, in order.
func (b *Broker) Advance(by time.Duration) []Timer {
	b.t.Helper()
	return b.advance(by, false)
}

// AdvanceLiveness moves it for connected clients too, as if they said nothing meanwhile.
func (b *Broker) AdvanceLiveness(by time.Duration) []Timer {
	b.t.Helper()
	return b.advance(by, true)
}

func (b *Broker) advance(by time.Duration, liveness bool) []Timer {
	b.t.Helper()
	var answer struct{ Fired []timerJSON }
	b.must("clock.advance", map[string]any{"by_ms": milliseconds(by), "liveness": liveness}, &answer)
	return timers(answer.Fired)
}

// AdvanceToNext moves a virtual clock to the next timer. The test ends if none waits.
func (b *Broker) AdvanceToNext() []Timer {
	b.t.Helper()
	var answer struct{ Fired []timerJSON }
	b.must("clock.advance_to_next", nil, &answer)
	return timers(answer.Fired)
}

// PendingTimers are those that wait, the next one first.
func (b *Broker) PendingTimers() []Timer {
	b.t.Helper()
	var answer struct{ Pending []timerJSON }
	b.must("clock.pending", nil, &answer)
	return timers(answer.Pending)
}
