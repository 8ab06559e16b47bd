package enforce

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// manyRecords makes n bans, each begun a second after the one before.
func manyRecords(n int) []store.Record {
	now := time.Now()
	out := make([]store.Record, n)
	for i := range out {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		out[i] = store.Record{
			Prefix: netip.PrefixFrom(addr, 32), Bans: 1,
			At: now.Add(time.Duration(i-n) * time.Second), Until: now.Add(time.Hour + time.Duration(i)*time.Second),
		}
	}
	return out
}

// count asks the kernel which of the records stand.
func (b *bench) count(records []store.Record) int {
	b.t.Helper()
	keys := make([]nft.Key, len(records))
	for i := range records {
		keys[i] = records[i].Key()
	}
	bans, err := b.kernel.Query(keys)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(bans)
}

func TestTheLatestBansComeBackFirst(t *testing.T) {
	b := newBench(t)
	records := manyRecords(10_000)
	b.restore(records...)
	s := newStranger(t)
	s.FlushSet(s.set("ban4"))
	s.commit()
	b.lookout.add(nft.Foreign{Many: true, PID: 1, Process: "nft"}, false)
	b.disturbed()
	latest := records[len(records)-sliceFirst:]
	if n := b.count(latest); n != len(latest) {
		t.Errorf("%d of the latest %d bans stand after the first slice", n, len(latest))
	}
	if h := b.Health(); h.Enforced != sliceFirst {
		t.Errorf("%d bans are said to be enforced, %d are", h.Enforced, b.count(records))
	}
	start, slices := time.Now(), 1
	for ; b.round != nil; slices++ {
		if due := b.due(); due.After(time.Now()) {
			t.Fatalf("the next slice waits for %v", time.Until(due))
		}
		b.look(time.Now())
	}
	t.Logf("%d slices, the last ones took %v", slices, time.Since(start))
	if n := b.count(records); n != len(records) {
		t.Errorf("%d of %d bans stand after all slices", n, len(records))
	}
	b.wantLog("missing=10000 wrong_end=0 failed=0")
	b.wantLog("by.process=nft by.pid=1")
}

func TestTheRegularComparisonRestsBetweenItsSlices(t *testing.T) {
	b := watched(t)
	records := manyRecords(1000)
	b.restore(records...)
	b.look(time.Now())
	first := b.round
	if first == nil || first.compared != sliceFirst {
		t.Fatalf("round after the first look: %+v", first)
	}
	if rest := time.Until(first.due); rest < 50*time.Microsecond*roundShare {
		t.Errorf("the next slice comes after %v", rest)
	}
	for b.round != nil {
		b.look(b.round.due)
	}
	if first.compared != len(records) || first.missing+first.wrongEnd != 0 {
		t.Errorf("compared %d, missing %d, wrong end %d", first.compared, first.missing, first.wrongEnd)
	}
	if strings.Contains(b.log.String(), "restored") || len(b.meter.got) > 0 {
		t.Errorf("something was repaired: %v\n%s", b.meter.got, b.log)
	}
	if again := time.Until(b.due()); again < roundEvery/2 || again > roundEvery {
		t.Errorf("the next round comes after %v", again)
	}
}

func TestBansMayChangeWhileTheyAreCompared(t *testing.T) {
	b := newBench(t)
	b.MaxBans = 10_000
	records := manyRecords(1000)
	b.restore(records...)
	b.look(time.Now())
	for i := 0; b.round != nil; i++ {
		if _, err := b.hand(Hand{Del: []netip.Prefix{records[i].Prefix, records[len(records)-1-i].Prefix}}); err != nil {
			t.Fatal(err)
		}
		b.decide(decide(netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 32).String(), time.Hour))
		b.look(b.round.due)
	}
	lifted := strings.Count(strings.Join(b.meter.got, "\n"), "unbanned manual")
	if n := b.count(records); n != len(records)-lifted || lifted == 0 {
		t.Errorf("%d bans stand, %d of %d were lifted", n, lifted, len(records))
	}
	if strings.Contains(b.log.String(), "restored") {
		t.Errorf("something was repaired:\n%s", b.log)
	}
}

func TestDriftIsToldByKind(t *testing.T) {
	b := newBench(t)
	records := manyRecords(300)
	b.restore(records...)
	other := open(t)
	if err := other.Apply([]nft.Change{
		{Prefix: records[3].Prefix, Remove: true},
		{Prefix: records[200].Prefix, Timeout: time.Minute},
		{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Timeout: time.Minute}, // somebody's own
	}); err != nil {
		t.Fatal(err)
	}
	b.look(time.Now())
	for b.round != nil {
		b.look(b.round.due)
	}
	b.wantLog("cause=drift missing=1 wrong_end=1 failed=0 compared=300")
	if n := len(b.stands()); n != 301 {
		t.Errorf("%d bans stand, want 301", n)
	}
	if len(b.meter.got) != 1 || b.meter.got[0] != "healed drift" {
		t.Errorf("counted %v", b.meter.got)
	}
}

// TestOthersTablesCostNothing has another program commit thousands of
// transactions to its own table: the Enforcer does not wake up.
func TestOthersTablesCostNothing(t *testing.T) {
	b := watched(t)
	stop := b.run()
	s := newStranger(t)
	own := s.AddTable(&nftables.Table{Name: "docker", Family: nftables.TableFamilyINet})
	set := &nftables.Set{Table: own, Name: "addresses", KeyType: nftables.TypeIPAddr}
	if err := s.AddSet(set, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		if err := s.SetAddElements(set, []nftables.SetElement{{Key: []byte{10, 0, byte(i >> 8), byte(i)}}}); err != nil {
			t.Fatal(err)
		}
		s.commit()
	}
	stop()
	if len(b.lookout.wake) > 0 || b.log.Len() == 0 || strings.Contains(b.log.String(), "another program") {
		t.Errorf("the Enforcer was woken:\n%s", b.log)
	}
}

// TestARoundLooksAround: who must be spared is looked for with each round, so
// that nothing else has to wake up for it.
func TestARoundLooksAround(t *testing.T) {
	b := newBench(t)
	looks := 0
	b.LookSoon = func() { looks++ }
	b.restore()
	b.roundDue = time.Now().Add(roundEvery)
	b.look(b.roundDue.Add(-time.Second))
	if looks != 0 {
		t.Errorf("looked %d times before the round", looks)
	}
	for n := range 2 {
		b.look(b.roundDue)
		if looks != n+1 {
			t.Errorf("looked %d times in %d rounds", looks, n+1)
		}
	}
}
