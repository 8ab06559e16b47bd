package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// Parsing runs for every line of every log, so it must leave nothing for the
// garbage collector, whatever a client makes the servers write.
func TestNothingIsAllocated(t *testing.T) {
	stamps := NewStamper(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), time.UTC)
	reader := NewReader(nil)
	var ev policy.Event
	check := func(line []byte) {
		reader.Line(line, &ev) // room for a record's line, and
		stamps.Stamp(line)     // the first sight of a second, may cost
		n := testing.AllocsPerRun(10, func() {
			reader.Line(line, &ev)
			stamps.Stamp(line)
		})
		if n != 0 {
			t.Errorf("%.200q: %v allocations", line, n)
		}
	}
	for _, text := range append(forgeries, "alice", "2001:db8::1", "2001:db8::1::") {
		for _, shape := range shapes {
			line := isoHead + strings.ReplaceAll(shape, "%u", text)
			check([]byte(line))
			check(inRecord(t, line))
		}
	}
	for _, head := range rareHeads {
		check([]byte(head + failure))
	}
	for _, s := range addresses {
		check([]byte(bsdHead + "postfix/smtpd[7]: warning: unknown[" + s + "]: SASL LOGIN authentication failed: x"))
	}
	for _, c := range loginShapes {
		check([]byte("Jul 31 01:40:25 " + c.line)) // Dovecot's own log
	}
}
