package enforce

import (
	"errors"
	"testing"
	"time"
)

// TestSavedBeforeToldSo expects that whoever waits for a change by hand to be
// written does not go on before the history was tried, and does then, whether
// it could be written or not.
func TestSavedBeforeToldSo(t *testing.T) {
	for name, fail := range map[string]error{"written": nil, "disk full": errors.New("no space left on device")} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.paper.fail = fail
			if _, err := b.hand(Hand{Add: prefixes("198.51.100.7/32"), For: time.Hour}); err != nil {
				t.Fatal(err)
			}
			tried := b.saver.tried()
			select {
			case <-tried:
				t.Fatal("told before anything was written")
			default:
			}
			b.saver.write()
			<-tried
			if _, ok := b.paper.records[manualKey("198.51.100.7/32")]; ok != (fail == nil) {
				t.Errorf("it stands in the history: %v", ok)
			}
		})
	}
}

// TestByHandWithoutTable lifts bans while somebody has just deleted the table:
// the others must stand again.
func TestByHandWithoutTable(t *testing.T) {
	for name, tt := range map[string]struct {
		hand Hand
		want []string
	}{
		"del":   {Hand{Del: prefixes("198.51.100.7/32")}, []string{"198.51.100.8"}},
		"flush": {Hand{Flush: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.decide(decide("198.51.100.7/32", time.Hour), decide("198.51.100.8/32", time.Hour))
			if err := open(t).Delete(); err != nil {
				t.Fatal(err)
			}
			if _, err := b.hand(tt.hand); err != nil {
				t.Fatal(err)
			}
			b.wantStands(tt.want...)
		})
	}
}
