package enforce

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/nft"
)

// diary is a Sessions that writes down what happens, and when.
type diary struct{ entries []string }

func (d *diary) Kill([]netip.Prefix) (int, error) {
	d.entries = append(d.entries, "end connections")
	return 0, nil
}

func (d *diary) KillAll([]netip.Prefix) (int, error) {
	d.entries = append(d.entries, "end all connections")
	return 0, nil
}

func (d *diary) SetAllow([]netip.Prefix) error { return nil }

// TestLookAgainComesFirst: whoever must not be banned keeps his connections.
func TestLookAgainComesFirst(t *testing.T) {
	d := &diary{}
	k := newKiller(Options{Sessions: d, Log: slog.New(slog.DiscardHandler), LookAgain: func() { d.entries = append(d.entries, "look") }})
	k.add(nft.LayerPolicy, netip.MustParsePrefix("198.51.100.7/32"))
	k.add(nft.LayerAll, netip.MustParsePrefix("198.51.100.7/32"))
	k.kill()
	want := []string{"look", "end connections", "end all connections"}
	if diff := cmp.Diff(want, d.entries); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	// Also where connections are not ended.
	looked := 0
	k = newKiller(Options{Log: slog.New(slog.DiscardHandler), LookAgain: func() { looked++ }})
	k.add(nft.LayerPolicy, netip.MustParsePrefix("198.51.100.7/32"))
	if len(k.wake) != 1 {
		t.Error("nobody is woken")
	}
	if k.kill(); looked != 1 {
		t.Errorf("looked %d times, want once", looked)
	}
}
