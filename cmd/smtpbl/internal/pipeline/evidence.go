package pipeline

import (
	"context"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/policy"
)

// KeepEvidence makes the Judge keep the lines of what it judges in r, and hand
// those of each ban to the Sink. It is called before Run.
func (j *Judge) KeepEvidence(r *evidence.Ring) { j.evidence = r }

// Evidence returns the last lines of an address, and how many there were as far
// as is known. It is to be called within Ask.
func (j *Judge) Evidence(a netip.Addr, at time.Time) (lines []byte, seen int) {
	if j.evidence == nil {
		return nil, 0
	}
	return j.evidence.Last(nil, a, at, evidence.Most*evidence.MaxText)
}

// keepEvidence takes the lines of events and hands on those of bans. It comes
// after the decisions were handed on: no ban waits for it.
func (j *Judge) keepEvidence(ctx context.Context, events []policy.Event, decisions []policy.Decision) {
	if j.evidence == nil {
		return
	}
	for i := range events {
		j.evidence.Add(&events[i])
	}
	var found []store.Evidence
	var lines []byte
	var seen int
	for i := range decisions {
		d := &decisions[i]
		if !d.Ban() || d.Step == policy.StepNet { // a net's evidence is that of its hosts
			continue
		}
		begin := len(lines)
		lines, seen = j.evidence.Last(lines, d.Prefix.Addr(), d.At, store.MaxEvidence)
		if len(lines) > begin {
			found = append(found, store.Evidence{Prefix: d.Prefix, At: d.At, Seen: seen, Lines: lines[begin:len(lines):len(lines)]})
		}
	}
	if len(found) == 0 {
		return
	}
	// Without it the ban stands all the same.
	_ = j.sink.Send(context.WithoutCancel(ctx), enforce.Work{Evidence: found})
}
