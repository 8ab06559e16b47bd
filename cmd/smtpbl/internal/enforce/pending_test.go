package enforce

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

var errRefused = errors.New("cannot allocate memory")

// TestARefusedRemovalIsForgotten has a ban give way while the kernel refuses
// everything, and come again when it does not: lifting it is not tried again.
func TestARefusedRemovalIsForgotten(t *testing.T) {
	for name, again := range map[string]bool{"by the next ban": true, "when it is tried again": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.MaxBans = 1
			b.decide(decide("198.51.100.7/32", time.Hour))
			b.kernel.fail = errRefused
			b.decide(decide("198.51.100.8/32", 2*time.Hour))
			if len(b.pending) != 2 {
				t.Fatalf("%d changes are to be tried again, want 2", len(b.pending))
			}
			if !again {
				b.decide(decide("198.51.100.7/32", 3*time.Hour))
			}
			b.kernel.fail = nil
			if again {
				b.decide(decide("198.51.100.7/32", 3*time.Hour))
			}
			b.retryPending(time.Now().Add(time.Hour))
			b.wantStands("198.51.100.7")
			if len(b.pending) != 0 {
				t.Errorf("still to be tried again: %v", b.pending)
			}
		})
	}
}

// TestALateBanIsToldAndEndsConnections, whether the kernel takes it when it is
// tried again or the table had to be built anew.
func TestALateBanIsToldAndEndsConnections(t *testing.T) {
	for name, gone := range map[string]bool{"refused": false, "no table": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.killer.sessions = noSessions{}
			b.decide(decide("198.51.100.6/32", time.Hour))
			b.killer.targets = nil
			b.kernel.fail = errRefused
			b.decide(decide("198.51.100.7/32", time.Hour))
			b.kernel.fail = nil
			if len(b.killer.targets) != 0 {
				t.Error("connections are ended before the ban is in force")
			}
			now := time.Now().Add(time.Minute)
			if gone {
				if err := open(t).Delete(); err != nil {
					t.Fatal(err)
				}
				b.checkOutline(nft.Foreign{})
				now = time.Now()
			}
			b.look(now)
			b.wantStands("198.51.100.6", "198.51.100.7")
			b.wantLog(`msg=banned addr=198.51.100.7`)
			if !slices.Equal(b.killer.targets, prefixes("198.51.100.7/32")) {
				t.Errorf("connections of %v are ended", b.killer.targets)
			}
			if n := len(slices.DeleteFunc(b.meter.got, func(s string) bool { return !strings.HasPrefix(s, "banned ") })); n != 2 {
				t.Errorf("%d bans are counted, want 2", n)
			}
		})
	}
}

// noSessions finds no connections.
type noSessions struct{}

func (noSessions) Kill([]netip.Prefix) (int, error)    { return 0, nil }
func (noSessions) KillAll([]netip.Prefix) (int, error) { return 0, nil }
func (noSessions) SetAllow(_ []netip.Prefix) error     { return nil }

// TestARefusedExtensionIsTriedAgain expects that a ban which stands with its old
// end is not taken for one that was made longer.
func TestARefusedExtensionIsTriedAgain(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Minute))
	b.kernel.fail = errRefused
	b.decide(decide("198.51.100.7/32", time.Hour))
	b.kernel.fail = nil
	b.retryPending(time.Now().Add(time.Minute))
	if left := b.left()["ban4 198.51.100.7"]; left < 50*time.Minute {
		t.Errorf("it goes on for %v, want almost an hour", left)
	}
}

// TestAnErrorIsForgottenWhenAllIsWell by the next comparison.
func TestAnErrorIsForgottenWhenAllIsWell(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.health.kernelError(errRefused)
	b.look(time.Now())
	if h := b.Health(); h.Kernel != "" {
		t.Errorf("the kernel's state is %q", h.Kernel)
	}
}
