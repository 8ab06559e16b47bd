package nft

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// TestFeatures compares what was found with the version of the kernel, and
// looks for traces of the trials.
func TestFeatures(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.NFLogGroup = 5
	table := open(t, nettest.New(t), cfg)
	f := table.Features()
	features := []struct {
		name         string
		has          bool
		major, minor int
	}{
		{"nflog", f.NFLog, 5, 10},
		{"owner", f.Owner, 5, 12},
		{"destroy", f.Destroy, 6, 3},
		{"protect", f.Protect, 6, 9},
		{"time-out update", f.TimeoutUpdate, 6, 12},
		{"set count", f.SetCount, 6, 16},
	}
	for _, feature := range features {
		if lacks(t, feature.has, feature.major, feature.minor) {
			t.Logf("this kernel lacks %s", feature.name)
		}
	}
	tables := 0
	err := table.sock.dump(unix.NFT_MSG_GETTABLE, func(*encoder) {}, func([]byte) { tables++ })
	if err != nil || tables != 0 {
		t.Errorf("%d tables (%v) after the trials, want none", tables, err)
	}
}
