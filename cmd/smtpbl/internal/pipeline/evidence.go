package pipeline

import (
	"bytes"
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

const (
	// evidencePause is how long the lines of what was judged may wait, so that a
	// burst of bans is over before.
	evidencePause = 100 * time.Millisecond
	// evidenceBatches is how many batches may wait; see spares.
	evidenceBatches = 8
)

// judged is a batch whose lines are still to be kept, with what came of it.
type judged struct {
	batch     *Batch
	decisions []policy.Decision
}

// keepLater puts the lines of a batch off: no ban waits for the evidence of those
// before it.
func (j *Judge) keepLater(ctx context.Context, b *Batch, decisions []policy.Decision) {
	if j.evidence == nil {
		b.release()
		return
	}
	j.later = append(j.later, judged{b, decisions})
	if len(j.later) >= evidenceBatches {
		j.keepEvidence(ctx)
	}
}

// keepEvidence keeps the lines that were put off, and hands those of bans on.
func (j *Judge) keepEvidence(ctx context.Context) {
	for i := range j.later {
		b := j.later[i].batch
		for k := range b.Events {
			j.evidence.Add(&b.Events[k])
		}
		if found := j.evidenceOf(j.later[i].decisions); len(found) > 0 {
			// Without it the bans stand all the same.
			_ = j.sink.Send(context.WithoutCancel(ctx), enforce.Work{Evidence: found})
		}
		b.release()
	}
	clear(j.later)
	j.later = j.later[:0]
}

// scratchMost is how much room is kept for the evidence of the next batch.
const scratchMost = 1 << 20

// evidenceOf returns the lines that led to bans. A net's are those of its hosts.
// They are gathered in a buffer that is used again, and take as much memory as
// they need: where the disk is behind, many wait.
func (j *Judge) evidenceOf(decisions []policy.Decision) []store.Evidence {
	var found []store.Evidence
	buf := j.scratch[:0]
	for i := range decisions {
		d := &decisions[i]
		if !d.Ban() || d.Step == policy.StepNet {
			continue
		}
		begin := len(buf)
		var seen int
		if buf, seen = j.evidence.Last(buf, d.Prefix.Addr(), d.At, store.MaxEvidence); len(buf) > begin {
			found = append(found, store.Evidence{Prefix: d.Prefix, At: d.At, Seen: seen, Lines: buf[begin:]}) // so many of them
		}
	}
	rest := bytes.Clone(buf)
	for i := range found {
		n := len(found[i].Lines)
		found[i].Lines, rest = rest[:n:n], rest[n:]
	}
	if j.scratch = buf; cap(buf) > scratchMost {
		j.scratch = nil
	}
	return found
}
