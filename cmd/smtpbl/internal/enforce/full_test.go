package enforce

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/nftables"
)

// TestAFullSetLetsTheSoonestGo fills a set with another program's elements
// until the kernel takes no more.
func TestAFullSetLetsTheSoonestGo(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.1/32", 3*time.Hour), decide("198.51.100.2/32", 2*time.Hour), decide("2001:db8:1::/64", time.Hour))
	s := newStranger(t)
	size := tableConfig.MaxBans + tableConfig.MaxBans/10
	var els []nftables.SetElement
	for i := range size - 2 {
		els = append(els, nftables.SetElement{Key: []byte{10, 0, byte(i >> 8), byte(i)}, Timeout: time.Hour})
	}
	if err := s.SetAddElements(s.set("ban4"), els); err != nil {
		t.Fatal(err)
	}
	s.commit()
	// The new ban ends before all others and stays: it attacks now.
	b.decide(decide("198.51.100.3/32", time.Minute), decide("2001:db8:2::/64", time.Hour))
	stands := b.stands()
	for addr, want := range map[string]bool{
		"198.51.100.1": true, "198.51.100.2": false, "198.51.100.3": true, "2001:db8:1::/64": true, "2001:db8:2::/64": true,
	} {
		if slices.Contains(stands, addr) != want {
			t.Errorf("%s stands: %v, want %v", addr, !want, want)
		}
	}
	if n := len(stands); n != size+2 {
		t.Errorf("%d bans stand, want %d", n, size+2)
	}
	if !slices.Contains(b.meter.got, "unbanned evicted") {
		t.Errorf("counted %v", b.meter.got)
	}
	b.wantLog(`msg="ban gave way to newer ones" addr=198.51.100.2 set=ban4`)
	if h := b.Health(); h.Wanted != 4 || h.Enforced != 4 || h.Pending != 0 {
		t.Errorf("health %s", fmt.Sprintf("%+v", h))
	}
}

func TestAFullSetMakesRoom(t *testing.T) {
	b := newBench(t)
	b.MaxBans = 3
	var gaveWay []netip.Prefix
	b.GaveWay = func(p netip.Prefix) { gaveWay = append(gaveWay, p) }
	b.restore()
	for i, addr := range []string{"198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32", "198.51.100.4/32"} {
		b.decide(decide(addr, time.Duration(10-i)*time.Hour)) // each ends sooner than the one before
	}
	b.decide(decide("2001:db8:1::/64", time.Minute)) // another set has room of its own
	b.wantStands("198.51.100.1", "198.51.100.2", "198.51.100.4", "2001:db8:1::/64")
	if !slices.Equal(gaveWay, prefixes("198.51.100.3/32")) {
		t.Errorf("%v are said to have given way", gaveWay)
	}
	b.saver.write()
	if r := b.paper.records[policyKey("198.51.100.3/32")]; r.Active(time.Now()) {
		t.Errorf("the history would bring it back until %v", r.Until)
	}
}
