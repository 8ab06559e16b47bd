package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what is asked for at each scrape.
type State struct {
	Wanted, Enforced int
	MaxBans          int            // that each set can hold
	Active           map[string]int // by set
	CheckedAt        time.Time      // zero before the first comparison
	Blocked          int            // prefixes of block lists
	BlockFaults      int            // block lists that cannot be read
	Tracked          int            // addresses with failures in the window
	Forgotten        uint64         // addresses with failures that had to make room
	Paused           bool           // failures are not counted now
	Pauses           uint64         // times that counting was paused
	HistoryFailing   bool           // what must outlive a reboot cannot be written
	Kernel           *Kernel        // nil where the kernel cannot be asked
	Copies           *Copies        // nil where dropped packets are not copied
	Postfix          []Postfix
	Sources          []Source

	// Uncovered are failed logins by protocol, where bans do not close all of
	// its ports.
	Uncovered map[string]uint64
}

// Kernel is what the kernel counted.
type Kernel struct {
	Seen, Logged, LogLimited uint64 // packets
	Dropped                  []Dropped
	Harness                  *Harness // nil where there is none
}

// Harness is what the chains in ufw marked, and what came to the guarded ports
// without a mark, in packets.
type Harness struct{ Marked, Unmarked uint64 }

// Total is the number of packets that were dropped.
func (k *Kernel) Total() uint64 {
	var n uint64
	for i := range k.Dropped {
		n += k.Dropped[i].Packets
	}
	return n
}

// Copies is what became of copies of dropped packets.
type Copies struct{ Read, Unreadable, Lost uint64 }

// Dropped is what one set dropped.
type Dropped struct {
	Family         string // ipv4 or ipv6
	Set            string
	Packets, Bytes uint64
}

// Postfix is how many questions of Postfix, in one protocol, had a result.
type Postfix struct {
	Protocol, Result string
	Requests         uint64
}

// Source is one log that is read.
type Source struct {
	Name                                string
	Lines, Bytes, Rotations, Errors     uint64
	Reopens, OverLong, Refused, Dropped uint64
	Gaps                                uint64
	LagBytes                            int64
	LagSeconds                          float64
}

// collector turns State into series.
type collector struct {
	state func() State
	descs map[string]*prometheus.Desc
}

var scraped = []struct {
	name, help string
	labels     []string
}{
	{DroppedPackets, "Packets dropped, by family and set.", []string{"family", "set"}},
	{DroppedBytes, "Bytes dropped, by family and set.", []string{"family", "set"}},
	{LoggedPackets, "Dropped packets that the kernel logged.", nil},
	{LogLimited, "Dropped packets that the log rate kept out of the kernel log.", nil},
	{HarnessPackets, "Packets that ufw's harness marked for the look-up, and those for the guarded ports that it did not.", []string{"mark"}},
	{DropCopies, "Copies of dropped packets for smtpbl top, by what became of them.", []string{"result"}},
	{SeenPackets, "Packets to the mail ports.", nil},
	{BansActive, "Bans that should be dropping packets now, by set.", []string{"set"}},
	{BansWanted, "Bans that should be dropping packets now.", nil},
	{BansEnforced, "Of the wanted bans, those that the kernel enforces.", nil},
	{BansMax, "Bans that each set can hold.", nil},
	{Blocked, "Prefixes that are dropped because of block lists.", nil},
	{BlockFaults, "Block lists that could not be read; what they held before is dropped.", nil},
	{CheckTimestamp, "When wanted and enforced bans were last compared, Unix time.", nil},
	{Tracked, "Addresses with failed logins inside the window.", nil},
	{Forgotten, "Addresses with failed logins that had to make room for others before the window's end.", nil},
	{CountingPaused, "1 while failed logins are not counted because the mail server cannot check passwords.", nil},
	{Pauses, "Times that counting was paused because the mail server could not check passwords.", nil},
	{HistoryFailing, "1 while the history cannot be written, so that a reboot would forget new bans.", nil},
	{Uncovered, "Failed logins at protocols whose usual ports are not all among those that bans close, by protocol.", []string{"protocol"}},
	{PostfixRequests, "Questions of Postfix whether a client is to be turned away, by protocol and result.", []string{"protocol", "result"}},
	{SourceLines, "Lines read, by source.", []string{"source"}},
	{SourceBytes, "Bytes read, by source.", []string{"source"}},
	{SourceLag, "Bytes written but not yet read, by source.", []string{"source"}},
	{SourceLagTime, "How long the oldest byte that is known and not yet read has been waiting, by source.", []string{"source"}},
	{SourceRotations, "Rotations and truncations seen, by source.", []string{"source"}},
	{SourceErrors, "Errors of reading, by source.", []string{"source"}},
	{SourceGaps, "Times that lines may have been missed between rotated files, by source.", []string{"source"}},
	{SourceReopens, "Times that a source could be read again after it could not, by source.", []string{"source"}},
	{SourceOverLong, "Lines of which only the beginning was kept, by source.", []string{"source"}},
	{SourceRefused, "Lines that no mail server wrote, or that are no message, by source.", []string{"source"}},
	{SourceDropped, "Lines that came faster than they could be taken, by source.", []string{"source"}},
}

