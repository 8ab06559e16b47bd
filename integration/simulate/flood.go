package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"time"

	"github.com/smtpbl/smtpbl/integration/internal/machine"
	"github.com/smtpbl/smtpbl/policy"
)

// flooded is what came of a flood of random sources, each with a name of its
// own, while some attackers are patient.
type flooded struct {
	IPv6      bool        `json:"ipv6"`
	Each      int         `json:"failures_of_each_source"`
	Setting   string      `json:"setting"`
	Events    int         `json:"events"`
	Sentries  []*sentries `json:"patient"`
	Nanos     float64     `json:"ns_per_event"`
	Heap      uint64      `json:"heap_in_use_bytes"`
	Resident  resident    `json:"process"`
	Tracked   int         `json:"tracked_addresses"`
	Forgotten uint64      `json:"forgotten"`
	Bans      int         `json:"bans"`
}

const (
	// floodFor is how long a flood takes in virtual time: all within a window.
	floodFor = 20 * time.Hour
	// sentriesEach is how many patient attackers of each kind there are.
	sentriesEach = 100
)

// run sends the events through an Engine of this setting.
func (f *flooded) run(s setting) error {
	f.Setting, f.Sentries = s.Name, sentriesOf(f.IPv6, sentriesEach)
	if err := forgetMost(); err != nil {
		return err
	}
	e := policy.New(s.Config, start)
	for _, s := range f.Sentries {
		s.prepare(e)
	}
	f.pour(e)
	threshold := s.Config.Threshold4
	if f.IPv6 {
		threshold = s.Config.Threshold6
	}
	for _, s := range f.Sentries {
		s.judge(e, floodFor+time.Minute, threshold)
	}
	f.Tracked, f.Forgotten = e.Tracked(), e.Forgotten()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.Heap = m.HeapInuse
	var err error
	f.Resident, err = residentOf("self")
	runtime.KeepAlive(e)
	return err
}

// pour times nothing but the Engine's own work on the flood, and of that the
// processor time, because the machine may be busy with other things.
func (f *flooded) pour(e *policy.Engine) {
	const batch = 64 // as many as the service's Judge may take at once
	rng := rand.New(rand.NewPCG(5, 6))
	ring, names := make([]policy.Event, batch), make([][16]byte, batch)
	var out []policy.Decision
	var took, before time.Duration
	var from netip.Addr
	bound := boundGarbage()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := 0; n < f.Events; n += batch {
		at := time.Duration(float64(floodFor) * float64(n) / float64(f.Events))
		for i := range ring {
			var serial [8]byte
			binary.BigEndian.PutUint64(serial[:], mix(uint64(n+i)))
			hex.Encode(names[i][:], serial[:])
			if (n+i)%f.Each == 0 {
				from = randomAddr(rng, f.IPv6)
			}
			ring[i] = policy.Event{
				Time: start.Add(at), Addr: from, Kind: policy.AuthFail, Service: policy.Postfix,
				Witness: policy.WitnessMTA, Protocol: policy.SMTP, Failures: 1, User: names[i][:],
			}
		}
		begin := threadTime()
		out = e.ObserveBatch(ring, out[:0])
		took += threadTime() - begin
		for i := range out {
			if out[i].Ban() {
				f.Bans++
			}
		}
		for _, s := range f.Sentries {
			s.goOn(e, before, at)
		}
		before = at
		if n%(1<<16) == 0 {
			bound()
		}
	}
	f.Nanos = float64(took.Nanoseconds()) / float64(max(f.Events, 1))
}

func randomAddr(rng *rand.Rand, six bool) netip.Addr {
	if six {
		return addr6(0x2400<<48 | rng.Uint64()>>16)
	}
	return addr4(1<<24 + rng.Uint32N(sentryNet-1<<24))
}

// floods runs floods of sources that fail once, and of sources that fail as
// often as they can without being banned.
func floods(w io.Writer, o options) error {
	with := settings(o.set)[1]
	all := []*flooded{
		{Each: 1},
		{Each: 1, IPv6: true},
		{Each: with.Config.Threshold4 - 1},
		{Each: with.Config.Threshold6 - 1, IPv6: true},
	}
	for _, f := range all {
		f.Events = o.events
		if err := f.run(with); err != nil {
			return err
		}
	}
	if o.json {
		return writeJSON(w, all)
	}
	fmt.Fprintf(w, "%s; load average %s\n", machine.Describe(), machine.Load())
	for _, f := range all {
		f.print(w)
	}
	return nil
}

func (f *flooded) print(w io.Writer) {
	what := "IPv4 addresses"
	if f.IPv6 {
		what = "IPv6 /64s"
	}
	fmt.Fprintf(w, "\n%d failures from random %s, %d of each, within %v, each at a name of its own\n\n", f.Events, what, f.Each, floodFor)
	for _, s := range f.Sentries {
		fmt.Fprintf(w, "  %-18s %3d of %d remembered", s.About, s.Remembered, s.Count)
		if s.Remembered < s.Count {
			fmt.Fprintf(w, ", the others needed %.1f failures more", s.Late)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n  %.0f ns an event, %d addresses tracked, %d forgotten, %d bans\n", f.Nanos, f.Tracked, f.Forgotten, f.Bans)
	fmt.Fprintf(w, "  heap in use %s MB, resident %s MB, at most %s MB\n", megabytes(int64(f.Heap)), megabytes(f.Resident.Now), megabytes(f.Resident.Most))
}
