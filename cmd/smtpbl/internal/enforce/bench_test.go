package enforce

import (
	"bytes"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// counts is a Meter that remembers.
type counts struct{ got []string }

func (c *counts) add(s string)                        { c.got = append(c.got, s) }
func (c *counts) Banned(r policy.Rule, s policy.Step) { c.add("banned " + string(r) + " " + string(s)) }
func (c *counts) Unbanned(reason string)              { c.add("unbanned " + reason) }
func (c *counts) Refused(r policy.Refusal)            { c.add("refused " + string(r)) }
func (c *counts) Softened(r policy.Rule)              { c.add("soft " + string(r)) }
func (c *counts) Healed(cause string)                 { c.add("healed " + cause) }
func (c *counts) Committed(time.Duration)             {}
func (c *counts) Enforced(time.Duration)              {}

// moody is a real table whose Apply can be made to fail, and which counts how
// often all of it is listed.
type moody struct {
	*nft.Table
	fail  error
	dumps int
}

func (m *moody) Load(changes []nft.Change) error {
	if m.fail != nil {
		return m.fail
	}
	return m.Table.Load(changes)
}

func (m *moody) SetAllow(prefixes []netip.Prefix) error {
	if m.fail != nil {
		return m.fail
	}
	return m.Table.SetAllow(prefixes)
}

func (m *moody) Bans() ([]nft.Ban, error) {
	m.dumps++
	return m.Table.Bans()
}

func (m *moody) Apply(changes []nft.Change) error {
	if m.fail != nil {
		return m.fail
	}
	return m.Table.Apply(changes)
}

// paper is a History in memory that can be made to fail.
type paper struct {
	records map[nft.Key]store.Record
	marks   []ingest.Position
	lines   []store.Evidence
	fail    error
	// failLines makes only evidence fail.
	failLines error
	window    uint64   // that was named last
	dropped   []uint64 // windows
}

func (p *paper) DropWindow(w store.Window) { p.dropped = append(p.dropped, w.Number) }

func (p *paper) PutEvidence(list []store.Evidence) error {
	if p.failLines == nil {
		p.lines = append(p.lines, list...)
	}
	return p.failLines
}

func (p *paper) Put(records []store.Record) error {
	if p.fail != nil {
		return p.fail
	}
	for _, r := range records {
		p.records[r.Key()] = r
	}
	return nil
}

func (p *paper) Each(f func(*store.Record) error) error {
	for _, r := range p.records {
		if err := f(&r); err != nil {
			return err
		}
	}
	return nil
}

func (p *paper) Get(k nft.Key) (store.Record, bool, error) {
	r, ok := p.records[k]
	return r, ok, p.fail
}

func (p *paper) Prune(before time.Time) (int, error) {
	maps.DeleteFunc(p.records, func(_ nft.Key, r store.Record) bool { return r.Until.Before(before) })
	return 0, p.fail
}

func (p *paper) Checkpoint(places []ingest.Position, w store.Window) error {
	if p.fail == nil {
		p.marks, p.window = places, w.Number
	}
	return p.fail
}

type bench struct {
	*Enforcer
	t      testing.TB
	kernel *moody
	paper  *paper
	meter  *counts
	log    *bytes.Buffer
}

var tableConfig = nft.Config{
	Table: "smtpbl", Ports: []uint16{25, 465, 587}, Hook: nft.HookPrerouting, MaxBans: 20_000, ElementCounters: true,
	LogRate: 3, LogPer: time.Minute, LogBurst: 10, LogPrefix: "[SMTP BLACKLIST] ",
}

func open(t testing.TB) *nft.Table {
	t.Helper()
	table, err := nft.Open(tableConfig)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	return table
}

// newBench makes an Enforcer over a real table in a namespace of its own.
func newBench(t testing.TB) *bench {
	t.Helper()
	nstest.Enter(t)
	b := &bench{
		t: t, kernel: &moody{Table: open(t)}, meter: &counts{}, log: &bytes.Buffer{},
		paper: &paper{records: map[nft.Key]store.Record{}},
	}
	b.Enforcer = New(Options{
		Kernel: b.kernel, History: b.paper, Meter: b.meter, MaxBans: tableConfig.MaxBans, Keep: 720 * time.Hour,
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	})
	return b
}

// restore starts with these records beside those that the history has already,
// and returns all that it told.
func (b *bench) restore(records ...store.Record) map[nft.Key]store.Record {
	b.t.Helper()
	for _, r := range records {
		b.paper.records[r.Key()] = r
	}
	told := map[nft.Key]store.Record{}
	if err := b.Restore(nil, func(r *store.Record) { told[r.Key()] = *r }); err != nil {
		b.t.Fatal(err)
	}
	return told
}

// stands returns the addresses that the kernel bans.
func (b *bench) stands() []string {
	b.t.Helper()
	bans, err := b.kernel.Table.Bans()
	if err != nil {
		b.t.Fatal(err)
	}
	out := []string{}
	for i := range bans {
		out = append(out, Addr(bans[i].Prefix))
	}
	slices.Sort(out)
	return out
}

func (b *bench) wantStands(want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.stands(), cmpopts.EquateEmpty()); diff != "" {
		b.t.Errorf("bans in the kernel (-want +got):\n%s", diff)
	}
}

func (b *bench) wantLog(text string) {
	b.t.Helper()
	if !strings.Contains(b.log.String(), text) {
		b.t.Errorf("the log lacks %q:\n%s", text, b.log)
	}
}

func decide(addr string, d time.Duration) policy.Decision {
	p := netip.MustParsePrefix(addr)
	now := time.Now()
	return policy.Decision{Prefix: p, Step: policy.StepHost, Rule: policy.RuleAuthFail, At: now, Until: now.Add(d), Failures: 5, Rank: 1}
}

func (b *bench) decide(ds ...policy.Decision) { b.take(Work{Decisions: ds, ReadAt: time.Now()}) }

func (b *bench) hand(h Hand) (out Outcome, err error) {
	h.Done = func(o Outcome, e error) { out, err = o, e }
	b.take(Work{Hand: &h})
	return out, err
}

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

func policyKey(prefix string) nft.Key { return nft.Key{Prefix: netip.MustParsePrefix(prefix)} }

func manualKey(prefix string) nft.Key {
	return nft.Key{Layer: nft.LayerManual, Prefix: netip.MustParsePrefix(prefix)}
}