// Attach makes each scrape ask state for the rest of the series.
func (m *Metrics) Attach(state func() State) {
	c := &collector{state: state, descs: map[string]*prometheus.Desc{}}
	for _, s := range scraped {
		c.descs[s.name] = prometheus.NewDesc(s.name, s.help, s.labels, nil)
	}
	m.registry.MustRegister(c)
}

// Describe sends what Collect may send.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect asks for the state and sends it.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.state()
	gauge := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v, labels...)
	}
	counter := func(name string, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.CounterValue, float64(v), labels...)
	}
	gauge(BansWanted, float64(s.Wanted))
	gauge(BansEnforced, float64(s.Enforced))
	gauge(BansMax, float64(s.MaxBans))
	gauge(Tracked, float64(s.Tracked))
	counter(Forgotten, s.Forgotten)
	counter(Pauses, s.Pauses)
	gauge(CountingPaused, flag(s.Paused))
	gauge(HistoryFailing, flag(s.HistoryFailing))
	gauge(Blocked, float64(s.Blocked))
	gauge(BlockFaults, float64(s.BlockFaults))
	for protocol, n := range s.Uncovered {
		counter(Uncovered, n, protocol)
	}
	for set, n := range s.Active {
		gauge(BansActive, float64(n), set)
	}
	if !s.CheckedAt.IsZero() {
		gauge(CheckTimestamp, float64(s.CheckedAt.UnixMilli())/1e3)
	}
	if s.Kernel != nil {
		s.Kernel.send(counter)
	}
	if s.Copies != nil {
		counter(DropCopies, s.Copies.Read, "read")
		counter(DropCopies, s.Copies.Unreadable, "unreadable")
		counter(DropCopies, s.Copies.Lost, "lost")
	}
	for _, p := range s.Postfix {
		counter(PostfixRequests, p.Requests, p.Protocol, p.Result)
	}
	for i := range s.Sources {
		src := &s.Sources[i]
		counter(SourceLines, src.Lines, src.Name)
		counter(SourceBytes, src.Bytes, src.Name)
		counter(SourceRotations, src.Rotations, src.Name)
		counter(SourceErrors, src.Errors, src.Name)
		counter(SourceReopens, src.Reopens, src.Name)
		counter(SourceOverLong, src.OverLong, src.Name)
		counter(SourceRefused, src.Refused, src.Name)
		counter(SourceDropped, src.Dropped, src.Name)
		counter(SourceGaps, src.Gaps, src.Name)
		gauge(SourceLag, float64(src.LagBytes), src.Name)
		gauge(SourceLagTime, src.LagSeconds, src.Name)
	}
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func (k *Kernel) send(counter func(name string, v uint64, labels ...string)) {
	counter(SeenPackets, k.Seen)
	counter(LoggedPackets, k.Logged)
	counter(LogLimited, k.LogLimited)
	if k.Harness != nil {
		counter(HarnessPackets, k.Harness.Marked, "marked")
		counter(HarnessPackets, k.Harness.Unmarked, "unmarked")
	}
	for _, d := range k.Dropped {
		counter(DroppedPackets, d.Packets, d.Family, d.Set)
		counter(DroppedBytes, d.Bytes, d.Family, d.Set)
	}
}
