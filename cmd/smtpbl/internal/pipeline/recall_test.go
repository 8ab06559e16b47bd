package pipeline

import (
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// TestRecall tells an Engine of an offender whose ban has ended, of one whose
// ban runs, of both banned by hand as well, and of one that is banned at all
// ports.
func TestRecall(t *testing.T) {
	now := time.Now()
	e := policy.New(policy.Config{Window: time.Hour, Threshold4: 1, BanTime: time.Hour, BanTimeMax: 24 * time.Hour}, now)
	ended, running := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	byHand, over := netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.4")
	everywhere := netip.MustParseAddr("192.0.2.5") // for longer than at the mail ports
	for _, r := range []store.Record{
		{Prefix: host(ended), Step: policy.StepHost, Bans: 2, At: now.Add(-3 * time.Hour), Until: now.Add(-time.Hour)},
		{Prefix: host(running), Step: policy.StepHost, Bans: 1, At: now, Until: now.Add(time.Hour)},
		{Layer: nft.LayerManual, Prefix: host(ended), Until: now.Add(time.Minute)},
		{Layer: nft.LayerManual, Prefix: host(byHand), Until: now.Add(time.Minute)},
		{Layer: nft.LayerManual, Prefix: host(over), Until: now.Add(-time.Minute)},
		{Prefix: host(everywhere), Step: policy.StepHost, Bans: 1, At: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour)},
		{Layer: nft.LayerAll, Prefix: host(everywhere), Step: policy.StepAll, Bans: 1, At: now.Add(-time.Hour), Until: now.Add(time.Hour)},
	} {
		Recall(e, &r)
	}
	for addr, want := range map[netip.Addr]bool{ended: true, running: true, byHand: true, over: false, everywhere: true} {
		if got := e.Banned(addr, now.Add(time.Second)); got != want {
			t.Errorf("%s is banned: %v, want %v", addr, got, want)
		}
	}
	out := e.Observe(&policy.Event{Time: now.Add(time.Second), Addr: ended, Kind: policy.AuthFail, Witness: policy.WitnessMTA}, nil)
	if len(out) != 1 || out[0].Rank != 3 {
		t.Errorf("decided %+v; want the offender's third ban, whatever was done by hand", out)
	}
}

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// TestWhoGaveWayCanBeBannedAgain expects that an Engine does not go on taking
// an address for banned whose ban had no room in the kernel.
func TestWhoGaveWayCanBeBannedAgain(t *testing.T) {
	now := time.Now()
	e := policy.New(policy.Config{Window: time.Hour, Threshold4: 1, BanTime: time.Hour, BanTimeMax: 24 * time.Hour}, now)
	addr := netip.MustParseAddr("192.0.2.1")
	failed := policy.Event{Time: now, Addr: addr, Kind: policy.AuthFail, Witness: policy.WitnessMTA}
	if out := e.Observe(&failed, nil); len(out) != 1 {
		t.Fatalf("decided %+v, want a ban", out)
	}
	_, j, stop := run(t, e, nil)
	j.GaveWay(host(addr))
	banned := true
	for deadline := now.Add(10 * time.Second); banned && time.Now().Before(deadline); {
		err := j.Ask(t.Context(), func(e *policy.Engine) { banned = e.Banned(addr, time.Now()) })
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	failed.Time = now.Add(time.Minute)
	if out := e.Observe(&failed, nil); banned || len(out) != 1 || out[0].Rank != 2 {
		t.Errorf("still banned: %v; decided %+v, want its second ban", banned, out)
	}
}
